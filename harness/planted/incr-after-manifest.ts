/**
 * The manifest names the next incr file, and then the file is made. Whoever starts in between misses it.
 */
import { AofRewrite } from "../../server/aof/aof-rewrite.ts";
import type { Part } from "../../server/aof/manifest.ts";
import type { PlantedBug } from "./planted-bug.ts";

class NamesTheIncrFirst extends AofRewrite {
  protected override rotate(): void {
    const { folder, writer } = this.aof;
    this.syncOldIncr();
    const next = folder.manifest.withNextIncr(this.config.get("appendfilename"));
    folder.write(next);
    const file = folder.createIncr(folder.pathOf(next.lastIncr as Part));
    writer.open(file, { chain: undefined, isDurable: true });
    this.aof.countParts();
  }
}

export const incrAfterManifest: PlantedBug = {
  name: "incr-after-manifest",
  what: "names the next incr file in the manifest before it has made it",
  parts: { AofRewrite: NamesTheIncrFirst },
  foundBy: [{ where: "simulated", scenario: "simulated/swarm", preset: "everysec", kind: "refusal" }],
};
