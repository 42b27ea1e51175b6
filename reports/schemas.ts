/**
 * The JSON schemas of outcome, detail and comparison, for whoever reads them with other tools: made from zod schemas, never by hand.
 * `npm run schemas` writes them beside the code; a test holds that they are current.
 */
import { z } from "zod";
import { comparisonSchema } from "./comparison.ts";
import { detailSchema } from "./detail.ts";
import { outcomeSchema } from "./outcome.ts";

/** File name → text, as it must stand in reports/. */
export function jsonSchemas(): ReadonlyMap<string, string> {
  const schemas = { outcome: outcomeSchema, detail: detailSchema, comparison: comparisonSchema };
  return new Map(
    Object.entries(schemas).map(([name, schema]) => {
      const json = z.toJSONSchema(schema, { io: "output", target: "draft-7" });
      return [`${name}.schema.json`, `${JSON.stringify({ title: `lossbound ${name}`, ...json }, null, 2)}\n`];
    }),
  );
}
