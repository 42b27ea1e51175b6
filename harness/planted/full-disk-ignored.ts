/**
 * A disk that is full takes less than it was given, and the store goes by what it gave.
 */

import { DiskError, type DiskFile } from "../../server/world/world.ts";
import { diskWithFiles } from "./overlay.ts";
import type { PlantedBug } from "./planted-bug.ts";

/** Says that it took all, whatever it took. */
function confident(file: DiskFile): Partial<DiskFile> {
  return {
    append(bytes) {
      try {
        file.append(bytes);
      } catch (error) {
        if (!(error instanceof DiskError) || error.code !== "ENOSPC") throw error;
      }
      return bytes.length;
    },
  };
}

export const fullDiskIgnored: PlantedBug = {
  name: "full-disk-ignored",
  what: "takes a write for done that a full disk had no room for",
  world: ({ disk }) => ({ disk: diskWithFiles(disk, confident) }),
  foundBy: [
    { where: "simulated", scenario: "simulated/troubles", preset: "everysec", kind: "refusal", orAs: ["hole"] },
  ],
};
