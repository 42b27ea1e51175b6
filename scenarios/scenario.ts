/**
 * A scenario: what is asked for, as data. One YAML file each, and nothing of it is decided by chance: where it leaves
 * room (`[100, 900]`), the plan draws from the seed and writes down what it drew.
 *
 *     name: kill/random                     why: what a reader learns from it
 *     foreseen: { bundled: … }              what is expected of which store
 *     target: bundled                       the store under test, when the command line names none
 *     suits: { targets, volumes, presets }  what it makes sense with (N2)
 *     presets: [always, everysec]           with which configs it runs, when the command line names none
 *     workload: { profile, clients, calls } what the clients do
 *     fault: { kind: kill, trigger: … }     what befalls the store, and when
 *     recovery: copy                        where the store is started again
 *     budget: { runs: 20 }                  how often
 *     needs: { acks: 200 }                  with less than this nothing was tested: unknown, not held (N1)
 *     expect: { documented: true }          what fails beyond a broken promise
 *
 * The types are those *after* parsing: defaults filled in, ranges and lengths of time in one form.
 */
import { z } from "zod";
import { backupFaultSchema } from "./backup.ts";
import { delaysSchema } from "./delays.ts";
import { diskFaultSchema } from "./disk-fault.ts";
import { countField, durationField, nameField, proseField, rangeField } from "./fields.ts";
import { powerCutSchema } from "./power-cut.ts";

// ── Workload ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** What kind of user the clients play. Each profile is a set of weights; `weights` changes single ones. */
export const profileNames = ["mixed", "counters", "queue", "sessions", "append-log", "streams"] as const;

/** Families of operations that a workload draws from, as `harness/operations/` groups them. */
export const operationFamilies = [
  "strings",
  "lists",
  "hashes",
  "sets",
  "sorted-sets",
  "streams",
  "keys",
  "transactions",
] as const;

const workloadSchema = z.strictObject({
  profile: z.enum(profileNames).default("mixed").describe("what kind of user the clients play"),
  clients: countField(1, 1_000).default(4).describe("connections, each with keys of its own"),
  calls: countField(1).default(2_000).describe("the most calls of one cycle, all clients together"),
  pipeline: countField(1, 10_000).default(8).describe("the most calls that one client has on the way at a time"),
  keys: countField(1, 1_000_000).default(40).describe("keys of each client"),
  valueBytes: rangeField(0, 16 * 1024 * 1024)
    .default({ least: 4, most: 200 })
    .describe("how long a value is, in bytes; a number or [from, to]"),
  databases: countField(1, 16).default(2).describe("how many databases the keys are spread over"),
  waitaofPercent: z
    .number()
    .min(0)
    .max(100)
    .default(0)
    .describe("of a hundred batches so many end with WAITAOF, where the store knows it; what it calls durable must be"),
  weights: z
    .partialRecord(z.enum(operationFamilies), z.number().min(0, { error: "expected a weight, 0 or more" }))
    .default({})
    .describe("how often a family of operations is drawn, where the profile's weight does not fit"),
});

// ── Fault ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const afterAcks = rangeField(0).describe("once this many calls were acked; a number or [from, to]");
const delayMs = rangeField(0)
  .default({ least: 0, most: 0 })
  .describe("how long after that was seen to begin; a number or [from, to]");

