/** Time for tests of a simulated disk: a queue of what is due, and nothing that goes first by chance. */
import type { SimProcess, SimTime } from "../../harness/sim/sim-time.ts";

export class PlainProcess implements SimProcess {
  readonly pid: number;
  readonly awaits: boolean;
  isAlive = true;

  constructor(pid: number, awaits = false) {
    this.pid = pid;
    this.awaits = awaits;
  }
}

interface Due {
  readonly atNs: number;
  readonly run: () => void;
}

export class PlainTime implements SimTime {
  #nowNs = 0;
  #due: Due[] = [];
  /** Runs before every disk operation. */
  beforeStep: (process: SimProcess) => void = () => undefined;

  nowNs(): number {
    return this.#nowNs;
  }

  /** Stands still: the journal sees to it that no two records are of the same moment. */
  stamp(): number {
    return this.#nowNs;
  }

  get nowMs(): number {
    return this.#nowNs / 1e6;
  }

  after(delayMs: number, run: () => void): void {
    const atNs = this.#nowNs + Math.round(delayMs * 1e6);
    const later = this.#due.findIndex((due) => due.atNs > atNs);
    this.#due.splice(later < 0 ? this.#due.length : later, 0, { atNs, run });
  }

  holdUp(process: SimProcess, over: () => boolean): void {
    while (!over() && process.isAlive) {
      if (!this.next()) throw new Error(`process ${process.pid} waits for ever`);
    }
  }

  step(process: SimProcess): void {
    this.beforeStep(process);
  }

  /** Does what is due next; false when nothing is. */
  next(): boolean {
    const due = this.#due.shift();
    if (due === undefined) return false;
    this.#nowNs = due.atNs;
    due.run();
    return true;
  }

  /** Lets so much time pass. */
  pass(ms: number): void {
    const endNs = this.#nowNs + ms * 1e6;
    while ((this.#due[0]?.atNs ?? Number.POSITIVE_INFINITY) <= endNs) this.next();
    this.#nowNs = endNs;
  }
}
