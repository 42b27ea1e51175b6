/** This package itself: where it lies, and which version it is. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

/** The folder of package.json: compiled code runs from dist/, a level deeper than the sources. */
export function packageFolder(): string {
  let folder = import.meta.dirname;
  while (!existsSync(path.join(folder, "package.json"))) folder = path.dirname(folder);
  return folder;
}

export function ownVersion(): string {
  return (JSON.parse(readFileSync(path.join(packageFolder(), "package.json"), "utf8")) as { version: string }).version;
}