const triggerSchema = z.discriminatedUnion(
  "kind",
  [
    z
      .strictObject({ kind: z.literal("after-acks"), acks: afterAcks })
      .describe("The store dies once so many calls were acked."),
    z
      .strictObject({
        kind: z.literal("at-random-time"),
        withinMs: rangeField(0).describe("how long after the first call left; a number or [from, to]"),
      })
      .describe("The store dies at a moment drawn from the seed."),
    z
      .strictObject({ kind: z.literal("while-rewrite"), acks: afterAcks, delayMs })
      .describe("The store dies while its log is being rewritten, as the harness asked it to."),
    z
      .strictObject({ kind: z.literal("while-bgsave"), acks: afterAcks, delayMs })
      .describe("The store dies while a snapshot is being written, as the harness asked it to."),
    z
      .strictObject({ kind: z.literal("during-recovery"), acks: afterAcks, delayMs })
      .describe("The store dies, and up to three times more while it starts again."),
    z
      .strictObject({ kind: z.literal("on-sigterm"), acks: afterAcks })
      .describe("The store is sent SIGTERM, and ends in its own way."),
    z
      .strictObject({
        kind: z.literal("saver"),
        job: z
          .enum(["rewrite", "bgsave", "either"])
          .default("either")
          .describe("whose child dies; either: a rewrite when the preset keeps a log, else a snapshot"),
        acks: afterAcks,
        delayMs,
        replies: rangeField(1).describe(
          "how many more calls are answered, acked or refused, before the store dies too",
        ),
      })
      .describe("The child that writes a snapshot or a rewrite dies, and a little later the store."),
    z
      .strictObject({
        kind: z.literal("after-pause"),
        acks: afterAcks,
        pauseMs: rangeField(1, 60_000).describe("how long it stands still; a number or [from, to]"),
        replies: rangeField(1).describe("how many more calls are answered before it dies"),
      })
      .describe(
        "The store stands still for a while, as a paused container or a machine in trouble, goes on, and dies.",
      ),
    z
      .strictObject({
        kind: z.literal("on-stop"),
        acks: afterAcks,
        graceMs: rangeField(0, 60_000).describe("how long it has for its own end; a number or [from, to]"),
      })
      .describe("The store is sent SIGTERM, and SIGKILL when its time is over, as an engine restarts a container."),
    z
      .strictObject({
        kind: z.literal("out-of-memory"),
        acks: afterAcks,
        memoryMb: rangeField(16, 100_000).describe("what its container may have; a number or [from, to]"),
      })
      .describe("The store's container runs out of memory, and the kernel ends it."),
    z
      .strictObject({
        kind: z.literal("at-disk-operation"),
        side: z.enum(["before", "after"]),
        operation: z.enum(["write", "sync", "rename", "unlink"]),
        path: z.string().min(1).default("*").describe("the name of the file, * and ? allowed: *.incr.aof"),
        nth: rangeField(1).describe("which of them, counted from 1; a number or [from, to]"),
        afterWrites: rangeField(0)
          .default({ least: 0, most: 0 })
          .describe("count only once the store has written that often to any file; a number or [from, to]"),
      })
      .describe("The store dies before or after an exact disk operation."),
  ],
  { error: "expected a trigger, like { kind: after-acks, acks: [100, 900] }" },
);

/** Every trigger with what it does, for lists. */
export const triggers: readonly { readonly name: string; readonly what: string }[] = triggerSchema.options.map(
  (option) => ({
    name: option.shape.kind.value,
    what: option.description ?? "",
  }),
);

const killSchema = z.strictObject({
  kind: z.literal("kill"),
  scope: z
    .enum(["process", "tree"])
    .default("tree")
    .describe("whether the store's children die with it, or live on as orphans (S8)"),
  trigger: triggerSchema.describe("when it strikes"),
  syncs: delaysSchema
    .exactOptional()
    .describe("how long each sync takes, on a recorded volume; absent: on an ordinary disk, as long as it takes there"),
});

const faultSchema = z.discriminatedUnion("kind", [killSchema, powerCutSchema, diskFaultSchema, backupFaultSchema], {
  error: "expected a fault, like { kind: kill, trigger: … }",
});

// ── What suits, what must be reached, what is expected ────────────────────────────────────────────────────────────

export const targetKinds = ["bundled", "simulated", "executable", "container"] as const;
export const volumeKinds = ["directory", "recorded", "simulated"] as const;

const suitsSchema = z
  .strictObject({
    targets: z
      .array(z.enum(targetKinds))
      .min(1)
      .default([...targetKinds]),
    volumes: z
      .array(z.enum(volumeKinds))
      .min(1)
      .default([...volumeKinds]),
    presets: z.array(nameField("a preset")).min(1).exactOptional().describe("absent: every preset suits"),
  })
  .prefault({});

/** Stretches of a run that a scenario may insist on having hit: what the harness reports under `windows`. */
export const windowNames = [
  "load",
  "rewrite",
  "bgsave",
  "recovery",
  "shutdown",
  "sync",
  "transaction",
  "expiry",
  "switch-on",
  "saver",
  "disk-operation",
  "disk-fault",
  "killed",
  "orphan",
  "backup",
  "pause",
  "out-of-memory",
] as const;

