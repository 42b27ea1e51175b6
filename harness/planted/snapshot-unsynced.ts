/**
 * A finished snapshot is put in place as a copy, and the copy is not synced: the folder is, so that the name dump.rdb is
 * durable before what it names. (As redis 1604.)
 */
import { Snapshots } from "../../server/snapshots.ts";
import type { PlantedBug } from "./planted-bug.ts";

class CopiesTheSnapshot extends Snapshots {
  protected override publishInBackground(temp: string): Promise<void> {
    const { disk } = this.server.world;
    const saved = disk.open(temp, "read");
    const bytes = saved.read(0, saved.size());
    saved.close();
    disk.remove(temp);
    const copy = disk.open(temp, "create");
    for (let at = 0; at < bytes.length; at += copy.append(bytes.subarray(at)));
    copy.close();
    return super.publishInBackground(temp);
  }
}

export const snapshotUnsynced: PlantedBug = {
  name: "snapshot-unsynced",
  what: "puts a copy of the snapshot in place, and does not sync it",
  parts: { Snapshots: CopiesTheSnapshot },
  foundBy: [{ where: "simulated", scenario: "simulated/swarm", preset: "rdb-only", kind: "refusal" }],
};
