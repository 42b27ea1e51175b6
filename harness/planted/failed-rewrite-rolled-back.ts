/**
 * When a rewrite fails, the manifest goes back to what it was before it began. The file that the log goes on in is not
 * named there.
 */
import { AofRewrite } from "../../server/aof/aof-rewrite.ts";
import type { Manifest } from "../../server/aof/manifest.ts";
import type { PlantedBug } from "./planted-bug.ts";

class RollsBack extends AofRewrite {
  private before: Manifest | undefined;

  protected override rotate(): void {
    this.before = this.aof.folder.manifest;
    super.rotate();
  }

  protected override failed(): void {
    super.failed();
    if (this.before !== undefined) this.aof.folder.write(this.before);
  }
}

export const failedRewriteRolledBack: PlantedBug = {
  name: "failed-rewrite-rolled-back",
  what: "takes the current incr file out of the manifest when a rewrite fails",
  parts: { AofRewrite: RollsBack },
  foundBy: [{ where: "process", scenario: "kill/saver", preset: "everysec", kind: "loss-beyond-bound" }],
};
