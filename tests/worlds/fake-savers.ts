/** Savers that work on the same disk, in the same process, and end when the test lets them. */
import { SaveWork } from "../../server/saver.ts";
import {
  DiskError,
  type SaveJob,
  type Saver,
  type SaverEnding,
  SaverError,
  type Savers,
} from "../../server/world/world.ts";
import type { FakeDisk } from "./fake-disk.ts";

export class FakeSavers implements Savers {
  /** While true, a saver that has everything waits with its end until `finishAll`. */
  hold = false;
  /** No process can be had. */
  exhausted = false;
  readonly started: FakeSaver[] = [];
  private readonly disk: FakeDisk;

  constructor(disk: FakeDisk) {
    this.disk = disk;
  }

  start(job: SaveJob, ended: (ending: SaverEnding) => void): Saver {
    if (this.exhausted) throw new SaverError("Resource temporarily unavailable");
    const saver = new FakeSaver(5001 + this.started.length, job, this.disk, () => this.hold, ended);
    this.started.push(saver);
    return saver;
  }

  prepare(): void {
    // A start is short as it is.
  }

  finishAll(): void {
    for (const saver of this.started) saver.finishIfWhole();
  }
}

export class FakeSaver implements Saver {
  readonly pid: number;
  readonly job: SaveJob;
  private readonly isHeld: () => boolean;
  private readonly ended: (ending: SaverEnding) => void;
  private work: SaveWork | undefined;
  private over = false;
  private drain: (() => void) | undefined;
  /** While false the saver takes what it is fed, and says that it is enough. */
  hasRoom = true;

  constructor(pid: number, job: SaveJob, disk: FakeDisk, isHeld: () => boolean, ended: (ending: SaverEnding) => void) {
    this.pid = pid;
    this.job = job;
    this.isHeld = isHeld;
    this.ended = ended;
    this.orFail(() => {
      this.work = new SaveWork(job, disk, pid);
    });
  }

  feed(bytes: Uint8Array, taken: () => void): boolean {
    if (this.over) return true;
    this.orFail(() => this.work?.feed(Buffer.from(bytes)));
    taken();
    if (!this.isHeld()) this.finishIfWhole();
    return this.hasRoom;
  }

  onDrain(run: () => void): void {
    this.drain = run;
  }

  makeRoom(): void {
    this.hasRoom = true;
    this.drain?.();
  }

  finishIfWhole(): void {
    const { work } = this;
    if (this.over || work === undefined || !work.isWhole) return;
    this.orFail(() => this.end({ kind: "saved", ...work.finish() }));
  }

  /** As a test, or a user, kills it from outside. */
  killFromOutside(signal: string): void {
    this.end({ kind: "killed", signal });
  }

  kill(_signal: "SIGKILL" | "SIGTERM" | "SIGUSR1"): void {
    this.over = true;
  }

  private orFail(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.work?.abandon();
      this.end({ kind: "failed", why: error.message });
    }
  }

  private end(ending: SaverEnding): void {
    if (this.over) return;
    this.over = true;
    // On a later turn, as law 4 of the world wants it.
    void Promise.resolve().then(() => this.ended(ending));
  }
}
