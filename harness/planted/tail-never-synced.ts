/**
 * The sync that is due is begun by the next write. When clients fall silent, what they wrote last is never synced. (As redis
 * 5985 and 6053.)
 */
import { AofWriter } from "../../server/aof/aof-writer.ts";
import type { PlantedBug } from "./planted-bug.ts";

class SyncsWhenItWrites extends AofWriter {
  override flush(): void {
    if (this.bufferedBytes > 0) super.flush();
  }
}

export const tailNeverSynced: PlantedBug = {
  name: "tail-never-synced",
  what: "syncs the log every second, but only in a turn that writes",
  parts: { AofWriter: SyncsWhenItWrites },
  foundBy: [{ where: "simulated", scenario: "simulated/swarm", preset: "everysec", kind: "loss-beyond-bound" }],
};
