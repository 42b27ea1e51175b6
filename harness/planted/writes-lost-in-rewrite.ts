/**
 * The log goes on in the old file while its rewrite runs, and the new file begins when the rewrite is adopted: what was
 * written in between is in the file that the rewrite makes history.
 */
import { AofRewrite } from "../../server/aof/aof-rewrite.ts";
import type { PlantedBug } from "./planted-bug.ts";

class RotatesWhenAdopting extends AofRewrite {
  protected override rotate(): void {
    // Later, see below.
  }

  protected override adopt(temp: string, format: "rdb" | "resp"): void {
    super.rotate();
    super.adopt(temp, format);
  }
}

export const writesLostInRewrite: PlantedBug = {
  name: "writes-lost-in-rewrite",
  what: "begins a new incr file when a rewrite ends, not when it froze the data",
  parts: { AofRewrite: RotatesWhenAdopting },
  foundBy: [
    { where: "simulated", scenario: "simulated/swarm", preset: "everysec", kind: "hole" },
    { where: "process", scenario: "kill/at-rename", preset: "everysec", kind: "loss-beyond-bound" },
  ],
};
