/**
 * While a saver is at work the log is not written, because the rewrite is about to replace it anyway; what came meanwhile
 * is appended when the saver is done. Until then it is nowhere.
 */
import { AofWriter } from "../../server/aof/aof-writer.ts";
import type { PlantedBug } from "./planted-bug.ts";

class RestsDuringSaves extends AofWriter {
  override flush(): void {
    if (!this.owner.isSaving) super.flush();
  }
}

export const logHeldDuringRewrite: PlantedBug = {
  name: "log-held-during-rewrite",
  what: "keeps the log in memory while a child rewrites it",
  parts: { AofWriter: RestsDuringSaves },
  foundBy: [
    { where: "simulated", scenario: "simulated/swarm", preset: "always", kind: "loss-beyond-bound" },
    { where: "process", scenario: "kill/during-aof-rewrite", preset: "always", kind: "loss-beyond-bound" },
  ],
};
