/**
 * Files are synced and folders are not: on a disk that keeps names and bytes apart, nobody can say which of the files are
 * still there. (As redis 3487.)
 */
import { overlay } from "./overlay.ts";
import type { PlantedBug } from "./planted-bug.ts";

export const foldersNeverSynced: PlantedBug = {
  name: "folders-never-synced",
  what: "syncs every file it needs, and never the folder that holds their names",
  world: ({ disk }) => ({
    disk: overlay(disk, { syncDir: () => undefined, syncDirInBackground: () => Promise.resolve() }),
  }),
  foundBy: [{ where: "simulated", scenario: "simulated/adversarial", preset: "hardened", kind: "loss-beyond-bound" }],
};
