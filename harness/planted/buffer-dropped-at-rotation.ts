/**
 * A rewrite begins in the middle of a turn: the old incr file is closed with records still in the buffer, and the new one
 * begins with an empty one. What is missing is older than what follows it.
 */
import { AofRewrite } from "../../server/aof/aof-rewrite.ts";
import type { PlantedBug } from "./planted-bug.ts";

class DropsTheBuffer extends AofRewrite {
  /** Closing drops what was not written yet. */
  protected override syncOldIncr(): void {
    this.aof.writer.close();
  }
}

export const bufferDroppedAtRotation: PlantedBug = {
  name: "buffer-dropped-at-rotation",
  what: "closes the old incr file before the records of the turn were written to it",
  parts: { AofRewrite: DropsTheBuffer },
  foundBy: [
    { where: "simulated", scenario: "simulated/swarm", preset: "everysec", kind: "hole" },
    { where: "process", scenario: "kill/during-aof-rewrite", preset: "everysec", kind: "hole" },
  ],
};