const needsSchema = z
  .strictObject({
    acks: countField(0).default(1).describe("acked calls in each cycle, on average"),
    windows: z.array(z.enum(windowNames)).default([]).describe("stretches that at least one cycle must have hit"),
    booted: countField(0)
      .default(200)
      .describe("of power cuts: crash states on which the store was really started, so many in a run or all there are"),
  })
  .prefault({});

const knownSchema = z.strictObject({
  fingerprint: z.string().min(1).describe("as the report prints it"),
  store: z.string().min(1).exactOptional().describe("the store that has it, like redis-server 7.0; absent: any store"),
  reason: proseField.describe("why nobody needs to wake up for it: a link to an issue, for instance"),
  until: z.iso.date({ error: "expected a day, like 2026-12-31" }).describe("the last day on which it counts as known"),
});

const expectSchema = z
  .strictObject({
    documented: z.boolean().default(false).describe("fail also when more is lost than the store's documentation says"),
    lossAgeMsMax: z.number().min(0).exactOptional().describe("age of the oldest lost ack at the crash"),
    lossAckedMax: countField(0).exactOptional().describe("acked calls lost in one cycle"),
    recoveryMsMax: z.number().min(0).exactOptional().describe("the slowest start on a crash state"),
    judgedMin: countField(0).exactOptional().describe("crash states judged, at least"),
    known: z.array(knownSchema).default([]).describe("findings that are shown and do not fail the run"),
  })
  .prefault({});

// ── Scenario ──────────────────────────────────────────────────────────────────────────────────────────────────────

export const scenarioSchema = z.strictObject({
  name: nameField("a name"),
  why: proseField.describe("what a reader learns from this scenario, and from its verdict"),
  foreseen: z
    .strictObject({ bundled: proseField.exactOptional(), "redis-server": proseField.exactOptional() })
    .exactOptional()
    .describe("what is expected of the bundled store and of redis-server; decides nothing"),
  target: z.string().min(1).default("bundled").describe("the store under test, as --target takes it"),
  suits: suitsSchema.describe("what it makes sense with; pairs that do not suit are never run"),
  presets: z.array(nameField("a preset")).min(1).describe("with which configs it runs when none is named"),
  directives: z
    .array(z.string().min(1))
    .default([])
    .describe("added to the preset's, as in redis.conf: test knobs that hold a window open, never a promise"),
  workload: workloadSchema.prefault({}).describe("what the clients do"),
  fault: faultSchema.describe("what befalls the store"),
  recovery: z
    .enum(["copy", "in-place"])
    .default("copy")
    .describe("where the store starts again: on a copy of its files, or on the files while orphans may live on (S8)"),
  budget: z
    .strictObject({
      runs: countField(1).exactOptional().describe("cycles with each preset"),
      time: durationField.exactOptional().describe("how long with each preset; whichever ends first"),
    })
    .refine((given) => given.runs !== undefined || given.time !== undefined, {
      error: "expected runs, time or both",
    })
    .transform(({ runs, time }) => ({
      ...(runs !== undefined && { runs }),
      ...(time !== undefined && { timeMs: time }),
    }))
    .describe("how often: --runs and --time of the command line come before it"),
  needs: needsSchema.describe("with less than this the verdict is unknown: nothing was tested (N1)"),
  chain: countField(1, 1_000).default(1).describe("crashes in a row, each on what the one before left"),
  expect: expectSchema.describe("what fails the run beyond a broken promise, and what does not"),
});

export type Scenario = z.output<typeof scenarioSchema>;
export type Workload = Scenario["workload"];
export type Fault = Scenario["fault"];
export type KillTrigger = Extract<Fault, { kind: "kill" }>["trigger"];
export type PowerCut = Extract<Fault, { kind: "power-cut" }>;
export type Budget = { readonly runs?: number; readonly timeMs?: number };
export type TargetKind = (typeof targetKinds)[number];
export type WindowName = (typeof windowNames)[number];
export type ProfileName = (typeof profileNames)[number];
export type OperationFamily = (typeof operationFamilies)[number];

/** As the outcome counts it: what strikes a backup is a kill too. */
export function outcomeFault({ kind }: Fault): Exclude<Fault["kind"], "backup"> {
  return kind === "backup" ? "kill" : kind;
}
