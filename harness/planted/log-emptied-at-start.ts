/**
 * A start loads the log, and then opens its last file as one opens a new one. Nothing shows until the next start.
 */
import { Recovery } from "../../server/recovery.ts";
import type { PlantedBug } from "./planted-bug.ts";

class OpensAfresh extends Recovery {
  protected override openLog(): void {
    const { folder } = this.parts.aof;
    const { lastIncr } = folder.manifest;
    if (lastIncr !== undefined) this.server.world.disk.open(folder.pathOf(lastIncr), "create").close();
    super.openLog();
  }
}

export const logEmptiedAtStart: PlantedBug = {
  name: "log-emptied-at-start",
  what: "empties the last file of the log when it opens it to go on",
  parts: { Recovery: OpensAfresh },
  foundBy: [
    { where: "simulated", scenario: "simulated/swarm", preset: "everysec", kind: "unstable-recovery" },
    { where: "process", scenario: "kill/random", preset: "everysec", kind: "unstable-recovery" },
  ],
};
