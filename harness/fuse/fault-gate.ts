/**
 * Where disk faults meet the store's requests. An operation passes in one step when nothing is armed; otherwise, in this
 * order: whoever asks is killed, the request is held, it is refused, it is done (whole, short, or with a wrong bit), and
 * whoever asked is killed before it hears of it.
 *
 * Exact crashes come from here: the process that asked is stuck in the kernel until its request is answered, so a
 * SIGKILL sent meanwhile is the next thing that happens to it. What else it had on the way to the disk is refused.
 *
 * A request that is held is not lost when its caller dies: the kernel reports the signal, and the request is answered at
 * once, because a caller cannot end before. A sync goes on without its caller, as a disk does that is already at it.
 */
import { ArmedFaults, type DiskFault, type Interference } from "../disk/disk-fault.ts";
import type { Inode } from "../disk/file-tree.ts";
import type { DiskOperation, SyncStartRecord } from "../recording/journal.ts";
import { errno } from "./fuse-protocol.ts";
import type { FuseRequest } from "./fuse-session.ts";
import { type Recorder, Refusal } from "./recorder.ts";
import type { Residents } from "./residents.ts";
import { isDead, isDying, killWhoAsked } from "./store-processes.ts";

/** A fault killed the store: where, and on whose request. */
export interface Strike {
  readonly fault: string;
  readonly operation: DiskOperation;
  readonly path: string;
  readonly tid: number;
  /** Records in the journal at that moment: the crash lies behind them. */
  readonly records: number;
}

/** Does the operation and writes the answer's body. Returns the body's length. @throws Refusal */
export type Act = (hit?: Interference) => number;

interface Held {
  readonly tid: number;
  readonly whenDying: () => void;
  watch?: NodeJS.Timeout;
}

type SyncOperation = Extract<DiskOperation, "fsync" | "fdatasync" | "fsyncdir">;

const noInterference: Interference = { faults: [], delayMs: 0, stalledBy: [] };
const changesNothing: ReadonlySet<DiskOperation> = new Set(["open", "read"]);
const watchPeriodMs = 10;

export class FaultGate {
  readonly #recorder: Recorder;
  readonly #residents: Residents;
  readonly #struck: (strike: Strike) => void;
  readonly #fail: (request: FuseRequest, error: unknown) => void;
  readonly #faults = new ArmedFaults();
  readonly #fullSince = new Map<string, number>();
  readonly #held = new Map<number, Held>();
  readonly #stalled = new Map<string, Set<() => void>>();
  #hindered = 0;
  #doomed = new Set<number>();
  #thaw: (() => void) | undefined;
  #thawed: Promise<void> | undefined;

  /**
   * @param struck is told of every kill, before its victim's request is answered.
   * @param fail answers a request that could not be done.
   */
  constructor(
    recorder: Recorder,
    residents: Residents,
    struck: (strike: Strike) => void,
    fail: (request: FuseRequest, error: unknown) => void,
  ) {
    this.#recorder = recorder;
    this.#residents = residents;
    this.#struck = struck;
    this.#fail = fail;
    recorder.capacity = () => this.#capacity();
    recorder.whenFull = (tid, operation, path) => {
      const fault = this.#faults.fullDisk(performance.now())?.name ?? "";
      recorder.note({ kind: "fault", tid, fault, operation, path });
    };
  }

  /** False while an operation waits for anything. */
  get idle(): boolean {
    return this.#hindered === 0;
  }

  get frozen(): boolean {
    return this.#thawed !== undefined;
  }

  /** True when a fault wants to see every read, those that the kernel's cache would answer too. */
  get harmsReads(): boolean {
    return this.#faults.concerns("read");
  }

  arm(fault: DiskFault, seed: string): void {
    this.#faults.arm(fault, seed, performance.now());
    if (fault.kind === "full") this.#fullSince.set(fault.name, this.#recorder.tree.allocated);
  }

  /** Heals the disk of it, and lets go of what it stalled. Returns false when it is not armed. */
  disarm(name: string): boolean {
    this.release(name);
    this.#fullSince.delete(name);
    return this.#faults.disarm(name);
  }

