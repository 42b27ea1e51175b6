/**
 * Switching the log on and off while the server runs.
 *
 *     on     the data is there already, so a log begins with a rewrite: see the states in aof.ts
 *     off    what was logged is made durable, and the files stay as they are
 */
import type { SaverDesk } from "../saver-desk.ts";
import type { ServerLog } from "../server-log.ts";
import { removeIfThere } from "../world/replace-file.ts";
import { type Disk, DiskError } from "../world/world.ts";
import type { Aof } from "./aof.ts";
import type { AofRewrite } from "./aof-rewrite.ts";

export class AofSwitch {
  private readonly aof: Aof;
  private readonly rewrite: AofRewrite;
  private readonly desk: SaverDesk;
  private readonly disk: Disk;
  private readonly log: ServerLog;

  constructor(aof: Aof, rewrite: AofRewrite, desk: SaverDesk, world: { readonly disk: Disk; readonly log: ServerLog }) {
    this.aof = aof;
    this.rewrite = rewrite;
    this.desk = desk;
    this.disk = world.disk;
    this.log = world.log;
  }

  /** `later`: not at this moment, in the middle of a transaction. False: it stays off, and the log says why. */
  on(later: boolean): boolean {
    // A rewrite that began without a log has no records of what came since.
    if (this.rewrite.isRunning) this.rewrite.kill();
    this.aof.state = "waiting";
    if (later || this.desk.isBusy) {
      this.rewrite.isScheduled = true;
      this.log.warning(
        "AOF was enabled but there is already another background operation. An AOF background was scheduled to start " +
          "when possible.",
      );
      return true;
    }
    if (this.rewrite.start()) return true;
    this.aof.state = "off";
    return false;
  }

  off(): void {
    const { aof } = this;
    const wasWaiting = aof.state === "waiting";
    try {
      aof.writer.flushAndSync();
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.log.warning(`Fail to fsync the AOF file: ${error.message}`);
    }
    aof.writer.close();
    aof.state = "off";
    this.rewrite.isScheduled = false;
    this.rewrite.kill();
    if (wasWaiting) removeIfThere(this.disk, aof.folder.temporaryIncrPath);
  }
}
