/**
 * A folder is synced when a file was made in it; that a rename changes a folder as well was forgotten. The files that the new
 * manifest does without are deleted before its name is durable. (As redis 10737.)
 */
import type { Disk } from "../../server/world/world.ts";
import { overlay } from "./overlay.ts";
import type { PlantedBug } from "./planted-bug.ts";

/** The sync that follows a rename is left out. */
function forgetfulOfRenames(disk: Disk): Disk {
  let wasRenamed = false;
  return overlay(disk, {
    rename(from, to) {
      wasRenamed = to.endsWith(".manifest");
      disk.rename(from, to);
    },
    syncDir(dir) {
      if (!wasRenamed) disk.syncDir(dir);
      wasRenamed = false;
    },
  });
}

export const renameUnsynced: PlantedBug = {
  name: "rename-unsynced",
  what: "does not sync the folder after the manifest was renamed",
  world: ({ disk }) => ({ disk: forgetfulOfRenames(disk) }),
  foundBy: [{ where: "simulated", scenario: "simulated/adversarial", preset: "hardened", kind: "refusal" }],
};
