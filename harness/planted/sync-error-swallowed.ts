/**
 * A sync fails, the store notes nothing of it, and the next sync that ends well is taken for good news about all that was
 * written. (As redis 8111 and 8347.)
 */
import { DiskError, type DiskFile } from "../../server/world/world.ts";
import { diskWithFiles } from "./overlay.ts";
import type { PlantedBug } from "./planted-bug.ts";

function quiet(file: DiskFile): Partial<DiskFile> {
  return {
    syncNow() {
      try {
        file.syncNow();
      } catch (error) {
        if (!(error instanceof DiskError)) throw error;
      }
    },
    sync: () =>
      file.sync().catch((error: unknown) => {
        if (!(error instanceof DiskError)) throw error;
      }),
  };
}

export const syncErrorSwallowed: PlantedBug = {
  name: "sync-error-swallowed",
  what: "takes a sync that failed for one that did not",
  world: ({ disk }) => ({ disk: diskWithFiles(disk, quiet) }),
  foundBy: [{ where: "simulated", scenario: "simulated/troubles", preset: "hardened", kind: "refusal" }],
};
