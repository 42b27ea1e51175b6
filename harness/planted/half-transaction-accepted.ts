/**
 * The log ends inside a transaction, and what is there of it is better than nothing. (As redis 5201, KeyDB 831.)
 */
import { AofLoader } from "../../server/aof/aof-loader.ts";
import type { Part } from "../../server/aof/manifest.ts";
import type { Session } from "../../server/session.ts";
import type { PlantedBug } from "./planted-bug.ts";

class ExecutesWhatIsThere extends AofLoader {
  protected override dropUnfinished(part: Part, session: Session): void {
    super.dropUnfinished(part, session);
    this.server.execution.replay(["EXEC"], session);
  }
}

export const halfTransactionAccepted: PlantedBug = {
  name: "half-transaction-accepted",
  what: "executes the part of a transaction that a torn log still holds",
  parts: { AofLoader: ExecutesWhatIsThere },
  foundBy: [{ where: "simulated", scenario: "simulated/swarm", preset: "everysec", kind: "half-transaction" }],
};
