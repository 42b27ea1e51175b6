/**
 * One run of a saver: a frozen view is fed to it in small pieces, between the server's turns, until the file is made.
 *
 *     turn │ step │ turn │ step │ turn │ …      a step is half a millisecond; when the saver has enough under way, none
 *
 * There is one run at a time, a snapshot or a rewrite, because there is one frozen view at a time.
 */
import type { FrozenView } from "./keyspace/frozen-view.ts";
import { saverNames } from "./saver.ts";
import { removeIfThere } from "./world/replace-file.ts";
import type { SaveJob, Saver, SaverEnding, Timer, World } from "./world/world.ts";

export interface SaveRunSettings {
  /** A pause after every key, in microseconds: tests need long saves. */
  readonly keyDelayUs: number;
}

export class SaveRun {
  readonly job: SaveJob;
  readonly pid: number;
  readonly startedMs: number;
  private readonly world: World;
  private readonly view: FrozenView;
  private readonly saver: Saver;
  private readonly keyDelayUs: number;
  private readonly fedSinceMs: number;
  private readonly ended: (ending: SaverEnding) => void;
  private timer: Timer | undefined;
  private over = false;

  /**
   * Starts a saver. `ended` is called once, by `kill` or on a later turn; no temporary file is left then, but a finished
   * one.
   * @throws SaverError when there can be none
   */
  constructor(
    world: World,
    job: SaveJob,
    view: FrozenView,
    settings: SaveRunSettings,
    ended: (ending: SaverEnding) => void,
  ) {
    this.world = world;
    this.job = job;
    this.view = view;
    this.keyDelayUs = settings.keyDelayUs;
    this.ended = ended;
    this.startedMs = world.clock.monotonicMs();
    this.fedSinceMs = this.startedMs;
    this.saver = world.savers.start(job, (ending) => this.end(ending));
    this.pid = this.saver.pid;
    // Not before the reply to whoever asked for it has left, which the end of this turn sends.
    world.clock.endOfTurn(() => world.clock.endOfTurn(() => this.feed()));
  }

  get processedKeys(): number {
    return this.view.processedKeys;
  }

  get totalKeys(): number {
    return this.view.totalKeys;
  }

  get keptBytes(): number {
    return this.view.keptBytes;
  }

  /**
   * Ends it on purpose, here and now: neither a success nor a failure. No file of it is left, also when this process
   * ends next.
   */
  kill(): void {
    if (this.over) return;
    this.saver.kill("SIGUSR1");
    this.end({ kind: "killed", signal: "SIGUSR1" });
  }

  private feed(): void {
    if (this.over) return;
    const more = this.view.step(this.keysDue());
    let room = true;
    for (const piece of this.view.takePieces()) {
      room = this.saver.feed(piece, () => this.view.giveBack(piece));
    }
    if (!more) return;
    if (this.keyDelayUs > 0) {
      this.timer = this.world.clock.after(Math.max(this.keyDelayUs / 1000, 1), () => this.feed());
    } else if (room) {
      this.world.clock.endOfTurn(() => this.feed());
    } else {
      this.saver.onDrain(() => this.feed());
    }
  }

  /** How many keys may be written by now, when every key takes its time. */
  private keysDue(): number {
    if (this.keyDelayUs <= 0) return Number.POSITIVE_INFINITY;
    const elapsedUs = (this.world.clock.monotonicMs() - this.fedSinceMs) * 1000;
    return Math.max(0, Math.floor(elapsedUs / this.keyDelayUs) + 1 - this.view.processedKeys);
  }

  private end(ending: SaverEnding): void {
    if (this.over) return;
    this.over = true;
    this.timer?.cancel();
    this.view.release();
    if (ending.kind !== "saved") this.removeFiles();
    this.ended(ending);
  }

  private removeFiles(): void {
    const { atWork, finished } = saverNames(this.job, this.pid);
    for (const path of [atWork, finished]) removeIfThere(this.world.disk, path);
  }
}
