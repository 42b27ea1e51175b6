/**
 * Persistence: the log, the snapshots and the recovery together, as a server's turns use them. The moments, in the order
 * in which a turn meets them:
 *
 *     request ─ refusal() ─ execute ─ append(…) ─ … end of turn ─ flush() ─ replies leave
 *     cron    ─ tick() ─ expired keys: append(…) ─ end of turn ─ flush()
 *     start   ─ recover()                    stop ─ preparingStop(…)
 *
 * What it is made of, and who uses whom:
 *
 *     snapshots ──┐                    ┌── recovery
 *     rewrite ────┴─► desk ─► saver    ├─► folder, writer
 *     schedule, switch ─► rewrite ─────┘
 */
import { Aof } from "./aof/aof.ts";
import { AofFolder } from "./aof/aof-folder.ts";
import type { AofRewrite } from "./aof/aof-rewrite.ts";
import { AofSwitch } from "./aof/aof-switch.ts";
import { FileIds } from "./aof/file-ids.ts";
import { RewriteSchedule } from "./aof/rewrite-schedule.ts";
import type { Args } from "./commands/command.ts";
import { BadValue } from "./config/directive.ts";
import { CannotLoad, type Loading, LoadProgress } from "./loading.ts";
import { persistenceInfo } from "./persistence-info.ts";
import type { EntryLog } from "./propagation.ts";
import type { Recovery } from "./recovery.ts";
import { ReplyError } from "./resp/reply.ts";
import { SaverDesk } from "./saver-desk.ts";
import type { Server } from "./server.ts";
import type { Session } from "./session.ts";
import type { Snapshots } from "./snapshots.ts";
import { DiskError } from "./world/world.ts";

/** A server of this size keeps a saver ready. */
const largeServerBytes = 160 * 1024 * 1024;

/** How a server is told to end. */
export interface StopOrder {
  /** SAVE, NOSAVE, or as the save points say. */
  readonly save: "yes" | "no" | "as configured";
  /** End even where something could not be saved. */
  readonly force: boolean;
}

export class Persistence implements EntryLog {
  readonly aof: Aof;
  readonly rewrite: AofRewrite;
  readonly snapshots: Snapshots;
  readonly desk: SaverDesk;
  readonly progress = new LoadProgress();
  /** Libraries of functions that were loaded: not run here, but kept and written back. */
  readonly libraries: string[] = [];
  protected readonly server: Server;
  protected readonly recovery: Recovery;
  private readonly keepsReplies: boolean;
  private readonly schedule: RewriteSchedule;
  private readonly aofSwitch: AofSwitch;

  constructor(server: Server) {
    this.server = server;
    this.keepsReplies = server.config.get("lossbound-write-before-reply");
    const { world, config, keyspace, log, parts } = server;
    const { clock, disk, process } = world;
    this.desk = new SaverDesk(world, config, keyspace, server.statistics);
    const folder = new AofFolder(disk, {
      get dir() {
        return config.get("dir");
      },
      appenddirname: config.get("appenddirname"),
      appendfilename: config.get("appendfilename"),
      checksum: config.get("lossbound-aof-batch-checksum"),
    });
    const { desk } = this;
    const fileIds = new FileIds(world.random);
    const owner = {
      get isSaving() {
        return desk.isBusy;
      },
      settleNames: () => folder.settle(),
      synced: () => server.blocking.report("sync ended"),
      drawFileId: () => fileIds.draw(clock.wallMs()),
    };
    const writer = new parts.AofWriter(config, owner, { clock, process, log });
    this.aof = new Aof(folder, writer);
    const { aof, libraries } = this;
    this.rewrite = new parts.AofRewrite(aof, desk, config, { clock, disk, process, log, keyspace, libraries });
    this.schedule = new RewriteSchedule(aof, this.rewrite, desk, config, { clock, log });
    this.aofSwitch = new AofSwitch(aof, this.rewrite, desk, { disk, log });
    this.snapshots = new parts.Snapshots(server, desk, libraries);
    this.recovery = new parts.Recovery(server, {
      aof,
      rewrite: this.rewrite,
      snapshots: this.snapshots,
      desk,
      progress: this.progress,
      keepLibrary: (source) => void libraries.push(source),
    });
    config.whenSet("appendonly", (on) => this.switchLog(on));
    config.whenSet("aof-disable-auto-gc", () => this.rewrite.forget());
  }

  // ── The turn ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** False: nothing is logged, entries need not be made. */
  get wanted(): boolean {
    return this.aof.wanted;
  }

  /** The log's position behind the last entry appended; grows. A sync makes all up to some position durable. */
  get position(): number {
    return this.aof.writer.position;
  }

  append(dbIndex: number, request: Args): void {
    this.aof.writer.append(dbIndex, request);
  }

  /** Writes what was appended; under `appendfsync always` it is also synced when this returns. */
  flush(): void {
    this.aof.writer.flush();
  }

