/**
 * A transaction goes to the log as the commands that it is made of, without MULTI and EXEC, and the end of a turn may
 * fall between two of them. (As the pieces of a script in redis 9678, and of a transaction in KeyDB 831.)
 */
import type { Args } from "../../server/commands/command.ts";
import { Persistence } from "../../server/persistence.ts";
import type { PlantedBug } from "./planted-bug.ts";

interface Record {
  readonly dbIndex: number;
  readonly request: Args;
}

class SplitsTransactions extends Persistence {
  private inTransaction = 0;
  /** What comes behind the first command of a transaction waits for the next turn, all of it and in order. */
  private held: Record[] = [];

  override append(dbIndex: number, request: Args): void {
    if (request[0] === "MULTI") {
      this.inTransaction = 1;
    } else if (request[0] === "EXEC") {
      this.inTransaction = 0;
    } else if (this.held.length > 0 || this.inTransaction > 1) {
      this.held.push({ dbIndex, request });
    } else {
      super.append(dbIndex, request);
      if (this.inTransaction > 0) this.inTransaction++;
    }
  }

  override flush(): void {
    super.flush();
    for (const { dbIndex, request } of this.held.splice(0)) super.append(dbIndex, request);
  }
}

export const transactionSplit: PlantedBug = {
  name: "transaction-split",
  what: "logs a transaction as single commands, some of them a turn later",
  parts: { Persistence: SplitsTransactions },
  foundBy: [
    { where: "simulated", scenario: "simulated/swarm", preset: "os-decides", kind: "half-transaction" },
    { where: "process", scenario: "kill/random", preset: "os-decides", kind: "half-transaction" },
  ],
};
