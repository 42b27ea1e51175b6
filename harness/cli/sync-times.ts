/** How long a disk takes to sync: bounds are judged by measured times, so it is good to know them beforehand. */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import path from "node:path";
import type { Delays } from "../disk/delays.ts";
import { percentile } from "../statistics.ts";

export interface SyncTimes {
  readonly syncs: number;
  readonly msMedian: number;
  readonly msP99: number;
  readonly msMax: number;
  /** What a scenario plays again: `delays: { kind: histogram, buckets: … }`. */
  readonly delays: Extract<Delays, { kind: "histogram" }>;
}

const syncsMax = 200;
const budgetMs = 5_000;

/** Appends a page and syncs it, again and again, in a file of its own that is gone afterwards. */
export function measureSyncs(folder: string): SyncTimes {
  const own = mkdtempSync(path.join(folder, "lossbound-doctor-"));
  try {
    const file = openSync(path.join(own, "page"), "a");
    const page = Buffer.alloc(4096, 1);
    const times: number[] = [];
    const begunMs = performance.now();
    while (times.length < syncsMax && performance.now() - begunMs < budgetMs) {
      writeSync(file, page);
      const beforeMs = performance.now();
      fdatasyncSync(file);
      times.push(performance.now() - beforeMs);
    }
    closeSync(file);
    return {
      syncs: times.length,
      msMedian: percentile(times, 0.5),
      msP99: percentile(times, 0.99),
      msMax: percentile(times, 1),
      delays: histogramOf(times),
    };
  } finally {
    rmSync(own, { recursive: true });
  }
}

/** How many bounds there are in the time that doubles: 2 tell 20 ms from 28 ms. */
const boundsPerDoubling = 2;
const firstBoundMs = 0.01;

/** Bounds that grow by the same factor, from 10 µs: a disk's times differ by factors, not by milliseconds. */
export function histogramOf(times: readonly number[]): SyncTimes["delays"] {
  const counts = new Map<number, number>();
  for (const ms of times) {
    const step = Math.max(0, Math.ceil(boundsPerDoubling * Math.log2(ms / firstBoundMs)));
    counts.set(step, (counts.get(step) ?? 0) + 1);
  }
  const steps = [...counts.keys()].sort((one, other) => one - other);
  const bound = (step: number) => Number((firstBoundMs * 2 ** (step / boundsPerDoubling)).toPrecision(4));
  // An empty bucket below each stretch that has some: a time is never drawn from where none was measured.
  const shown = [...new Set(steps.flatMap((step) => [step - 1, step]))].filter((step) => step >= 0);
  return { kind: "histogram", buckets: shown.map((step) => ({ toMs: bound(step), count: counts.get(step) ?? 0 })) };
}
