/**
 * A command that is two changes is logged by each of them, so it is replayed twice. (As redis 1163, BRPOPLPUSH.)
 */
import type { Args } from "../../server/commands/command.ts";
import { Propagation } from "../../server/propagation.ts";
import type { PlantedBug } from "./planted-bug.ts";

class LogsMovesTwice extends Propagation {
  override add(dbIndex: number, request: Args): void {
    super.add(dbIndex, request);
    if (/^(LMOVE|RPOPLPUSH)$/i.test(request[0] ?? "")) super.add(dbIndex, request);
  }
}

export const moveLoggedTwice: PlantedBug = {
  name: "move-logged-twice",
  what: "logs LMOVE once for each of the two lists that it changes",
  parts: { Propagation: LogsMovesTwice },
  foundBy: [{ where: "process", scenario: "kill/random", preset: "os-decides", kind: "wrong-value" }],
};
