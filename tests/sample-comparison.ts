/** A comparison of the four presets that differ as the contract says. */
import type { Comparison, ComparisonEntry } from "../reports/comparison.ts";

export function sampleEntry(changes: Partial<ComparisonEntry> = {}): ComparisonEntry {
  return {
    target: "bundled",
    preset: "always",
    verdict: "held",
    why: "",
    promised: { killed: "No acked call is lost.", powerLost: "No acked call is lost." },
    cycles: 6,
    callsPerSecond: { mean: 2_100, low: 1_900, high: 2_300 },
    against: "first",
    latencyMsP50: 8.2,
    latencyMsP99: 21,
    killed: { crashStates: 6, ackedMax: 0, ageMsMedian: 0, ageMsP99: 0, ageMsMax: 0 },
    powerLost: { crashStates: 900, ackedMax: 0, ageMsMedian: 0, ageMsP99: 0, ageMsMax: 0 },
    powerWhy: "",
    recovery: {
      msMedian: 85,
      msMax: 120,
      dataBytesMedian: 140_000,
      bySize: [
        { dataBytesMedian: 140_000, msMedian: 85, starts: 6 },
        { dataBytesMedian: 9_000_000, msMedian: 310, starts: 2 },
      ],
    },
    diskBytesPerAckedByte: 1.41,
    writtenBytesPerAckedByte: 2.9,
    rewrites: 3,
    memoryBytesMax: 71_000_000,
    ...changes,
  };
}

export function sampleComparison(changes: Partial<Comparison> = {}): Comparison {
  const lost = (ageMs: number) => ({
    crashStates: 900,
    ackedMax: 90,
    ageMsMedian: ageMs / 2,
    ageMsP99: ageMs,
    ageMsMax: ageMs,
  });
  return {
    schema: "lossbound/comparison@1",
    version: "0.1.0",
    seed: "quiet-harbour",
    startedAt: "2026-11-22T09:00:00.000Z",
    durationMs: 120_000,
    interrupted: false,
    entries: [
      sampleEntry(),
      sampleEntry({
        preset: "everysec",
        against: "faster",
        callsPerSecond: { mean: 9_000, low: 8_500, high: 9_500 },
        powerLost: lost(980),
      }),
      sampleEntry({
        preset: "os-decides",
        against: "faster",
        callsPerSecond: { mean: 9_300, low: 8_700, high: 9_900 },
        powerLost: lost(3_600),
      }),
      sampleEntry({
        preset: "rdb-only",
        against: "faster",
        callsPerSecond: { mean: 11_000, low: 9_900, high: 12_100 },
        killed: lost(1_300),
        powerLost: null,
        powerWhy: "there is no /dev/fuse",
      }),
    ],
    ...changes,
  };
}
