/**
 * A write was cut short by a full disk. It is repeated when there is room again, behind what had arrived of it. (As redis 587
 * and valkey 2627.)
 */
import { AofWriter } from "../../server/aof/aof-writer.ts";
import type { PlantedBug } from "./planted-bug.ts";

class LeavesItBehind extends AofWriter {
  protected override cutBack(): boolean {
    return true;
  }
}

export const shortWriteLeftBehind: PlantedBug = {
  name: "short-write-left-behind",
  what: "repeats a short write without cutting off what had arrived of it",
  parts: { AofWriter: LeavesItBehind },
  foundBy: [{ where: "simulated", scenario: "simulated/troubles", preset: "everysec", kind: "refusal" }],
};
