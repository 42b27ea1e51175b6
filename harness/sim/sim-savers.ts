/**
 * Savers of a simulated server: each a process of its own, that dies alone or with its server (W2).
 *
 *     server  ── feed ─▶ pipe ─▶ saver: one piece a step ─▶ … ─▶ complete ─▶ sync ▷ … ▷ ─▶ conclude ─▶ "saved" ─▶ server
 *                                 └ between two steps everybody else moves; so they do while the sync is under way
 *
 * The work is that of the real child, `SaveWork`; only that the child waits for its sync in a system call, and this one
 * is told when it has ended. A saver whose server died takes what is in the pipe, finds its end, and removes its file.
 */
import { SaveWork, saverNames } from "../../server/saver.ts";
import {
  DiskError,
  type SaveJob,
  type Saver,
  type SaverEnding,
  SaverError,
  type Savers,
} from "../../server/world/world.ts";
import type { Random } from "../random.ts";
import type { SimClock } from "./sim-clock.ts";
import type { SimDisk } from "./sim-disk.ts";
import { type SimProcess, WorldEnded } from "./sim-time.ts";

/** What savers ask of the machine that they run on. */
export interface SaverMachine {
  readonly clock: SimClock;
  readonly disk: SimDisk;
  readonly random: Random;
  /** A process of its own, a child of `parent`. Undefined: no more can be had. */
  fork(parent: SimProcess): SimProcess | undefined;
  /** It has ended, by itself or because it was killed. */
  end(process: SimProcess): void;
  /** Something that a scenario may want to strike: a saver began, or made its file complete. */
  saverBegan(saver: SimProcess, job: SaveJob): void;
}

const underWayBytesMax = 8 * 1024 * 1024;
/** Between two pieces: the pipe, the scheduler. The first takes longer, for a process starts. */
const pieceNs = { least: 5_000, span: 120_000 };
const birthNs = { least: 200_000, span: 3_000_000 };

export class ProcessSavers implements Savers {
  readonly #machine: SaverMachine;
  readonly #server: SimProcess;
  readonly #savers = new Set<SimSaver>();

  constructor(machine: SaverMachine, server: SimProcess) {
    this.#machine = machine;
    this.#server = server;
  }

