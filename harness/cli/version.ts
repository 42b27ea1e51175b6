/** The version of this package, as its package.json has it: compiled code runs from dist/, a level deeper. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

export function ownVersion(): string {
  let folder = import.meta.dirname;
  while (!existsSync(path.join(folder, "package.json"))) folder = path.dirname(folder);
  return (JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) as { version: string }).version;
}
