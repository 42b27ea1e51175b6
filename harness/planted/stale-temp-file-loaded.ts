/**
 * A start takes the newest snapshot that it finds for the one that counts, the half file of a dead saver included.
 */
import { Recovery } from "../../server/recovery.ts";
import { pidOfSaverFile } from "../../server/saver.ts";
import type { PlantedBug } from "./planted-bug.ts";

class TakesTempFiles extends Recovery {
  override readManifest(): void {
    const { config, world } = this.server;
    const dir = config.get("dir");
    const [temp] = world.disk.list(dir).filter((name) => name.endsWith(".rdb") && pidOfSaverFile(name) !== undefined);
    if (temp !== undefined) world.disk.rename(`${dir}/${temp}`, this.parts.snapshots.path);
    super.readManifest();
  }
}

export const staleTempFileLoaded: PlantedBug = {
  name: "stale-temp-file-loaded",
  what: "takes a snapshot's temporary file for the snapshot when it starts",
  parts: { Recovery: TakesTempFiles },
  foundBy: [
    { where: "simulated", scenario: "simulated/swarm", preset: "rdb-only", kind: "refusal" },
    { where: "process", scenario: "kill/during-bgsave", preset: "rdb-only", kind: "refusal" },
  ],
};
