/**
 * The clock of a recording against real processes: CLOCK_MONOTONIC, which every process of this kernel shares.
 */
import type { StampClock, StampNs } from "./stamp.ts";

export class MonotonicClock implements StampClock {
  readonly originNs: bigint = process.hrtime.bigint();
  private last = -1;

  /** Rises even when two stamps fall into one tick of the machine's clock. */
  now(): StampNs {
    this.last = Math.max(this.last + 1, Number(process.hrtime.bigint() - this.originNs));
    return this.last;
  }

  wallMs(): number {
    return Date.now();
  }
}
