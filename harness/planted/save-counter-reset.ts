/**
 * When a snapshot is done its changes are taken for saved, and so is what changed while it was written: no save point
 * counts that any more.
 */
import { Snapshots } from "../../server/snapshots.ts";
import type { PlantedBug } from "./planted-bug.ts";

class ForgetsChanges extends Snapshots {
  protected override async publishInBackground(temp: string): Promise<void> {
    await super.publishInBackground(temp);
    if (this.lastStatus === "ok") this.server.keyspace.dirty = 0;
  }
}

export const saveCounterReset: PlantedBug = {
  name: "save-counter-reset",
  what: "counts what changed while a snapshot was written as saved with it",
  parts: { Snapshots: ForgetsChanges },
  foundBy: [{ where: "simulated", scenario: "simulated/save-points", preset: "rdb-only", kind: "loss-beyond-bound" }],
};
