/**
 * The outcome: the one document that a command of the harness leaves, and that every reporter renders. It is a contract
 * with the scripts of users: keys are never renamed, and they come in the order in which they stand here.
 *
 *     outcome ── runs[]        one for each scenario × preset × target: all its cycles together
 *                 ├─ promises  documented │ source │ consistency, judged apart, shown side by side
 *                 ├─ loss      what was measured, whatever was promised
 *                 └─ findings  what broke a promise, each with the command that shows it again
 *
 * Lists may be empty, texts may be empty where nothing applies. Keys that may be missing say when.
 */
import { z } from "zod";

const count = z.int().min(0);
const ms = z.number().min(0);
const spread = z
  .strictObject({ median: z.number(), p99: z.number(), max: z.number() })
  .describe("ms from the ack, to three digits; negative: it was done before the ack");

export const verdictNames = ["held", "violated", "unknown"] as const;
export const levelNames = ["documented", "source", "consistency"] as const;
export const findingKinds = [
  "loss-beyond-bound",
  "hole",
  "phantom",
  "resurrection",
  "wrong-value",
  "half-transaction",
  "refusal",
  "false-durable-reply",
  "unstable-recovery",
  "wrong-reply",
] as const;

const verdict = z.enum(verdictNames);
const level = z.enum(levelNames);

export const findingSchema = z.strictObject({
  fingerprint: z.string().min(1).describe("the same for the same trouble in another run: kind, checker, place"),
  level,
  checker: z.string(),
  kind: z.enum(findingKinds),
  model: z.string().describe("the disk model under which it showed; empty for a kill"),
  filesystem: z.string().describe("the real file system on which it showed; empty when none was used"),
  crashPoint: z.strictObject({
    journalIndex: z.int().min(-1).describe("position in the journal; -1 where no journal is kept"),
    operation: z.string().describe("what the disk or the harness was doing, e.g. rename, sync, SIGKILL"),
    path: z.string(),
    atMs: ms.describe("since the first call"),
  }),
  exposureMs: ms.describe("for how long of the run a crash would have shown it; 0 where it was not measured"),
  exposureShare: z
    .number()
    .min(0)
    .max(1)
    .exactOptional()
    .describe(
      "of a power cut: how likely one at a random moment of the recordings hits that time; missing where unknown",
    ),
  message: z.string().min(1).describe("one sentence: what was promised and what came back"),
  evidence: z.record(z.string(), z.unknown()).describe("plain JSON; see story.ts for what reports draw of it"),
  known: z.boolean().describe("listed under `known` in the scenario, and not expired: shown, and fails nothing"),
  bundle: z.string().describe("path of the bundle; empty when none was kept"),
  replay: z.string().describe("the command that shows it again"),
});

export const runSchema = z.strictObject({
  scenario: z.string(),
  preset: z.string(),
  target: z.string(),
  seed: z.string(),
  verdict,
  why: z.string().min(1).exactOptional().describe("the reason; only when the verdict is unknown"),
  fault: z.enum(["kill", "power-cut", "disk-fault"]),
  engine: z.enum(["live", "recorded", "filesystem", "simulated"]),
  calls: z.strictObject({ invoked: count, acked: count, refused: count, indeterminate: count }),
  crashStates: z.strictObject({
    considered: count,
    distinct: count,
    judged: count.describe("pairs of crash point and state that were really checked (J3)"),
    judgedByIndex: count
      .exactOptional()
      .describe("of those: without a start of the store, by an index of its log (J1)"),
    booted: count.describe("real starts of the store (J3)"),
    perSecond: z.number().min(0),
  }),
  models: z.array(
    z.strictObject({
      name: z.string(),
      grade: z.enum(["must-pass", "realistic", "adversarial"]),
      states: count,
      violations: count,
      confirmedOn: z.array(z.enum(["ext4", "xfs", "btrfs"])),
    }),
  ),
  promises: z.array(
    z.strictObject({
      level,
      text: z.string().min(1),
      boundMs: ms.nullable().describe("null where the promise is not a length of time"),
      ageMs: ms.describe("age of the oldest lost ack at the crash, the worst of all cycles"),
      spanMs: ms.describe("from the oldest to the newest lost ack, the worst of all cycles"),
      verdict,
    }),
  ),
  loss: z.strictObject({
    ackedMax: count,
    ageMsMedian: ms,
    ageMsP99: ms,
    ageMsMax: ms,
    longestSyncMs: ms,
    longestStallMs: ms,
  }),
  durability: z
    .strictObject({
      measured: count.describe("acked calls whose record was found in the log"),
      notMeasured: count.describe("acked calls whose record was not found, or whose log could not be read"),
      why: z.string().min(1).exactOptional().describe("why a log could not be read, the first reason of the run"),
      neverSynced: count.describe("of those measured: no finished sync covered their record while it was recorded"),
      neverFolderSynced: count.describe("of those measured: no finished sync covered the name of their file"),
      ackedToWrittenMs: spread.exactOptional(),
      ackedToSyncedMs: spread.exactOptional(),
      ackedToFolderSyncedMs: spread.exactOptional(),
    })
    .exactOptional()
    .describe("of power cuts on recorded volumes: when acked calls were safe"),
  recovery: z.strictObject({ msMedian: ms, msMax: ms, refusals: count }),
  windows: z.array(z.strictObject({ name: z.string(), crashPoints: count, exposureMs: ms })),
  recordingDigest: z
    .string()
    .describe("sha256; equal for equal seeds when simulated; empty when there is no recording"),
  findings: z.array(findingSchema),
});

export const outcomeSchema = z.strictObject({
  schema: z.literal("lossbound/outcome@1"),
  version: z.string(),
  seed: z.string(),
  verdict,
  startedAt: z.iso.datetime(),
  durationMs: ms,
  environment: z.strictObject({
    node: z.string(),
    os: z.string(),
    cores: count,
    targets: z.array(z.strictObject({ name: z.string(), version: z.string() })),
  }),
  runs: z.array(runSchema),
  statistics: z.strictObject({
    recordings: count,
    kills: count,
    crashStates: count,
    violations: count,
    rateUpper95: z.number().min(0).max(1).describe("violated cycles: upper end of the 95 % interval, n = cycles (N4)"),
  }),
});

export type Outcome = z.output<typeof outcomeSchema>;
export type Run = z.output<typeof runSchema>;
export type Finding = z.output<typeof findingSchema>;
export type VerdictName = (typeof verdictNames)[number];
export type LevelName = (typeof levelNames)[number];
export type FindingKind = (typeof findingKinds)[number];

/** Violated outranks unknown outranks held; nothing at all is unknown, because nothing was tested (N1). */
export function worst(verdicts: readonly VerdictName[]): VerdictName {
  if (verdicts.includes("violated")) return "violated";
  return verdicts.length === 0 || verdicts.includes("unknown") ? "unknown" : "held";
}

/** Runs of one scenario on one target belong together: they differ in the preset alone. In the order of the outcome. */
export function bySuite(runs: readonly Run[]): (readonly [Run, ...Run[]])[] {
  const suites = new Map<string, [Run, ...Run[]]>();
  for (const run of runs) {
    const name = JSON.stringify([run.scenario, run.target]);
    const suite = suites.get(name);
    if (suite === undefined) suites.set(name, [run]);
    else suite.push(run);
  }
  return [...suites.values()];
}
