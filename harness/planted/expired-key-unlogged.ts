/**
 * A key whose time is over is removed from memory, and the log is not told. A replay asks no clock: what is written to the
 * key afterwards meets the old value there, and its old deadline. (As redis 4950.)
 */
import { Propagation } from "../../server/propagation.ts";
import type { PlantedBug } from "./planted-bug.ts";

class KeepsExpiryToItself extends Propagation {
  override addExpired(): void {
    // The key is gone, in memory.
  }
}

export const expiredKeyUnlogged: PlantedBug = {
  name: "expired-key-unlogged",
  what: "leaves the removal of a key whose time is over out of the log",
  parts: { Propagation: KeepsExpiryToItself },
  foundBy: [{ where: "simulated", scenario: "simulated/expiry", preset: "os-decides", kind: "hole" }],
};
