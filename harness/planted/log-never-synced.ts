/**
 * "always" is taken to mean that every turn is written, which it is; that it is synced as well was forgotten. No kill ever
 * shows it.
 */
import { AofWriter } from "../../server/aof/aof-writer.ts";
import type { PlantedBug } from "./planted-bug.ts";

class WritesAndNoMore extends AofWriter {
  protected override syncOrEnd(): void {
    // What is written is called safe.
  }
}

export const logNeverSynced: PlantedBug = {
  name: "log-never-synced",
  what: "answers under appendfsync always when the log is written, and never syncs it",
  parts: { AofWriter: WritesAndNoMore },
  foundBy: [{ where: "simulated", scenario: "simulated/swarm", preset: "always", kind: "loss-beyond-bound" }],
};
