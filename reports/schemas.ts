/**
 * The JSON schema of the outcome, for whoever reads it with other tools: made from the zod schema, never by hand.
 * `npm run schemas` writes it beside the code; a test holds that it is current.
 */
import { z } from "zod";
import { outcomeSchema } from "./outcome.ts";

/** File name → text, as it must stand in reports/. */
export function jsonSchemas(): ReadonlyMap<string, string> {
  const json = z.toJSONSchema(outcomeSchema, { io: "output", target: "draft-7" });
  return new Map([["outcome.schema.json", `${JSON.stringify({ title: "lossbound outcome", ...json }, null, 2)}\n`]]);
}
