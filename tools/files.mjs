// Lists the files below a folder. Shared by the tools that make a clone ready and run its tests.
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";

/** Every file below `folder` whose name ends with `suffix`, sorted; none when the folder is missing. */
export function filesBelow(folder, suffix) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(suffix))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}