  disarmAll(): void {
    this.thaw();
    for (const name of this.#faults.names()) this.disarm(name);
  }

  /** Lets go of what a fault stalls just now; it stays armed for what comes. */
  release(name: string): void {
    for (const resume of this.#stalled.get(name) ?? []) resume();
    this.#stalled.delete(name);
  }

  /** From now on whoever wants to change something or to sync waits until `thaw`. */
  freeze(): void {
    this.#thawed ??= new Promise((resolve) => {
      this.#thaw = resolve;
    });
  }

  thaw(): void {
    this.#thaw?.();
    this.#thaw = undefined;
    this.#thawed = undefined;
  }

  /** @param paths all names under which the operation may be meant: of a rename the old and the new one. */
  pass(request: FuseRequest, operation: DiskOperation, paths: () => readonly string[], act: Act): void {
    const obstacle = this.#meet(request, operation, paths);
    if (obstacle === undefined) request.answer(act());
    else this.#later(request, () => this.#passHindered(request, operation, paths, act, obstacle));
  }

  sync(request: FuseRequest, operation: SyncOperation, inode: Inode, scope: SyncStartRecord["scope"]): void {
    const { tid } = request.header;
    const paths = (): string[] => [this.#recorder.tree.pathOf(inode) ?? ""];
    const obstacle = this.#meet(request, operation, paths);
    if (obstacle === undefined) {
      this.#recorder.syncEnded(tid, inode, this.#recorder.syncStarted(tid, inode, scope), true);
      request.answer(0);
    } else {
      this.#later(request, async () => {
        const hit = await obstacle;
        if (hit !== "answered") await this.#syncHindered(request, operation, inode, scope, hit ?? noInterference);
      });
    }
  }

  /** A signal arrived for the thread whose request is `unique`. Returns false when that is not held here. */
  interrupt(unique: number): boolean {
    const held = this.#held.get(unique);
    if (held === undefined) return false;
    // The kernel reports only the first signal. One that does not kill must not end a disk operation early, but one
    // that does may follow unreported: so it is looked for as long as the request is held.
    const look = (): void => {
      if (isDying(held.tid)) held.whenDying();
    };
    held.watch ??= setInterval(look, watchPeriodMs);
    look();
    return true;
  }

  #later(request: FuseRequest, run: () => Promise<void>): void {
    this.#hindered++;
    run()
      .catch((error: unknown) => this.#fail(request, error))
      .finally(() => this.#hindered--);
  }

  async #passHindered(
    request: FuseRequest,
    operation: DiskOperation,
    paths: () => readonly string[],
    act: Act,
    obstacle: Promise<Interference | "answered" | undefined>,
  ): Promise<void> {
    const hit = await obstacle;
    if (hit === "answered") return;
    if (hit !== undefined && (await this.#hold(request, this.#outlast(hit))) === "dead") {
      throw new Refusal(errno.EINTR);
    }
    if (hit?.error !== undefined) throw new Refusal(errno[hit.error]);
    const length = act(hit);
    if (hit?.killAfter !== undefined) this.#kill(request, hit, operation, paths());
    request.answer(length);
  }

  async #syncHindered(
    request: FuseRequest,
    operation: SyncOperation,
    inode: Inode,
    scope: SyncStartRecord["scope"],
    hit: Interference,
  ): Promise<void> {
    const { tid } = request.header;
    const start = this.#recorder.syncStarted(tid, inode, scope);
    const over = this.#outlast(hit);
    const alive = (await this.#hold(request, over)) === "over";
    if (!alive) request.refuse(errno.EINTR);
    await over;
    this.#recorder.syncEnded(tid, inode, start, hit.error === undefined);
    if (!alive) return;
    if (hit.killAfter !== undefined) {
      this.#kill(request, hit, operation, [this.#recorder.tree.pathOf(inode) ?? ""]);
    }
    if (hit.error !== undefined) throw new Refusal(errno[hit.error]);
    request.answer(0);
  }

  /** What stands in the way of this operation; undefined: nothing, it may be done in this very step. */
  #meet(
    request: FuseRequest,
    operation: DiskOperation,
    paths: () => readonly string[],
  ): Promise<Interference | "answered" | undefined> | undefined {
    if (this.#thawed !== undefined && !changesNothing.has(operation))
      return this.#meetFrozen(request, operation, paths);
    if (this.#doomed.has(request.header.tid) && !changesNothing.has(operation)) {
      request.refuse(errno.EIO);
      return Promise.resolve("answered");
    }
    const hit = this.#faults.none ? undefined : this.#faults.consider(operation, paths, performance.now());
    if (hit === undefined) return undefined;
    for (const { name } of hit.faults) {
      this.#recorder.note({ kind: "fault", tid: request.header.tid, fault: name, operation, path: paths()[0] ?? "" });
    }
    if (hit.killBefore === undefined) return Promise.resolve(hit);
    this.#kill(request, hit, operation, paths());
    request.refuse(errno.EIO);
    return Promise.resolve("answered");
  }

  async #meetFrozen(
    request: FuseRequest,
    operation: DiskOperation,
    paths: () => readonly string[],
  ): Promise<Interference | "answered" | undefined> {
    while (this.#thawed !== undefined) {
      if ((await this.#hold(request, this.#thawed)) === "over") continue;
      request.refuse(errno.EINTR);
      return "answered";
    }
    return this.#meet(request, operation, paths);
  }

  /** "dead": whoever asked is being killed, and waits for nothing but an answer. */
  #hold(request: FuseRequest, until: Promise<void>): Promise<"over" | "dead"> {
    const { unique, tid } = request.header;
    return new Promise((resolve, reject) => {
      const letGo = (how: "over" | "dead"): void => {
        clearInterval(this.#held.get(unique)?.watch);
        this.#held.delete(unique);
        resolve(how);
      };
      this.#held.set(unique, { tid, whenDying: () => letGo("dead") });
      until.then(() => letGo("over"), reject);
    });
  }

  async #outlast(hit: Interference): Promise<void> {
    await elapse(hit.delayMs);
    for (const name of hit.stalledBy) {
      await new Promise<void>((resume) => {
        const waiting = this.#stalled.get(name) ?? new Set();
        this.#stalled.set(name, waiting.add(resume));
      });
    }
  }

  #kill(request: FuseRequest, hit: Interference, operation: DiskOperation, paths: readonly string[]): void {
    const { tid } = request.header;
    const fault = hit.faults.find(({ kind }) => kind === "kill")?.name ?? "";
    const isTree = (hit.killBefore ?? hit.killAfter) === "tree";
    const doomed = killWhoAsked(tid, isTree ? (pid) => this.#residents.besides(pid) : () => []);
    for (const thread of doomed) this.#doomed.add(thread);
    this.#struck({ fault, operation, path: paths[0] ?? "", tid, records: this.#recorder.recordCount });
    this.#forgetTheDead();
  }

  /** Numbers of threads are used again: a doomed one is remembered only until it is gone. */
  #forgetTheDead(): void {
    const timer = setInterval(() => {
      this.#doomed = new Set([...this.#doomed].filter((tid) => !isDead(tid)));
      if (this.#doomed.size === 0) clearInterval(timer);
    }, watchPeriodMs);
  }

  #capacity(): number {
    if (this.#fullSince.size === 0) return Number.POSITIVE_INFINITY;
    const full = this.#faults.fullDisk(performance.now());
    if (full === undefined) return Number.POSITIVE_INFINITY;
    return (this.#fullSince.get(full.name) ?? 0) + full.freeBytes;
  }
}

/** Timers know whole milliseconds and come a little early; the rest is waited for turn by turn. */
function elapse(ms: number): Promise<void> {
  const dueMs = performance.now() + ms;
  return new Promise((resolve) => {
    const rest = (): void => {
      if (performance.now() >= dueMs) resolve();
      else setImmediate(rest);
    };
    if (ms < 1) rest();
    else setTimeout(rest, Math.floor(ms));
  });
}
