/**
 * A rewrite begins a new incr file, and the old one is left as it is, its last second unsynced: the new one may be on the
 * disk before it. (As redis 11004.)
 */
import { AofWriter } from "../../server/aof/aof-writer.ts";
import type { PlantedBug } from "./planted-bug.ts";

class LeavesTheOldOne extends AofWriter {
  /** Only a rotation and the end of the server ask for it. */
  override flushAndSync(): void {
    if (this.log !== undefined && this.bufferedBytes > 0) this.writeOut(this.log);
  }
}

export const oldIncrUnsynced: PlantedBug = {
  name: "old-incr-unsynced",
  what: "begins a new incr file without having synced the old one",
  parts: { AofWriter: LeavesTheOldOne },
  foundBy: [
    { where: "simulated", scenario: "simulated/swarm", preset: "everysec", kind: "hole" },
    { where: "simulated", scenario: "power-cut/during-aof-rewrite", preset: "everysec", kind: "hole" },
  ],
};
