/**
 * A start finds the finished base of a saver whose server died before it could adopt it, and adopts it. The log that belongs
 * behind it begins where the saver's view was frozen, and the log that is there begins earlier.
 */
import type { Part } from "../../server/aof/manifest.ts";
import { Recovery } from "../../server/recovery.ts";
import type { PlantedBug } from "./planted-bug.ts";

class AdoptsOrphans extends Recovery {
  override readManifest(): void {
    super.readManifest();
    const { config, world } = this.server;
    const { folder } = this.parts.aof;
    const { base } = folder.manifest;
    const [orphan] = world.disk.list(config.get("dir")).filter((name) => name.startsWith("temp-rewriteaof-bg-"));
    if (orphan === undefined || base === undefined) return;
    world.disk.rename(`${config.get("dir")}/${orphan}`, folder.pathOf(base as Part));
  }
}

export const orphanedBaseAdopted: PlantedBug = {
  name: "orphaned-base-adopted",
  what: "takes the base that an orphaned saver finished for the base of the log",
  parts: { Recovery: AdoptsOrphans },
  foundBy: [{ where: "simulated", scenario: "simulated/swarm", preset: "everysec", kind: "wrong-value" }],
};
