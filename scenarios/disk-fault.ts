/**
 * The fault `disk-fault`: the disk goes wrong for a while under load, is healed, and a little later the store is killed.
 *
 *     acks      100 … 800 ┐ lastsMs ┐ calmMs ┐
 *     disk      ··········╞═════════╡········│          ═ what `disk` lists
 *     store     ▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮✗          or it ended by itself before
 */
import { z } from "zod";
import { delaysSchema } from "./delays.ts";
import { countField, rangeField } from "./fields.ts";

/** What a store asks of a disk, by the names that a recording gives it. */
export const diskOperationNames = [
  "create",
  "open",
  "read",
  "write",
  "truncate",
  "fallocate",
  "rename",
  "unlink",
  "mkdir",
  "rmdir",
  "link",
  "fsync",
  "fdatasync",
  "fsyncdir",
] as const;

const on = z.array(z.enum(diskOperationNames)).min(1).describe("which operations");
const path = z
  .string()
  .min(1)
  .exactOptional()
  .describe("of which files, * and ? allowed: *.incr.aof; with a slash it is the path from the data folder");
const nth = rangeField(1)
  .default({ least: 1, most: 1 })
  .describe("from which of them on, counted from 1 since it began; a number or [from, to]");
const times = countField(1).exactOptional().describe("how many of them in a row; absent: all that follow");
const fromMs = rangeField(0, 600_000)
  .exactOptional()
  .describe("not before so long after it began, in milliseconds; a number or [from, to]");
const forMs = rangeField(1, 600_000)
  .exactOptional()
  .describe("and then for so long; absent: until the disk is healed; a number or [from, to]");
const time = { fromMs, forMs };

export const diskTroubleSchema = z.discriminatedUnion(
  "kind",
  [
    z
      .strictObject({ kind: z.literal("delay"), on, path, nth, times, ...time, delays: delaysSchema })
      .describe("Each takes longer: always the same time, or drawn from a distribution, a measured one too."),
    z
      .strictObject({
        kind: z.literal("error"),
        on,
        path,
        nth,
        times,
        ...time,
        code: z.enum(["EIO", "ENOSPC", "EROFS", "EDQUOT"]),
      })
      .describe("Each is refused. What a refused sync was to cover is lost to every later one (S4)."),
    z
      .strictObject({ kind: z.literal("short"), path, nth, times, ...time, bytes: rangeField(0) })
      .describe("A write takes no more than so many bytes, and the next one finds the disk full."),
    z
      .strictObject({ kind: z.literal("full"), ...time, freeBytes: rangeField(0) })
      .describe("The disk has room for so many more bytes."),
    z
      .strictObject({ kind: z.literal("flip"), path })
      .describe("When the store starts again, one bit of one of these files reads wrong."),
  ],
  { error: "expected what is wrong with the disk, like { kind: error, on: [fsync], code: EIO }" },
);

/** Every trouble with what it does, for lists. */
export const diskTroubles: readonly { readonly name: string; readonly what: string }[] = diskTroubleSchema.options.map(
  ({ shape, description }) => ({ name: shape.kind.value, what: description ?? "" }),
);

export const diskFaultSchema = z.strictObject({
  kind: z.literal("disk-fault"),
  acks: rangeField(0).describe("once this many calls were acked; a number or [from, to]"),
  lastsMs: rangeField(0, 600_000)
    .default({ least: 0, most: 0 })
    .describe("how long it lasts, in milliseconds; then the disk is healed"),
  calmMs: rangeField(0, 600_000)
    .default({ least: 0, most: 0 })
    .describe("how long after that the store is killed, unless it ended by itself"),
  disk: z.array(diskTroubleSchema).min(1).describe("what is wrong with the disk"),
});

export type DiskTrouble = z.output<typeof diskTroubleSchema>;
export type DiskFault = z.output<typeof diskFaultSchema>;
