/**
 * A command that changes the data is taken for one that does not, and never reaches the log: what it removed is back after
 * a restart. (As redis 142, where it was FLUSHALL.)
 */
import type { Args } from "../../server/commands/command.ts";
import { Propagation } from "../../server/propagation.ts";
import type { PlantedBug } from "./planted-bug.ts";

class LeavesOutUnlink extends Propagation {
  override add(dbIndex: number, request: Args): void {
    if (request[0]?.toUpperCase() !== "UNLINK") super.add(dbIndex, request);
  }
}

export const unlinkNotLogged: PlantedBug = {
  name: "unlink-not-logged",
  what: "leaves UNLINK out of the log",
  parts: { Propagation: LeavesOutUnlink },
  foundBy: [{ where: "process", scenario: "kill/random", preset: "os-decides", kind: "resurrection" }],
};
