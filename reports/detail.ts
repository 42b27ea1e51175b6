/**
 * The detail: what the page draws and no script needs, in a document of its own beside the outcome, `detail.json`. Its
 * runs are those of the outcome, found by scenario, preset and target; what nobody measured is left empty.
 *
 *     first call                                                        cut
 *     ├───────────────────────────────────────────────────────────────────┤  durationMs
 *           ├─ rewrite ─┤      ├ sync ┤                                      stretches: what was open when
 *     ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■    crashMap: a row for each disk model or file
 *     ■ ■ ■ ■ ■ ■ ■ ■ ✗ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■      system, a cell for each crash point
 *     client 0  ├─┤ ├──┤   ├─…                                               timelines: clients and disk on one axis
 *     disk      │w│ ├ sync ┤ r
 *
 * Every crash point is in it. Where a run has more of them than anybody can look at, neighbours are put together and none
 * is dropped (`crash-cells.ts`). All times are milliseconds since the first call of their recording, ages excepted.
 */
import { z } from "zod";

const count = z.int().min(0);
const ms = z.number().min(0);

/**
 * One crash point under one model: all the states that were judged there, added up. In a long run neighbours share a cell,
 * and what is said of the place is that of the worst of them. A point of which nothing was judged has no state at all.
 */
const cellSchema = z.strictObject({
  recording: count.describe("which of the run's recordings, counted from 0; 0 where there are none"),
  points: count.describe("crash points in this cell"),
  atMs: ms,
  untilMs: ms.describe("of the last of its points"),
  journalIndex: z.int().min(-1).describe("position in the journal; -1 where no journal is kept"),
  operation: z.string().describe("what the disk or the harness was doing, e.g. rename, sync, SIGKILL"),
  path: z.string(),
  held: count.describe("states judged here that held"),
  violated: count,
  unknown: count,
  lossAgeMs: ms.describe("age of the oldest lost ack, the worst of its states"),
  ackedLost: count.describe("acked calls lost, the worst of its states"),
  fingerprints: z.array(z.string()).describe("findings of the outcome that showed here"),
  survived: z.string().describe("what of the pending reached the disk, in the worst of its states; empty after a kill"),
});

const rowSchema = z.strictObject({
  name: z.string().min(1).describe("of the disk model or file system; `kill` where the process was killed"),
  kind: z.enum(["kill", "model", "filesystem"]),
  cells: z.array(cellSchema).describe("by recording, then in the order of time; of all rows the same points"),
});

const stretchSchema = z.strictObject({
  recording: count,
  name: z.string().min(1).describe("as in the outcome's windows, e.g. rewrite, sync"),
  fromMs: ms,
  toMs: ms,
});

const lossSchema = z.strictObject({
  ageMs: ms,
  acked: count,
  weight: z.number().min(0).describe("how much it counts: 1 for a kill, a length of time for a crash point (S1)"),
});

const recoverySchema = z.strictObject({
  ms,
  dataBytes: count.describe("of the files that it started on"),
});

const paceSchema = z.strictObject({
  callsPerSecond: z.number().min(0).describe("acked, from the first call to the crash"),
  latencyMsP50: ms,
  latencyMsP99: ms,
  ackedBytes: count.describe("of the acked calls that change something, as they were sent"),
  dataBytes: count.describe("of the files that the crash left"),
  memoryBytesMax: count.describe("the most that the store held while its clients played; 0: not known"),
  writtenBytes: count.nullable().describe("all that the disk was asked to write; null where nobody noted it down"),
  rewrites: count.describe("rewrites of the log that were finished, as the names of its files tell"),
});

/** Of a sync: `durable` ended well, `failed`, or `unfinished` at the cut. Of what it is to cover: the rest. */
export const diskFates = ["durable", "survived", "lost", "torn", "failed", "unfinished"] as const;
export const callFates = ["kept", "lost", "wrong", "refused", "indeterminate"] as const;

const timelineSchema = z.strictObject({
  title: z.string().min(1).describe("which crash it shows, e.g. the worst loss"),
  fingerprint: z.string().describe("the finding that it belongs to; empty when it shows an ordinary crash"),
  fromMs: ms,
  cutMs: ms.describe("where it ended: the kill, or the power cut"),
  clients: z.array(
    z.strictObject({
      name: z.string().min(1),
      calls: z.array(
        z.strictObject({
          sentMs: ms,
          repliedMs: ms.nullable().describe("null when no reply came"),
          request: z.string().describe("as one would type it; unprintable bytes escaped, long values shortened"),
          fate: z.enum(callFates),
        }),
      ),
    }),
  ),
  disk: z
    .array(
      z.strictObject({
        fromMs: ms,
        toMs: ms,
        operation: z.string().min(1).describe("write, sync, rename, …"),
        path: z.string(),
        bytes: count,
        fate: z
          .enum(diskFates)
          .describe(
            "at the cut: behind a barrier, or pending and what became of it; a sync ended well, failed, or had not ended",
          ),
      }),
    )
    .describe("in the order of the journal; empty where no journal is kept"),
});

export const runDetailSchema = z.strictObject({
  scenario: z.string(),
  preset: z.string(),
  target: z.string(),
  durationMs: ms,
  crashMap: z.array(rowSchema),
  stretches: z.array(stretchSchema),
  losses: z.array(lossSchema),
  recoveries: z.array(recoverySchema),
  paces: z
    .array(paceSchema)
    .exactOptional()
    .describe("how fast the store was and what it cost, an entry for each run of it"),
  timelines: z.array(timelineSchema),
});

export const detailSchema = z.strictObject({
  schema: z.literal("lossbound/detail@1"),
  interrupted: z.boolean().describe("what is here is what was found so far"),
  expectations: z
    .array(
      z.strictObject({
        met: z.boolean(),
        of: z.strictObject({ scenario: z.string(), preset: z.string(), target: z.string() }),
        wanted: z.string(),
        found: z.string(),
      }),
    )
    .describe("the scenarios' own thresholds, each met or missed"),
  runs: z.array(runDetailSchema),
});

export type Detail = z.output<typeof detailSchema>;
export type RunDetail = z.output<typeof runDetailSchema>;
export type CrashMapRow = RunDetail["crashMap"][number];
export type CrashCell = CrashMapRow["cells"][number];
export type Stretch = RunDetail["stretches"][number];
export type Timeline = RunDetail["timelines"][number];
export type Pace = z.output<typeof paceSchema>;
export type CallFate = (typeof callFates)[number];
export type DiskFate = (typeof diskFates)[number];

/** The detail of one run of an outcome. */
export function detailOf(
  detail: Detail | undefined,
  run: { readonly scenario: string; readonly preset: string; readonly target: string },
): RunDetail | undefined {
  return detail?.runs.find(
    ({ scenario, preset, target }) => scenario === run.scenario && preset === run.preset && target === run.target,
  );
}
