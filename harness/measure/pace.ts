/**
 * How fast the store was until it died, as its clients saw it: calls acked in a second, and how long they waited. Every
 * target is measured by the same driver, so the numbers compare stores and configs, and are no benchmark of either.
 */
import type { Pace } from "../../reports/detail.ts";
import { changesSomething } from "../operations/operations.ts";
import { fateOf, firstCallNs, type History } from "../recording/history.ts";
import type { JournalRecord } from "../recording/journal.ts";
import type { StampNs } from "../recording/stamp.ts";
import { percentile } from "../statistics.ts";

export type Costs = Pick<Pace, "dataBytes" | "memoryBytesMax" | "writtenBytes" | "rewrites">;

export function paceOf(history: History, cutNs: StampNs, costs: Costs): Pace {
  const acked = history.clients.flatMap((sequence) =>
    sequence.filter((record) => fateOf(record) === "acked" && (record.completed?.ns ?? cutNs) <= cutNs),
  );
  const waitsMs = acked.map(({ invokedNs, completed }) => ((completed?.ns ?? invokedNs) - invokedNs) / 1e6);
  const seconds = Math.max(0, cutNs - firstCallNs(history)) / 1e9;
  const ackedBytes = acked
    .filter(({ call }) => changesSomething(call))
    .flatMap(({ call }) => call.requests.flat())
    .reduce((sum, word) => sum + word.length, 0);
  return {
    callsPerSecond: seconds === 0 ? 0 : acked.length / seconds,
    latencyMsP50: percentile(waitsMs, 0.5),
    latencyMsP99: percentile(waitsMs, 0.99),
    ackedBytes,
    ...costs,
  };
}

/** A disk has more to write than its clients ask for, and how much more hangs on the preset. */
export function writtenBytes(records: readonly JournalRecord[]): number {
  return records.reduce((sum, record) => sum + (record.kind === "write" ? record.length : 0), 0);
}

const baseFile = /\.(\d+)\.base\.(rdb|aof)$/;

/** The first base is made when the log begins; each rewrite makes the next. */
export function rewritesIn(paths: Iterable<string>): number {
  const numbers = [...paths].flatMap((path) => baseFile.exec(path)?.[1] ?? []).map(Number);
  return Math.max(1, ...numbers) - 1;
}
