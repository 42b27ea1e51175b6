/** How long a disk takes over what it is asked: a time, a distribution, or what was measured somewhere, played again. */
import { z } from "zod";
import { countField } from "./fields.ts";

const msField = z.number({ error: "expected a time in milliseconds, 0 or more" }).min(0).max(600_000);

/** How long a disk takes. A histogram is what was measured somewhere, played again. */
export const delaysSchema = z.discriminatedUnion(
  "kind",
  [
    z.strictObject({ kind: z.literal("fixed"), ms: msField }),
    z.strictObject({ kind: z.literal("uniform"), fromMs: msField, toMs: msField }),
    z.strictObject({
      kind: z.literal("lognormal"),
      medianMs: msField,
      sigma: z.number().min(0).max(5).describe("0.5: the slowest percent takes three times the median"),
      msMax: msField,
    }),
    z.strictObject({
      kind: z.literal("histogram"),
      buckets: z.array(z.strictObject({ toMs: msField, count: countField(0) })).min(1),
    }),
  ],
  { error: "expected a distribution, like { kind: uniform, fromMs: 1, toMs: 20 }" },
);
