/** The JSON schema of target files, for editors: made from the zod schema, as those in `scenarios/` and `reports/` are. */
import { z } from "zod";
import { targetFileSchema } from "./targets/target-file.ts";

/** File name → text, as it must stand in harness/. */
export function jsonSchemas(): ReadonlyMap<string, string> {
  const json = z.toJSONSchema(targetFileSchema, { io: "input", target: "draft-7" });
  const text = `${JSON.stringify({ title: "lossbound target file", ...json }, null, 2)}\n`;
  return new Map([["targets/target.schema.json", text]]);
}
