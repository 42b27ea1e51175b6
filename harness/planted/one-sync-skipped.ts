/**
 * Under everysec one sync in three is not made, and counted as if it had been: the log is never more than two seconds behind,
 * and every kill is survived. On a healthy disk the bound of everysec is tight enough to show it (everysec.ts).
 */
import { AofWriter } from "../../server/aof/aof-writer.ts";
import type { LogFile } from "../../server/aof/log-file.ts";
import type { PlantedBug } from "./planted-bug.ts";

class SkipsOneInThree extends AofWriter {
  private due = 0;

  protected override startSync(log: LogFile): Promise<void> {
    return ++this.due % 3 === 0 ? Promise.resolve() : super.startSync(log);
  }
}

export const oneSyncSkipped: PlantedBug = {
  name: "one-sync-skipped",
  what: "leaves out one sync in three under appendfsync everysec, and takes it for made",
  parts: { AofWriter: SkipsOneInThree },
  foundBy: [{ where: "simulated", scenario: "power-cut/everysec", preset: "everysec", kind: "loss-beyond-bound" }],
};
