/**
 * The comparison: the document of `lossbound compare`. An entry for each preset on each target, all measured by the same
 * clients, calls and crashes, in turns.
 *
 *     entry ─┬─ pace       calls a second with its interval, latencies
 *            ├─ killed     losses at a kill: median, p99, worst age
 *            ├─ powerLost  the same for the power, each crash point weighted by the time for which it stands (S1)
 *            └─ recovery by size, disk, rewrites, memory
 */
import { z } from "zod";
import { verdictNames } from "./outcome.ts";

const count = z.int().min(0);
const ms = z.number().min(0);

const lossSchema = z.strictObject({
  crashStates: count,
  ackedMax: count,
  ageMsMedian: ms,
  ageMsP99: ms,
  ageMsMax: ms,
});

const entrySchema = z.strictObject({
  target: z.string(),
  preset: z.string(),
  verdict: z.enum(verdictNames),
  why: z.string().describe("the reason, when the verdict is unknown; else empty"),
  promised: z.strictObject({ killed: z.string(), powerLost: z.string() }),
  cycles: count.describe("kills that were measured; the warm-up is not among them"),
  callsPerSecond: z.strictObject({
    mean: z.number().min(0),
    low: z.number().min(0).describe("of the 95 % interval, n = cycles"),
    high: z.number().min(0),
  }),
  /** Beside the first entry: no word more than the intervals allow. */
  against: z.enum(["first", "faster", "slower", "within noise"]).describe("throughput, beside the first entry"),
  latencyMsP50: ms,
  latencyMsP99: ms,
  killed: lossSchema,
  powerLost: lossSchema.nullable().describe("null when it was not measured"),
  powerWhy: z.string().describe("why power loss was not measured; else empty"),
  recovery: z.strictObject({
    msMedian: ms,
    msMax: ms,
    dataBytesMedian: count,
    bySize: z
      .array(z.strictObject({ dataBytesMedian: count, msMedian: ms, starts: count }))
      .describe("how long it takes with so much data, the least first"),
  }),
  diskBytesPerAckedByte: z.number().min(0).describe("of the files that the crashes left, beside what was acked"),
  writtenBytesPerAckedByte: z
    .number()
    .min(0)
    .nullable()
    .describe("all that the disk was asked to write, beside what was acked; null where no run was recorded"),
  rewrites: count.describe("rewrites of the log that were finished"),
  memoryBytesMax: count.describe("the most that the store held; 0: not known"),
});

export const comparisonSchema = z.strictObject({
  schema: z.literal("lossbound/comparison@1"),
  version: z.string(),
  seed: z.string(),
  startedAt: z.iso.datetime(),
  durationMs: ms,
  interrupted: z.boolean(),
  entries: z.array(entrySchema),
});

export type Comparison = z.output<typeof comparisonSchema>;
export type ComparisonEntry = Comparison["entries"][number];
export type ComparedLoss = z.output<typeof lossSchema>;
