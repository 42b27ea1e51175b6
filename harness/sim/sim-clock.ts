/**
 * The clock of a simulated machine: a queue of what is due. Time stands still while code runs, and jumps to the next
 * thing that is due when it has ended.
 *
 *     due      12 µs server: bytes arrived │ 12 µs client: pause over │ 40 µs disk: sync ended │ …
 *              └ next() ─ now = 12 µs ─ run ─▶ queues what follows from it
 *
 * What is due belongs to a process or to the hardware (the wire, the platter, the clients' machine). A process that waits
 * in a system call is *held up*: what is due for it waits with it, everything else goes on, in a loop within the call
 * (W1). Within that loop no promise settles, so while a saver is held up, as by a stalled disk, the server, whose code
 * awaits, stands still too. What belongs to a dead process never happens (W3).
 *
 * Equal moments are taken in the order in which they were asked for, so a run has one order, whatever machine it is on.
 */
import type { Random } from "../random.ts";
import type { StampNs } from "../recording/stamp.ts";
import { type SimProcess, type SimTime, WorldEnded } from "./sim-time.ts";

interface Due {
  readonly atNs: number;
  /** Order among those of one moment. */
  readonly turn: number;
  /** Absent: the hardware's. */
  readonly process: SimProcess | undefined;
  run: (() => void) | undefined;
}

export interface Scheduled {
  cancel(): void;
}

/** What a disk operation costs when nothing hinders it: a system call into the page cache. */
const stepNs = { least: 1_500, span: 12_000 };

/** The code of a process threw: as a process of the real world would, it ends of it. */
export type Crashed = (process: SimProcess, error: unknown) => void;

export class SimClock implements SimTime {
  readonly #queue = new DueQueue();
  /** By process that waits in a system call: what is due for it meanwhile. */
  readonly #held = new Map<SimProcess, Due[]>();
  /** What is due for whoever awaits, while somebody is held up for longer than a step. */
  #standing: Due[] | undefined;
  readonly #random: Random;
  readonly #crashed: Crashed;
  readonly #wallAtStartMs: number;
  #nowNs = 0;
  #turns = 0;

  constructor(random: Random, wallAtStartMs: number, crashed: Crashed) {
    this.#random = random;
    this.#wallAtStartMs = wallAtStartMs;
    this.#crashed = crashed;
  }

  nowNs(): StampNs {
    return this.#nowNs;
  }

  stamp(): StampNs {
    return ++this.#nowNs;
  }

  /** Milliseconds since 1970, whole. */
  wallMs(): number {
    return Math.floor(this.#wallAtStartMs + this.#nowNs / 1e6);
  }

  after(delayMs: number, run: () => void): void {
    this.schedule(undefined, delayMs * 1e6, run);
  }

  /** For a process: does not happen when it is dead by then, and waits while it is held up. */
  schedule(process: SimProcess | undefined, delayNs: number, run: () => void): Scheduled {
    // Rounded up: who waits for what is left of a second must not be back before it is over, again and again.
    const due: Due = { atNs: this.#nowNs + Math.max(0, Math.ceil(delayNs)), turn: this.#turns++, process, run };
    this.#queue.add(due);
    return {
      cancel: () => {
        due.run = undefined;
      },
    };
  }

  /** Does the next thing that is due. False when nothing is: the world stands still for ever. */
  next(): boolean {
    const due = this.#takeNext(Number.POSITIVE_INFINITY);
    if (due === undefined) return false;
    this.#run(due);
    return true;
  }

  holdUp(process: SimProcess, over: () => boolean): void {
    this.#hold(process, () => {
      this.#letStand(() => {
        while (process.isAlive && !over()) {
          const due = this.#takeNext(Number.POSITIVE_INFINITY);
          if (due === undefined) throw new Error(`process ${process.pid} waits for what never comes`);
          this.#run(due);
        }
      });
    });
  }

  /** A little time passes, and who is faster goes first. */
  step(process: SimProcess): void {
    const untilNs = this.#nowNs + stepNs.least + this.#random.below(stepNs.span);
    this.#hold(process, () => {
      while (process.isAlive) {
        const due = this.#takeNext(untilNs);
        if (due === undefined) break;
        this.#run(due);
      }
    });
    if (!process.isAlive) throw new WorldEnded(process);
    this.#nowNs = Math.max(this.#nowNs, untilNs);
  }

  #hold(process: SimProcess, wait: () => void): void {
    // A call within a call: the outer one holds it already.
    if (this.#held.has(process)) {
      wait();
      return;
    }
    const held: Due[] = [];
    this.#held.set(process, held);
    try {
      wait();
    } finally {
      this.#held.delete(process);
      for (const due of held) this.#queue.add(due);
    }
  }

  #letStand(wait: () => void): void {
    // One wait within another: the outer one lets them stand already.
    if (this.#standing !== undefined) {
      wait();
      return;
    }
    const standing: Due[] = [];
    this.#standing = standing;
    try {
      wait();
    } finally {
      this.#standing = undefined;
      for (const due of standing) this.#queue.add(due);
    }
  }

  /** What is due by then and may happen. */
  #takeNext(untilNs: number): Due | undefined {
    for (;;) {
      const due = this.#queue.first;
      if (due === undefined || due.atNs > untilNs) return undefined;
      this.#queue.takeFirst();
      const { process } = due;
      if (due.run === undefined || (process !== undefined && !process.isAlive)) continue;
      const waiting = process && (this.#held.get(process) ?? (process.awaits ? this.#standing : undefined));
      if (waiting === undefined) return due;
      waiting.push(due);
    }
  }

  #run({ atNs, process, run }: Due): void {
    this.#nowNs = Math.max(this.#nowNs, atNs);
    if (process === undefined) {
      run?.();
      return;
    }
    try {
      run?.();
    } catch (error) {
      // Its own code, unwound because it no longer exists (W3).
      if (!process.isAlive && error instanceof WorldEnded) return;
      this.#crashed(process, error);
    }
  }
}

/** A heap: the least moment first, of equal ones the one that was asked for first. */
class DueQueue {
  readonly #heap: Due[] = [];

  get first(): Due | undefined {
    return this.#heap[0];
  }

  add(due: Due): void {
    const heap = this.#heap;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(due, heap[parent] as Due)) break;
      heap[at] = heap[parent] as Due;
      at = parent;
    }
    heap[at] = due;
  }

  takeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Due, heap[child] as Due)) child++;
      if (!isBefore(heap[child] as Due, last)) break;
      heap[at] = heap[child] as Due;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(one: Due, other: Due): boolean {
  return one.atNs < other.atNs || (one.atNs === other.atNs && one.turn < other.turn);
}
