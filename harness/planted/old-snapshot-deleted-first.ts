/**
 * To make room for the new snapshot the old one is deleted when its writing begins. Until it ends there is none. (As
 * Dragonfly 1539, which wrote over the old one.)
 */
import { Snapshots } from "../../server/snapshots.ts";
import { removeIfThere } from "../../server/world/replace-file.ts";
import type { PlantedBug } from "./planted-bug.ts";

class MakesRoom extends Snapshots {
  override startInBackground(): boolean {
    removeIfThere(this.server.world.disk, this.path);
    return super.startInBackground();
  }
}

export const oldSnapshotDeletedFirst: PlantedBug = {
  name: "old-snapshot-deleted-first",
  what: "deletes the old snapshot when it begins to write the new one",
  parts: { Snapshots: MakesRoom },
  foundBy: [
    { where: "simulated", scenario: "simulated/swarm", preset: "rdb-only", kind: "loss-beyond-bound" },
    { where: "process", scenario: "kill/during-bgsave", preset: "rdb-only", kind: "loss-beyond-bound" },
  ],
};
