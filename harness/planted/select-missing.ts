/**
 * A new incr file begins with whatever database the old one had selected last, and does not say so: on loading, its first
 * records go to database 0.
 */
import { AofWriter } from "../../server/aof/aof-writer.ts";
import { RecordBuffer } from "../../server/aof/record-buffer.ts";
import type { PlantedBug } from "./planted-bug.ts";

class RemembersTheDatabase extends RecordBuffer {
  override beginFile(): void {
    // The database that was selected last is taken for selected.
  }
}

class ForgetsToSelect extends AofWriter {
  protected override readonly buffer = new RemembersTheDatabase();

  override open(...opening: Parameters<AofWriter["open"]>): void {
    // The files that a start opens are none of this bug's business.
    if (!this.isOpen) RecordBuffer.prototype.beginFile.call(this.buffer);
    super.open(...opening);
  }
}

export const selectMissing: PlantedBug = {
  name: "select-missing",
  what: "begins a new incr file without naming the database of its first records",
  parts: { AofWriter: ForgetsToSelect },
  foundBy: [
    {
      where: "process",
      scenario: "kill/at-rename",
      preset: "everysec",
      kind: "hole",
      orAs: ["phantom", "wrong-value"],
    },
  ],
};
