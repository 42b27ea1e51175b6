/**
 * The saver's file is not renamed into the log's folder but copied there, which works across file systems too, and the copy
 * is not synced.
 */
import { AofRewrite } from "../../server/aof/aof-rewrite.ts";
import type { PlantedBug } from "./planted-bug.ts";

class CopiesTheBase extends AofRewrite {
  protected override adopt(temp: string, format: "rdb" | "resp"): void {
    const saved = this.world.disk.open(temp, "read");
    const bytes = saved.read(0, saved.size());
    saved.close();
    this.world.disk.remove(temp);
    const copy = this.world.disk.open(temp, "create");
    for (let at = 0; at < bytes.length; at += copy.append(bytes.subarray(at)));
    copy.close();
    super.adopt(temp, format);
  }
}

export const baseUnsynced: PlantedBug = {
  name: "base-unsynced",
  what: "puts a copy of the new base in place, and does not sync it",
  parts: { AofRewrite: CopiesTheBase },
  foundBy: [{ where: "simulated", scenario: "simulated/swarm", preset: "everysec", kind: "hole" }],
};
