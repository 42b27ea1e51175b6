/**
 * The fault `backup`: a backup is taken while clients write, and on the way the backup dies, or the store does. What is
 * judged is no crash state but what a user would restore: the newest backup that claims to be complete.
 */
import { z } from "zod";
import { rangeField } from "./fields.ts";

export const backupDeaths = ["backup", "store", "either", "nobody"] as const;

export const backupFaultSchema = z.strictObject({
  kind: z.literal("backup"),
  takes: z.enum(["snapshot", "log"]).describe("a snapshot by BGSAVE, or the log as a whole"),
  method: z
    .enum(["rotation", "copy"])
    .default("rotation")
    .describe("rotation: as lossbound backup does it; copy: by a plain copy of files that the store is writing"),
  dies: z.enum(backupDeaths).default("either").describe("who dies while it is taken; a plain copy is left alone"),
  acks: rangeField(0).describe("once so many calls were acked it begins; a number or [from, to]"),
  step: rangeField(1, 1_000)
    .default({ least: 1, most: 6 })
    .describe("at which step of the stage that is drawn, at its last one at the latest; a number or [from, to]"),
  pauseMs: rangeField(0, 60_000)
    .default({ least: 0, most: 0 })
    .describe("of a plain copy: how long it takes from one file to the next; a number or [from, to]"),
});

export type BackupFault = z.output<typeof backupFaultSchema>;
