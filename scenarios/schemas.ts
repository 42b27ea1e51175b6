/**
 * The JSON schemas that editors use while somebody writes a file: made from the zod schemas, never by hand.
 * `npm run schemas` writes them beside the code; a test holds that they are current.
 */
import { z } from "zod";
import { claimSchema } from "./claim.ts";
import { groupSchema } from "./group.ts";
import { presetSchema } from "./preset.ts";
import { scenarioSchema } from "./scenario.ts";

const schemas = {
  "scenario.schema.json": { schema: scenarioSchema, title: "lossbound scenario" },
  "preset.schema.json": { schema: presetSchema, title: "lossbound preset" },
  "claim.schema.json": { schema: claimSchema, title: "lossbound claim" },
  "group.schema.json": { schema: groupSchema, title: "lossbound group of scenarios" },
} as const;

/** File name → text, as it must stand in scenarios/. */
export function jsonSchemas(): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(schemas).map(([file, { schema, title }]) => {
      const json = z.toJSONSchema(schema, { io: "input", target: "draft-7" });
      return [file, `${JSON.stringify({ title, ...json }, null, 2)}\n`];
    }),
  );
}
