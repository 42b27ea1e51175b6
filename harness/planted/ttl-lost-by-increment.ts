/**
 * INCRBYFLOAT is logged as the SET of its result, and a SET drops the deadline unless it is told to keep it. (As redis
 * 5256.)
 */
import type { Args } from "../../server/commands/command.ts";
import { Propagation } from "../../server/propagation.ts";
import type { PlantedBug } from "./planted-bug.ts";

class DropsKeepTtl extends Propagation {
  override add(dbIndex: number, request: Args): void {
    super.add(
      dbIndex,
      request.filter((word, index) => index < 3 || word !== "KEEPTTL"),
    );
  }
}

export const ttlLostByIncrement: PlantedBug = {
  name: "ttl-lost-by-increment",
  what: "logs INCRBYFLOAT as a SET that drops the key's deadline",
  parts: { Propagation: DropsKeepTtl },
  foundBy: [
    { where: "simulated", scenario: "simulated/swarm", preset: "os-decides", kind: "wrong-value" },
    { where: "process", scenario: "kill/random", preset: "os-decides", kind: "wrong-value" },
  ],
};