  start(job: SaveJob, ended: (ending: SaverEnding) => void): Saver {
    if (!this.#server.isAlive) throw new WorldEnded(this.#server);
    const process = this.#machine.fork(this.#server);
    if (process === undefined) throw new SaverError("Resource temporarily unavailable");
    takeName(this.#machine.disk, this.#server, saverNames(job, process.pid).atWork);
    const saver = new SimSaver(this.#machine, process, this.#server, job, (ending) => {
      this.#savers.delete(saver);
      ended(ending);
    });
    this.#savers.add(saver);
    this.#machine.saverBegan(process, job);
    return saver;
  }

  prepare(): void {
    // A start is short as it is.
  }

  /** The server is dead: nobody feeds them any more. */
  serverEnded(): void {
    for (const saver of this.#savers) saver.orphaned();
  }

  /** Somebody killed this one. */
  killed(process: SimProcess): void {
    for (const saver of this.#savers) if (saver.process === process) saver.killedFromOutside("SIGKILL");
  }
}

type Piece = { readonly bytes: Buffer; readonly taken: () => void };

class SimSaver implements Saver {
  readonly process: SimProcess;
  readonly #machine: SaverMachine;
  readonly #server: SimProcess;
  readonly #job: SaveJob;
  readonly #ended: (ending: SaverEnding) => void;
  readonly #pipe: Piece[] = [];
  #underWayBytes = 0;
  #drained: (() => void) | undefined;
  #work: SaveWork | undefined;
  #isBusy = false;
  #isOrphan = false;
  #isOver = false;

  constructor(
    machine: SaverMachine,
    process: SimProcess,
    server: SimProcess,
    job: SaveJob,
    ended: (ending: SaverEnding) => void,
  ) {
    this.#machine = machine;
    this.process = process;
    this.#server = server;
    this.#job = job;
    this.#ended = ended;
    this.#next(birthNs, () => {
      this.#work = new SaveWork(job, machine.disk.of(process), process.pid);
      this.#readPipe();
    });
  }

  get pid(): number {
    return this.process.pid;
  }

  // ── What the server does ────────────────────────────────────────────────────────────────────────────────────────

  feed(bytes: Uint8Array, taken: () => void): boolean {
    this.#assertServerAlive();
    if (this.#isOver) return true;
    this.#pipe.push({ bytes: Buffer.from(bytes), taken });
    this.#underWayBytes += bytes.length;
    if (!this.#isBusy) this.#readPipe();
    return this.#underWayBytes < underWayBytesMax;
  }

  onDrain(run: () => void): void {
    this.#assertServerAlive();
    this.#drained = run;
  }

  kill(signal: "SIGKILL" | "SIGTERM" | "SIGUSR1"): void {
    this.#assertServerAlive();
    this.killedFromOutside(signal);
  }

  // ── What befalls it ─────────────────────────────────────────────────────────────────────────────────────────────

  killedFromOutside(signal: string): void {
    this.#end({ kind: "killed", signal });
  }

  orphaned(): void {
    this.#isOrphan = true;
    if (!this.#isBusy) this.#readPipe();
  }

  // ── What it does ────────────────────────────────────────────────────────────────────────────────────────────────

  /** One step, some time from now; a disk that refuses ends it. */
  #next(delayNs: { least: number; span: number }, act: () => void): void {
    this.#isBusy = true;
    this.#machine.clock.schedule(this.process, delayNs.least + this.#machine.random.below(delayNs.span), () => {
      this.#isBusy = false;
      this.#orFail(act);
    });
  }

  #readPipe(): void {
    const piece = this.#pipe.shift();
    if (piece !== undefined) this.#next(pieceNs, () => this.#take(piece));
    else if (this.#isOrphan) this.#next(pieceNs, () => this.#giveUp());
  }

  #take({ bytes, taken }: Piece): void {
    const work = this.#work as SaveWork;
    work.feed(bytes);
    this.#underWayBytes -= bytes.length;
    this.#tellServer(() => {
      taken();
      this.#tellDrained();
    });
    if (work.isWhole) this.#next(pieceNs, () => this.#complete(work));
    else this.#readPipe();
  }

  #complete(work: SaveWork): void {
    work.complete();
    const { disk } = this.#machine;
    const path = saverNames(this.#job, this.pid).atWork;
    this.#isBusy = true;
    disk.of(this.process).syncFile(path, (error) => {
      this.#next({ least: 1_000, span: 10_000 }, () => {
        if (error !== undefined) throw error;
        this.#conclude(work);
      });
    });
  }

  #conclude(work: SaveWork): void {
    const saved = work.conclude();
    // Nobody is there to publish it.
    if (this.#isOrphan) this.#giveUp();
    else this.#end({ kind: "saved", ...saved });
  }

  #giveUp(): void {
    this.#work?.abandon();
    this.#end({ kind: "failed", why: "the server is gone" });
  }

  #orFail(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.#failed(error);
    }
  }

  #failed(error: DiskError): void {
    try {
      this.#work?.abandon();
    } catch (another) {
      // Then it ends of that one, and what it began is left behind.
      if (!(another instanceof DiskError)) throw another;
    }
    this.#end({ kind: "failed", why: error.message });
  }

  #end(ending: SaverEnding): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#machine.end(this.process);
    this.#tellServer(() => this.#ended(ending));
  }

  #tellDrained(): void {
    if (this.#drained === undefined || this.#underWayBytes > underWayBytesMax / 2) return;
    const run = this.#drained;
    this.#drained = undefined;
    run();
  }

  #tellServer(run: () => void): void {
    this.#machine.clock.schedule(this.#server, pieceNs.least, run);
  }

  #assertServerAlive(): void {
    if (!this.#server.isAlive) throw new WorldEnded(this.#server);
  }
}

/** As the real one: the file is there from the first moment, made by the server. */
function takeName(disk: SimDisk, server: SimProcess, path: string): void {
  try {
    disk.of(server).open(path, "create").close();
  } catch (error) {
    // The saver will find the same, and report it.
    if (!(error instanceof DiskError)) throw error;
  }
}
