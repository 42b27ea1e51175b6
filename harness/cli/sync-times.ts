/** How long a disk takes to sync: bounds are judged by measured times, so it is good to know them beforehand. */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import path from "node:path";
import { percentile } from "../statistics.ts";

export interface SyncTimes {
  readonly syncs: number;
  readonly msMedian: number;
  readonly msP99: number;
  readonly msMax: number;
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
    };
  } finally {
    rmSync(own, { recursive: true });
  }
}
