/**
 * The log ends inside a transaction, and is cut behind its last whole command: MULTI and some commands stay. What is appended
 * next belongs to that transaction, which is not finished until another one is. (As valkey 4342; it takes two crashes.)
 */
import { AofLoader } from "../../server/aof/aof-loader.ts";
import type { PlantedBug } from "./planted-bug.ts";

class CutsBehindTheLastCommand extends AofLoader {
  protected override cutAt(behindLastRecord: number): number {
    return behindLastRecord;
  }
}

export const multiLeftOpen: PlantedBug = {
  name: "multi-left-open",
  what: "leaves the beginning of an unfinished transaction in the log when it cuts a torn end",
  parts: { AofLoader: CutsBehindTheLastCommand },
  foundBy: [{ where: "simulated", scenario: "power-cut/chain", preset: "always", kind: "loss-beyond-bound" }],
};
