/**
 * A blob: what one shard of a night found, whole, for `lossbound merge`. Beside its own outcome it has every cycle by
 * itself, in a form that only the harness of the same version understands.
 */
import { z } from "zod";
import { outcomeSchema } from "./outcome.ts";
import type { Report, Reporter } from "./reporter.ts";

export const blobExtension = ".blob";

export const blobSchema = z.strictObject({
  schema: z.literal("lossbound/blob@1"),
  shard: z.strictObject({ index: z.int().min(1), count: z.int().min(1) }),
  interrupted: z.boolean(),
  outcome: outcomeSchema,
  /** In the order of the outcome's runs. */
  runs: z.array(z.unknown()),
});

export type Blob = z.output<typeof blobSchema>;

export const blob: Reporter = {
  name: "blob",
  what: "what a shard found, cycle by cycle, for lossbound merge",
  fileName: (report) => {
    const { index, count } = shardOf(report);
    return `lossbound-${index}-of-${count}${blobExtension}`;
  },
  render: (report) => {
    const { outcome, interrupted, parts = [] } = report;
    const document: Blob = {
      schema: "lossbound/blob@1",
      shard: shardOf(report),
      interrupted,
      outcome,
      runs: [...parts],
    };
    return `${JSON.stringify(document)}\n`;
  },
};

function shardOf({ shard = { index: 1, count: 1 } }: Report): Blob["shard"] {
  return { ...shard };
}
