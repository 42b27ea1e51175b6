/**
 * A world in which a backup is struck at one of its steps. A process that was killed does nothing more: from that step on
 * every call throws, also those of its `finally` blocks, and what it had done stays as it is. A store that was killed is
 * another matter: the backup lives on, and has to make something of it.
 *
 *     stage copy   list  kindOf  copy ▮▮▮▮▯▯▯▯   sync  …
 *                    1     2       3  └ midway
 */
import { type BackupFiles, type BackupStore, type BackupWorld, type Stage, stages } from "./backup-world.ts";

export interface Doom {
  readonly stage: Stage;
  readonly step: number;
  readonly side: "before" | "midway" | "after";
  /** The backup itself ends there; false: what `strike` does is all. */
  readonly endsBackup: boolean;
  strike(): Promise<void>;
}

export class BackupDied extends Error {
  override readonly name = "BackupDied";
}

export class DoomedWorld implements BackupWorld {
  readonly files: BackupFiles;
  readonly store: BackupStore;
  readonly clock: BackupWorld["clock"];
  readonly self: string;
  private readonly world: BackupWorld;
  private readonly doom: Doom;
  private stage: Stage = stages[0];
  private steps = 0;
  private due = false;
  private struckAt: string | undefined;

  constructor(world: BackupWorld, doom: Doom) {
    this.world = world;
    this.doom = doom;
    this.clock = { nowMs: () => world.clock.nowMs(), sleep: (ms) => this.step("sleep", () => world.clock.sleep(ms)) };
    this.self = world.self;
    this.store = { send: (request) => this.step(`${request[0]}`, () => world.store.send(request)) };
    const { files } = world;
    this.files = {
      list: (dir) => this.step("list", () => files.list(dir)),
      kindOf: (path) => this.step("look", () => files.kindOf(path)),
      readText: (path) => this.step("read", () => files.readText(path)),
      writeText: (path, text) => {
        const half = () => files.writeText(path, text.slice(0, text.length / 2));
        return this.step("write", () => files.writeText(path, text), half);
      },
      claim: (path, text) =>
        this.step(
          "claim",
          () => files.claim(path, text),
          () => files.claim(path, ""),
        ),
      copy: (from, to, seen) =>
        this.step(
          "copy",
          () => files.copy(from, to, seen),
          () => this.copyHalf(from, to),
        ),
      sha256: (path) => this.step("hash", () => files.sha256(path)),
      link: (from, to) => this.step("link", () => files.link(from, to)),
      truncate: (path, sizeBytes) => this.step("truncate", () => files.truncate(path, sizeBytes)),
      makeDir: (path) => this.step("mkdir", () => files.makeDir(path)),
      rename: (from, to) => this.step("rename", () => files.rename(from, to)),
      remove: (path) => this.step("remove", () => files.remove(path)),
      sync: (path) => this.step("sync", () => files.sync(path)),
    };
  }

  /** Where it was struck, e.g. `copy: sync`; undefined when it never was. */
  get struck(): string | undefined {
    return this.struckAt;
  }

  lives(name: string): boolean {
    return this.world.lives(name);
  }

  enters(stage: Stage): void {
    if (this.stage === this.doom.stage && stage !== this.stage && this.struckAt === undefined) this.due = true;
    this.stage = stage;
    this.steps = 0;
  }

  /** To be called when it is over: a last stage with fewer steps is struck where it ends. */
  async ends(): Promise<void> {
    if (this.struckAt !== undefined || this.stage !== this.doom.stage) return;
    this.struckAt = `behind ${this.stage}`;
    await this.doom.strike();
  }

  private async step<T>(name: string, run: () => Promise<T>, half?: () => Promise<unknown>): Promise<T> {
    const { stage, step, side, endsBackup } = this.doom;
    if (this.struckAt !== undefined) {
      if (endsBackup) throw new BackupDied("the backup is dead");
      return run();
    }
    this.steps++;
    const isIt = this.due || (this.stage === stage && this.steps === step);
    if (!isIt) return run();
    const at = this.due ? `behind ${stage}` : `${stage}: ${side} ${name}`;
    const where = this.due ? "before" : side;
    if (!endsBackup) {
      this.struckAt = at;
      if (where !== "after") await this.doom.strike();
      const done = await run();
      if (where === "after") await this.doom.strike();
      return done;
    }
    if (where === "after") await run();
    if (where === "midway") await half?.();
    this.struckAt = at;
    await this.doom.strike();
    throw new BackupDied(`the backup died, ${at}`);
  }

  private async copyHalf(from: string, to: string): Promise<void> {
    let bytes = 0;
    await this.world.files.copy(from, to, (piece) => {
      bytes += piece.length;
    });
    await this.world.files.truncate(to, Math.floor(bytes / 2));
  }
}
