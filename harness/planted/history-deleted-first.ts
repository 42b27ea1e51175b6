/**
 * The files that a rewrite replaces are deleted, and then the manifest is written that does without them. In between the
 * old manifest names files that are gone.
 */
import { AofRewrite } from "../../server/aof/aof-rewrite.ts";
import { removeIfThere } from "../../server/world/replace-file.ts";
import type { PlantedBug } from "./planted-bug.ts";

class DeletesFirst extends AofRewrite {
  protected override adopt(temp: string, format: "rdb" | "resp"): void {
    const { folder } = this.aof;
    const { base, incrs } = folder.manifest;
    const replaced = [...(base === undefined ? [] : [base]), ...incrs.slice(0, -1)];
    for (const part of replaced) removeIfThere(this.world.disk, folder.pathOf(part));
    super.adopt(temp, format);
  }
}

export const historyDeletedFirst: PlantedBug = {
  name: "history-deleted-first",
  what: "deletes the files that a rewrite replaces before the manifest does without them",
  parts: { AofRewrite: DeletesFirst },
  foundBy: [
    { where: "simulated", scenario: "simulated/swarm", preset: "everysec", kind: "refusal" },
    { where: "process", scenario: "kill/at-rename", preset: "everysec", kind: "refusal" },
  ],
};