  /**
   * Whether what this session wrote is not in the log's file yet and must not be answered before it is: a full disk, for
   * one, makes it wait.
   */
  holdsBack(session: Session): boolean {
    return this.keepsReplies && session.wrotePosition > this.aof.writer.filePosition;
  }

  /** Why write commands are refused at this moment; undefined while they are not. */
  refusal(): ReplyError | undefined {
    if (this.snapshots.refusesWrites) {
      return new ReplyError(
        "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands " +
          "that may modify the data set are disabled (stop-writes-on-bgsave-error). The log says what is wrong.",
      );
    }
    const error = this.aof.state === "off" ? undefined : this.aof.writer.error;
    return error === undefined ? undefined : new ReplyError(`MISCONF Errors writing to the AOF file: ${error.reason}`);
  }

  /** Save points, rewrites that are due, what was postponed or failed. */
  tick(): void {
    this.schedule.startScheduled();
    this.snapshots.tick();
    this.schedule.startDue();
    this.aof.writer.tick();
    if (this.server.world.process.memoryBytes() > largeServerBytes) this.desk.prepare();
  }

  // ── What commands ask for ───────────────────────────────────────────────────────────────────────────────────────

  /** All keys of all databases were just removed by FLUSHALL. */
  flushedAll(): void {
    this.snapshots.flushedAll();
  }

  /** The fields of INFO's section `persistence`, in order. */
  info(): readonly (readonly [name: string, value: string | number])[] {
    return persistenceInfo(this.server, this);
  }

  /** DEBUG LOADAOF: forgets all keys and loads the log again. @throws CannotLoad, DiskError */
  reloadLog(): void {
    // All of it: a write that waits for a sync would be forgotten with the keys.
    if (this.aof.state === "on") this.aof.writer.flushAndSync();
    this.forgetKeys();
    this.recovery.readManifest();
    this.drive(this.recovery.loadLog());
  }

  /** DEBUG RELOAD: saves, and forgets all keys, where that is wanted, and loads. False: the save failed. */
  reloadSnapshot({ save, flush }: { readonly save: boolean; readonly flush: boolean }): boolean {
    if (save && !this.snapshots.saveNow()) return false;
    if (flush) this.forgetKeys();
    this.drive(this.recovery.loadSnapshot(flush ? "refuse" : "replace"));
    return true;
  }

  // ── Start and stop ──────────────────────────────────────────────────────────────────────────────────────────────

  /** Loads what the folder holds, and opens the log. `server.loading` is set meanwhile. @throws CannotLoad */
  async recover(): Promise<void> {
    await this.recovery.start();
  }

  /**
   * Writes, syncs and saves what the order asks for, while nothing else is executed. Ended early it leaves no temporary
   * file. Gives undefined: the process may end; else why it must not.
   */
  *preparingStop(order: StopOrder): Loading<string | undefined> {
    const { log } = this.server;
    if (this.desk.isSaving("rdb")) {
      log.warning("There is a child saving an .rdb. Killing it!");
      this.snapshots.kill();
    }
    if (this.aof.state === "waiting") {
      if (!order.force) return "Writing initial AOF, can't exit.";
      log.warning("Writing initial AOF. Exit anyway.");
    }
    this.rewrite.kill();
    const unsynced = this.syncLog();
    if (unsynced !== undefined && !order.force) return unsynced;
    const saves = order.save === "yes" || (order.save === "as configured" && this.snapshots.hasSavePoints);
    if (!saves) return undefined;
    log.notice("Saving the final RDB snapshot before exiting.");
    if ((yield* this.snapshots.savingHere()) || order.force) return undefined;
    return "Error trying to save the DB, can't exit.";
  }

  /** Why the log is not durable as far as it was written; undefined when it is. */
  private syncLog(): string | undefined {
    if (this.aof.state === "off") return undefined;
    this.server.log.notice("Calling fsync() on the AOF file.");
    try {
      this.aof.writer.flushAndSync();
      return undefined;
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      return `Fail to fsync the AOF file: ${error.message}.`;
    }
  }

  private switchLog(on: boolean): void {
    if (!on) {
      this.aofSwitch.off();
      return;
    }
    try {
      this.recovery.prepareLog();
    } catch (error) {
      if (!(error instanceof CannotLoad || error instanceof DiskError)) throw error;
      this.server.log.warning(error.message);
      throw new BadValue("Unable to turn on AOF. Check server logs.");
    }
    if (!this.aofSwitch.on(this.server.execution.isInTransaction)) {
      throw new BadValue("Unable to turn on AOF. Check server logs.");
    }
  }

  private forgetKeys(): void {
    for (const db of this.server.keyspace.databases) db.clear();
    this.libraries.length = 0;
  }

  private drive(loading: Loading): void {
    while (loading.next().done !== true);
  }
}
