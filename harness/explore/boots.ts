/**
 * Boots: the real store, started on one crash state after the other. A place for each job, with a data folder that stays;
 * in memory where this machine has a file system there, because a crash state needs to outlive nothing.
 *
 *     place 1   lay ▒ start ─ read back ─ kill │ lay ▒▒▒▒▒ start ─ …
 *     place 2   lay ▒ start ─ refused │ lay ▒▒▒▒ start ─ …
 *     place 3   lay ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒ start ─ read back ─ …
 *
 * There are more places than jobs: ▒ waits until one of the stores that run is gone, its files laid down meanwhile.
 */
import { tmpdir } from "node:os";
import type { Image } from "../disk/image.ts";
import type { Volume } from "../disk/volume.ts";
import { memoryFolder } from "../memory-folder.ts";
import type { RecoveryFacts } from "../oracle/evidence.ts";
import { recover } from "../recover/recover.ts";
import { RunFolder } from "../run-folder.ts";
import { sweep } from "../sweep.ts";
import { Launcher } from "../targets/launcher.ts";
import type { Config, Target } from "../targets/target.ts";
import { openTarget } from "../targets/targets.ts";
import type { Recoverer } from "./explorable.ts";

export class Boots implements Recoverer {
  private readonly run: RunFolder;
  private readonly target: Target;
  private readonly config: Config;
  private readonly launcher: Launcher;
  private readonly places: Pool<Volume>;
  /** What a store needs to run. */
  private readonly turns: Pool<"a turn">;

  private constructor(run: RunFolder, launcher: Launcher, target: Target, config: Config, jobs: number) {
    this.run = run;
    this.launcher = launcher;
    this.target = target;
    this.config = config;
    this.places = new Pool<Volume>(Array.from({ length: placesFor(jobs) }, () => run.newVolume()));
    this.turns = new Pool(Array.from({ length: jobs }, () => "a turn" as const));
  }

  /** @throws TargetUnavailable */
  static async prepare(targetName: string, config: Config, jobs: number): Promise<Boots> {
    const parent = memoryFolder() ?? tmpdir();
    await sweep(parent);
    const run = new RunFolder(parent);
    const launcher = new Launcher();
    try {
      const target = await openTarget(targetName, run, launcher.spawn);
      return new Boots(run, launcher, target, config, jobs);
    } catch (error) {
      await launcher.close();
      await run.dispose();
      throw error;
    }
  }

  /** Of this recoverer alone, in memory where that can be had. */
  get dir(): string {
    return this.run.dir;
  }

  async recover(image: Image, starts: 1 | 2): Promise<RecoveryFacts> {
    return this.places.use(async (place) => {
      await place.lay(image);
      return this.turns.use(() => recover(this.target, place, this.config, starts));
    });
  }

  async close(): Promise<void> {
    this.run.giveUp();
    await this.launcher.close();
    await this.target.close();
    await this.run.dispose();
  }
}

/** So many recoveries may be asked for at a time: one runs, one is laid down, and one is judged. */
export function placesFor(jobs: number): number {
  return jobs * 2;
}

/** A few things that many want: who comes first has one first. */
class Pool<T> {
  private readonly idle: T[];
  private readonly waiting: ((thing: T) => void)[] = [];

  constructor(things: T[]) {
    this.idle = things;
  }

  async use<R>(work: (thing: T) => Promise<R>): Promise<R> {
    const thing = this.idle.pop() ?? (await new Promise<T>((resolve) => this.waiting.push(resolve)));
    try {
      return await work(thing);
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.idle.push(thing);
      else next(thing);
    }
  }
}
