/**
 * WAITAOF looks at what was written where it should look at what was synced: all that reached the file by the end of a sync
 * is called durable, also what came after the sync began. (As redis 13793.)
 */
import { AofWriter } from "../../server/aof/aof-writer.ts";
import type { PlantedBug } from "./planted-bug.ts";

class CallsWrittenDurable extends AofWriter {
  override get syncedPosition(): number {
    return this.filePosition;
  }
}

export const waitaofForWritten: PlantedBug = {
  name: "waitaof-for-written",
  what: "lets WAITAOF answer for what was written and not yet synced",
  parts: { AofWriter: CallsWrittenDurable },
  foundBy: [{ where: "simulated", scenario: "simulated/swarm", preset: "everysec", kind: "false-durable-reply" }],
};
