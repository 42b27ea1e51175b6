/**
 * The fault `power-cut`: clients write for a while to a disk that remembers everything, and the power is cut at every
 * moment of it, once the run is over and as often as there are ways in which a disk may lose what was not synced.
 */
import { z } from "zod";
import { delaysSchema } from "./delays.ts";
import { diskTroubleSchema } from "./disk-fault.ts";
import { countField, rangeField } from "./fields.ts";

/** What a disk may keep when the power goes; `harness/disk/disk-models.ts` says what each means. */
export const diskModelNames = [
  "process-crash",
  "ordered",
  "prefix",
  "torn",
  "cross",
  "metadata-first",
  "strict",
  "random-metadata",
  "zero-filled",
  "pages",
] as const;

export const grades = ["must-pass", "realistic", "adversarial"] as const;

export const powerCutSchema = z.strictObject({
  kind: z.literal("power-cut"),
  lastsMs: rangeField(1, 7_200_000).describe("how long clients write, in milliseconds; a number or [from, to]"),
  preload: countField(1)
    .exactOptional()
    .describe("so many keys are there before the first client comes; absent: the store begins empty"),
  disk: z
    .array(diskTroubleSchema)
    .min(1)
    .exactOptional()
    .describe("what is wrong with the disk while clients write, counted from when they begin; absent: nothing"),
  syncs: delaysSchema.exactOptional().describe("how long each sync takes; absent: as long as it takes to note it down"),
  rewrites: rangeField(0, 1_000)
    .default({ least: 0, most: 0 })
    .describe(
      "how often the harness asks for a rewrite, or for a snapshot where no log is kept; a number or [from, to]",
    ),
  kills: rangeField(0, 100)
    .default({ least: 0, most: 0 })
    .describe(
      "how often the process dies and starts again on the same disk before the power goes; what was pending stays pending (S7); in a swarm: whether it may",
    ),
  swarm: z
    .boolean()
    .default(false)
    .describe(
      "each cycle draws a world of its own: workload, speed of the disk, knobs, orders, what goes wrong meanwhile",
    ),
  troubles: z
    .enum(["some", "always", "rot"])
    .default("some")
    .describe(
      "in a swarm: whether something goes wrong with the disk in some of the worlds, or in each; rot: a bit, in each",
    ),
  quiet: z
    .enum(["some", "always"])
    .default("some")
    .describe("in a swarm: whether clients fall silent long before the end in some of the worlds, or in each"),
  deadlines: z
    .enum(["some", "near"])
    .default("some")
    .describe("in a swarm: whether keys expire while clients write in some of the worlds, or in each"),
  marker: z
    .enum(["never", "half", "always"])
    .default("half")
    .describe("whether each write also appends to one shared log, which tells apart more; half: in half of the runs"),
  models: z
    .array(z.enum(diskModelNames))
    .min(1)
    .default([...diskModelNames])
    .describe("what the disk may keep"),
  failsUpTo: z
    .enum(grades)
    .default("realistic")
    .describe("findings under models up to this grade fail the run; the others are reported"),
  setsMax: countField(1, 10_000)
    .default(24)
    .describe("for each crash point and model: all sets of survivors up to so many, a sample of so many beyond"),
});
