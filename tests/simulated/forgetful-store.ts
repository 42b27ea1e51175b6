/** A store that answers under `appendfsync always` without waiting for the disk: for tests of what must find it. */
import { AofWriter } from "../../server/aof/aof-writer.ts";
import { correctParts, type Parts } from "../../server/parts.ts";

class ForgetfulWriter extends AofWriter {
  protected override syncOrEnd(): void {
    // The log's file is written, and never synced.
  }
}

export const forgetfulParts: Parts = { ...correctParts, AofWriter: ForgetfulWriter };
