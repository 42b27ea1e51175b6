// Writes the JSON schemas beside the zod schemas that they are made from. Run by `npm run schemas`, after a build.
import { writeFileSync } from "node:fs";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "..");
for (const room of ["scenarios", "reports", "harness"]) {
  const { jsonSchemas } = await import(path.join(root, "dist", room, "schemas.js"));
  for (const [file, text] of jsonSchemas()) writeFileSync(path.join(root, room, file), text);
}
