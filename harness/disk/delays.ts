/**
 * How long a disk takes, as a distribution that a seed draws from. A histogram is what was measured on a real disk
 * (`measure-syncs.ts`), played again.
 */
import type { Random } from "../random.ts";

export type Delays =
  | { readonly kind: "fixed"; readonly ms: number }
  /** Anything between, all alike. */
  | { readonly kind: "uniform"; readonly fromMs: number; readonly toMs: number }
  /** Half below the median, a long tail above: what disks do. `sigma` of 0.5 makes the slowest percent 3 × the median. */
  | { readonly kind: "lognormal"; readonly medianMs: number; readonly sigma: number; readonly msMax: number }
  | { readonly kind: "histogram"; readonly buckets: readonly DelayBucket[] };

/** So many lay above the bucket before (the first begins at 0) and not above `toMs`. */
export interface DelayBucket {
  readonly toMs: number;
  readonly count: number;
}

/** A fraction of a millisecond is a delay too. */
export function drawDelayMs(delays: Delays, random: Random): number {
  switch (delays.kind) {
    case "fixed":
      return delays.ms;
    case "uniform":
      return delays.fromMs + random.fraction() * (delays.toMs - delays.fromMs);
    case "lognormal":
      return Math.min(delays.msMax, delays.medianMs * Math.exp(delays.sigma * drawNormal(random)));
    case "histogram": {
      const [fromMs, toMs] = random.weighted(
        delays.buckets.map(({ toMs, count }, index) => [[delays.buckets[index - 1]?.toMs ?? 0, toMs] as const, count]),
      );
      return fromMs + random.fraction() * (toMs - fromMs);
    }
  }
}

/** Box and Muller's: two even draws make one normal one. */
function drawNormal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.fraction())) * Math.cos(2 * Math.PI * random.fraction());
}
