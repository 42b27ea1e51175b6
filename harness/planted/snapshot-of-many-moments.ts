/**
 * A snapshot is written while the data changes, and holds each key as it was when the walk came by. Every value in it was
 * right at some time, and all of them together never were.
 */
import type { SlotTable } from "../../server/keyspace/slot-table.ts";
import { Snapshots } from "../../server/snapshots.ts";
import type { PlantedBug } from "./planted-bug.ts";

class KeepsNothing extends Snapshots {
  override startInBackground(): boolean {
    const { keyspace, world } = this.server;
    const started = super.startInBackground();
    if (keyspace.keeper !== undefined) {
      keyspace.keeper = {
        // What has changed is for the walk again, as it is when the walk arrives.
        keep: (table: SlotTable, slot: number) => world.clock.endOfTurn(() => table.versions.forget(slot)),
      };
    }
    return started;
  }
}

export const snapshotOfManyMoments: PlantedBug = {
  name: "snapshot-of-many-moments",
  what: "saves each key as it is when the snapshot reaches it, not as it was when the snapshot began",
  parts: { Snapshots: KeepsNothing },
  foundBy: [{ where: "process", scenario: "kill/during-bgsave", preset: "rdb-only", kind: "hole" }],
};
