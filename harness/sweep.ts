/** What every verb that starts stores does first: removes what a harness left that died before it could clean up. */
import { tmpdir } from "node:os";
import { memoryFolder } from "./memory-folder.ts";
import { type Swept, sweepLeftovers } from "./run-folder.ts";

/** @param parent absent: wherever runs are made, on the disk and in memory */
export async function sweep(parent?: string): Promise<Swept[]> {
  const memory = memoryFolder();
  const parents = parent === undefined ? new Set([tmpdir(), ...(memory === undefined ? [] : [memory])]) : [parent];
  const swept: Swept[] = [];
  for (const each of parents) swept.push(...(await sweepLeftovers(each, removeContainersOf)));
  return swept;
}

async function removeContainersOf(runId: string): Promise<readonly string[]> {
  return (await import("./targets/container-engine.ts")).removeContainers(runId);
}
