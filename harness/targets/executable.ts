/** Finds the executable that a user named. */
import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";
import { TargetUnavailable } from "./target.ts";

/** A path, or a name to be looked for where a shell would. @throws TargetUnavailable */
export function findExecutable(name: string): string {
  const folders = name.includes("/") ? [""] : (process.env.PATH ?? "").split(path.delimiter);
  const found = folders.map((folder) => path.resolve(folder, name)).find(isExecutable);
  if (found !== undefined) return found;
  const what = name.includes("/") ? "there is no executable file" : "no folder of PATH holds an executable";
  throw new TargetUnavailable(`${what} ${name}: --target takes bundled, docker:IMAGE, a target file or a path`);
}

function isExecutable(file: string): boolean {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return false;
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EACCES") return false;
    throw error;
  }
}
