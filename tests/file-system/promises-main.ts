/**
 * Runs every promise of a file system in the folder that it is given, and prints for each how that went, a JSON line each:
 *
 *     node promises-main.js DIR SEED
 *     {"name":"a hole costs nothing"}                            kept
 *     {"name":"…","missing":"xfs_io"}                            this machine lacks a tool for it
 *     {"name":"…","broken":"AssertionError: expected …"}
 */
import { accessSync, constants, mkdirSync } from "node:fs";
import path from "node:path";
import { fileSystemPromises } from "./promises.ts";

export interface PromiseResult {
  readonly name: string;
  readonly missing?: string;
  readonly broken?: string;
}

const [dir, seed] = process.argv.slice(2);
if (dir === undefined || seed === undefined) throw new Error("usage: promises-main DIR SEED");

for (const [index, promise] of fileSystemPromises.entries()) {
  const missing = promise.tools?.find((tool) => !isInstalled(tool));
  console.log(JSON.stringify({ name: promise.name, ...(missing === undefined ? await keep(index) : { missing }) }));
}

async function keep(index: number): Promise<Pick<PromiseResult, "broken">> {
  const folder = path.join(dir as string, `p${index}`);
  mkdirSync(folder);
  try {
    await fileSystemPromises[index]?.keep(folder, seed as string);
    return {};
  } catch (error) {
    return { broken: String((error as Error).stack) };
  }
}

function isInstalled(tool: string): boolean {
  return (process.env.PATH ?? "").split(path.delimiter).some((folder) => {
    try {
      accessSync(path.join(folder, tool), constants.X_OK);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      return false;
    }
  });
}
