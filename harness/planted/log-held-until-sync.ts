/**
 * The log is gathered in memory for as long as the sync of it can wait: "everysec" taken for an order to write, too.
 */
import { AofWriter } from "../../server/aof/aof-writer.ts";
import type { PlantedBug } from "./planted-bug.ts";

class WritesEverySecond extends AofWriter {
  private wroteMs = 0;

  override flush(): void {
    const nowMs = this.world.clock.monotonicMs();
    if (nowMs - this.wroteMs < 1_000) return;
    this.wroteMs = nowMs;
    super.flush();
  }
}

export const logHeldUntilSync: PlantedBug = {
  name: "log-held-until-sync",
  what: "keeps the log in memory until the second is over in which it is synced",
  parts: { AofWriter: WritesEverySecond },
  foundBy: [
    { where: "simulated", scenario: "simulated/swarm", preset: "always", kind: "loss-beyond-bound" },
    { where: "process", scenario: "kill/random", preset: "everysec", kind: "loss-beyond-bound" },
  ],
};
