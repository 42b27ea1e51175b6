/**
 * A rewritten log has every key and no deadline: after a restart, keys live on that should have expired. (As redis 1079.)
 */
import { AofRewrite } from "../../server/aof/aof-rewrite.ts";
import { NEVER } from "../../server/keyspace/slot-table.ts";
import type { SnapshotForm } from "../../server/snapshot-form.ts";
import type { PlantedBug } from "./planted-bug.ts";

class DropsDeadlines extends AofRewrite {
  override form(format: "rdb" | "resp"): SnapshotForm {
    const honest = super.form(format);
    return {
      ...honest,
      key: (out, key, value) => honest.key(out, key, value, NEVER),
      frozenKey: (out, key, value) => honest.frozenKey(out, key, value, NEVER),
    };
  }
}

export const ttlDroppedByRewrite: PlantedBug = {
  name: "ttl-dropped-by-rewrite",
  what: "leaves out deadlines when it rewrites the log",
  parts: { AofRewrite: DropsDeadlines },
  foundBy: [
    { where: "simulated", scenario: "simulated/swarm", preset: "everysec-resp", kind: "wrong-value" },
    { where: "process", scenario: "kill/at-rename", preset: "everysec-resp", kind: "wrong-value" },
  ],
};
