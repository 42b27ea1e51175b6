/**
 * The new incr file begins, and a little later the data is frozen for the new base: what was written in between is in
 * both, and is applied twice when they are loaded. (As redis 4834, where a script was cut in two.)
 */
import { AofRewrite } from "../../server/aof/aof-rewrite.ts";
import type { PlantedBug } from "./planted-bug.ts";

const lateMs = 20;

class FreezesLate extends AofRewrite {
  private hasRotated = false;

  override start(): boolean {
    if (this.aof.state !== "on") return super.start();
    super.rotate();
    this.hasRotated = true;
    this.world.clock.after(lateMs, () => super.start());
    return true;
  }

  protected override rotate(): void {
    if (!this.hasRotated) super.rotate();
    this.hasRotated = false;
  }
}

export const writesDoubledInRewrite: PlantedBug = {
  name: "writes-doubled-in-rewrite",
  what: "freezes the data for a new base a moment after the new incr file began",
  parts: { AofRewrite: FreezesLate },
  foundBy: [{ where: "process", scenario: "kill/at-rename", preset: "everysec", kind: "wrong-value" }],
};
