/**
 * The manifest names the new base before the file has that name. Whoever starts in between finds a manifest that names
 * nothing, and must refuse.
 */
import { AofRewrite } from "../../server/aof/aof-rewrite.ts";
import type { Part } from "../../server/aof/manifest.ts";
import type { PlantedBug } from "./planted-bug.ts";

class NamesTheBaseFirst extends AofRewrite {
  protected override adopt(temp: string, format: "rdb" | "resp"): void {
    const { aof } = this;
    if (aof.state !== "on") {
      super.adopt(temp, format);
      return;
    }
    const { folder } = aof;
    const name = this.config.get("appendfilename");
    folder.write(folder.manifest.withNextBase(name, format === "rdb" ? "rdb" : "aof", true));
    this.world.disk.rename(temp, folder.pathOf(folder.manifest.base as Part));
    this.syncNames();
    aof.countParts();
    aof.baseSizeBytes = aof.sizeBytes;
  }
}

export const manifestBeforeBase: PlantedBug = {
  name: "manifest-before-base",
  what: "writes the manifest before the base that it names is in place",
  parts: { AofRewrite: NamesTheBaseFirst },
  foundBy: [
    { where: "simulated", scenario: "simulated/swarm", preset: "everysec", kind: "refusal" },
    { where: "process", scenario: "kill/at-rename", preset: "everysec", kind: "refusal" },
  ],
};
