/** What every verb that starts stores does first: removes what a harness left that died before it could clean up. */
import { type Swept, sweepLeftovers } from "./run-folder.ts";

export function sweep(parent?: string): Promise<Swept[]> {
  return sweepLeftovers(parent, async (runId) => (await import("./targets/container.ts")).removeContainers(runId));
}
