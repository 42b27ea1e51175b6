/**
 * After a sync that failed, the sync is done once more, and ends well. The kernel had taken what it could not write for clean:
 * the second one had nothing to do (rule S4).
 */
import { diskWithFiles } from "./overlay.ts";
import type { PlantedBug } from "./planted-bug.ts";

export const failedSyncRepeated: PlantedBug = {
  name: "failed-sync-repeated",
  what: "does a failed sync again without writing again what it should have covered",
  world: ({ disk }) => ({ disk: diskWithFiles(disk, () => ({ overwrite: () => undefined })) }),
  foundBy: [{ where: "simulated", scenario: "simulated/troubles", preset: "hardened", kind: "refusal" }],
};
