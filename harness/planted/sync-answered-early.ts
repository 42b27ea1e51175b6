/**
 * The sync is started, and the replies leave with it under way. On a disk that syncs at once nobody sees it. (As redis 9416,
 * and 5.0 before it.)
 */
import { AofWriter } from "../../server/aof/aof-writer.ts";
import type { LogFile } from "../../server/aof/log-file.ts";
import type { PlantedBug } from "./planted-bug.ts";

class DoesNotWait extends AofWriter {
  protected override syncOrEnd(log: LogFile): void {
    this.syncInBackground(log);
  }
}

export const syncAnsweredEarly: PlantedBug = {
  name: "sync-answered-early",
  what: "answers under appendfsync always while the sync is under way",
  parts: { AofWriter: DoesNotWait },
  foundBy: [{ where: "simulated", scenario: "simulated/swarm", preset: "always", kind: "loss-beyond-bound" }],
};
