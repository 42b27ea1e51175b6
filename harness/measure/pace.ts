/**
 * How fast the store was until it died, as its clients saw it: calls acked in a second, and how long they waited. Every
 * target is measured by the same driver, so the numbers compare stores and configs, and are no benchmark of either.
 */
import type { Pace } from "../../reports/detail.ts";
import { changesSomething } from "../operations/operations.ts";
import { fateOf, firstCallNs, type History } from "../recording/history.ts";
import type { StampNs } from "../recording/stamp.ts";
import { percentile } from "../statistics.ts";

/** @param dataBytes of the files that the crash left */
export function paceOf(history: History, cutNs: StampNs, dataBytes: number): Pace {
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
    dataBytes,
  };
}
