/**
 * The rewrite: a new base is made of the data in memory, and takes the place of all that was logged before.
 *
 *     rotate    sync incr 4 ─ create incr 5 ─ sync folder ─ manifest: … incr 4, incr 5 ─ write to incr 5
 *     freeze    the data as it is at that moment; a saver writes it to temp-rewriteaof-bg-<pid>.aof and syncs it
 *     adopt     rename to base 3 ─ sync folder ─ manifest: base 3, incr 5, history: base 2, incr 4
 *     forget    delete what is history ─ manifest without it
 *
 * Laws, of which Redis keeps neither:
 *  1. No manifest names an incr file before everything in the incr file before it is durable: a torn tail in any file
 *     but the last one is damage, and a server that finds it must not start.
 *  2. No manifest names a file whose own name is not durable.
 *
 * When anything fails before the manifest is replaced, nothing has changed but one more incr file.
 */
import type { Config } from "../config/config.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { SaveRun } from "../save-run.ts";
import type { SaverDesk } from "../saver-desk.ts";
import type { ServerLog } from "../server-log.ts";
import { commandForm, headOf, rdbForm, type SnapshotForm } from "../snapshot-form.ts";
import { removeIfThere } from "../world/replace-file.ts";
import { type Clock, type Disk, DiskError, type Process, type SaverEnding, SaverError } from "../world/world.ts";
import type { Aof } from "./aof.ts";
import type { Manifest, Part } from "./manifest.ts";

export interface AofRewriteWorld {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly process: Process;
  readonly log: ServerLog;
  readonly keyspace: Keyspace;
  /** Of functions; see persistence.ts. */
  readonly libraries: readonly string[];
}

export class AofRewrite {
  protected readonly aof: Aof;
  protected readonly desk: SaverDesk;
  protected readonly config: Config;
  protected readonly world: AofRewriteWorld;
  lastStatus: "ok" | "err" = "ok";
  /** −1 before there was any. */
  lastDurationS = -1;
  startedCount = 0;
  consecutiveFailures = 0;
  lastKeptBytes = 0;
  /** One more is wanted as soon as nothing else is under way. */
  isScheduled = false;

  constructor(aof: Aof, desk: SaverDesk, config: Config, world: AofRewriteWorld) {
    this.aof = aof;
    this.desk = desk;
    this.config = config;
    this.world = world;
  }

  get isRunning(): boolean {
    return this.desk.isSaving("aof-base");
  }

  /** Freezes the data and starts a saver on it. False: that failed, and the log says why. */
  start(): boolean {
    this.startedCount++;
    this.isScheduled = false;
    try {
      this.aof.folder.ensure();
      if (this.aof.state === "on") this.rotate();
      else if (this.aof.state === "waiting") this.openTemporaryIncr();
      const format = this.config.get("aof-use-rdb-preamble") ? "rdb" : "resp";
      const { pid } = this.desk.start("aof-base", format, this.form(format), (ending, run) => this.ended(ending, run));
      this.world.log.notice(`Background append only file rewriting started by pid ${pid}`);
      return true;
    } catch (error) {
      if (!(error instanceof DiskError || error instanceof SaverError)) throw error;
      this.world.log.warning(`Can't rewrite append only file in background: ${error.message}`);
      if (this.aof.state === "waiting") this.dropTemporaryIncr();
      this.failed();
      return false;
    }
  }

  /** Ends a rewrite that nobody wants any more. */
  kill(): void {
    const run = this.desk.current;
    if (run === undefined || !this.isRunning) return;
    this.world.log.notice(`Killing running AOF rewrite child: ${run.pid}`);
    run.kill();
  }

  /** How a base of the data as it is now begins and is written. */
  form(format: "rdb" | "resp"): SnapshotForm {
    const { clock, keyspace, libraries } = this.world;
    if (format === "rdb") return rdbForm(headOf(keyspace, this.world, { aofBase: true }), libraries);
    const wallS = Math.floor(clock.wallMs() / 1000);
    return commandForm(this.config.get("aof-timestamp-enabled") ? wallS : undefined, libraries);
  }

  // ── Rotate ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** From here on records go to a new file, which the manifest names. @throws DiskError; then they go on as before */
  protected rotate(): void {
    const { folder, writer } = this.aof;
    this.syncOldIncr();
    const next = folder.manifest.withNextIncr(this.config.get("appendfilename"));
    const path = folder.pathOf(next.lastIncr as Part);
    const chain = writer.newChain();
    const file = folder.createIncr(path, chain?.line(0, [], 0));
    try {
      folder.write(next);
    } catch (error) {
      file.close();
      removeIfThere(this.world.disk, path);
      throw error;
    }
    writer.open(file, { chain, isDurable: true });
    this.aof.countParts();
  }

  /** Law 1. */
  protected syncOldIncr(): void {
    this.aof.writer.flushAndSync();
  }

  protected openTemporaryIncr(): void {
    const { folder, writer } = this.aof;
    const chain = writer.newChain();
    const file = folder.createIncr(folder.temporaryIncrPath, chain?.line(0, [], 0));
    writer.open(file, { chain, isDurable: true });
  }

  private dropTemporaryIncr(): void {
    const { folder, writer } = this.aof;
    writer.close();
    this.world.log.notice(`Removing the temp incr aof file ${folder.temporaryIncrPath}`);
    removeIfThere(this.world.disk, folder.temporaryIncrPath);
  }

  // ── Adopt ───────────────────────────────────────────────────────────────────────────────────────────────────────

  private ended(ending: SaverEnding, run: SaveRun): undefined {
    this.lastKeptBytes = run.keptBytes;
    this.lastDurationS = Math.floor((this.world.clock.monotonicMs() - run.startedMs) / 1000);
    switch (ending.kind) {
      case "saved":
        this.saved(ending.path, run);
        break;
      case "failed":
        this.world.log.warning(`Background AOF rewrite terminated with error: ${ending.why}`);
        this.failed();
        break;
      case "killed":
        this.world.log.warning(`Background AOF rewrite terminated by signal ${ending.signal}`);
        // On purpose is no failure.
        if (ending.signal !== "SIGUSR1") this.failed();
        break;
    }
    if (this.aof.state === "waiting") {
      this.dropTemporaryIncr();
      this.isScheduled = true;
    }
    return undefined;
  }

  private saved(temp: string, run: SaveRun): void {
    const { log } = this.world;
    log.notice("Background AOF rewrite terminated with success");
    try {
      this.adopt(temp, run.job.format);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      log.warning(`The rewritten append only file could not be put in place: ${error.message}`);
      removeIfThere(this.world.disk, temp);
      this.failed();
      return;
    }
    log.notice("Background AOF rewrite finished successfully");
    this.lastStatus = "ok";
    this.consecutiveFailures = 0;
    this.forget();
  }

  /** @throws DiskError; then the log is what it was before */
  protected adopt(temp: string, format: "rdb" | "resp"): void {
    const { aof } = this;
    const { folder, writer } = aof;
    const name = this.config.get("appendfilename");
    const isFirst = aof.state === "waiting";
    if (isFirst) writer.flushAndSync();
    const before = isFirst ? folder.manifest.withNextIncr(name) : folder.manifest;
    const next = before.withNextBase(name, format === "rdb" ? "rdb" : "aof", aof.state !== "off");
    this.putInPlace(temp, next, isFirst);
    if (isFirst) {
      aof.state = "on";
      writer.coveredByBase();
    }
    aof.countParts();
    aof.baseSizeBytes = aof.sizeBytes;
  }

  /** Laws 1 and 2: names first, then the manifest that relies on them. */
  private putInPlace(temp: string, next: Manifest, withTemporaryIncr: boolean): void {
    const { disk } = this.world;
    const { folder } = this.aof;
    const base = folder.pathOf(next.base as Part);
    disk.rename(temp, base);
    const incr = withTemporaryIncr ? folder.pathOf(next.lastIncr as Part) : undefined;
    try {
      if (incr !== undefined) disk.rename(folder.temporaryIncrPath, incr);
      this.syncNames();
      folder.write(next);
    } catch (error) {
      for (const path of [base, incr]) if (path !== undefined) removeIfThere(disk, path);
      throw error;
    }
  }

  /** Law 2. */
  protected syncNames(): void {
    this.world.disk.syncDir(this.aof.folder.path);
    // The other end of the rename: else the base could come back under its old name as well.
    this.world.disk.syncDir(this.config.get("dir"));
  }

  /** Deletes what is history now, unless that is switched off. What cannot be deleted stays history. */
  forget(): void {
    if (this.config.get("aof-disable-auto-gc")) return;
    try {
      this.aof.folder.deleteHistory();
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.world.log.warning(`Old files of the append only log could not be deleted: ${error.message}`);
    }
  }

  protected failed(): void {
    this.lastStatus = "err";
    this.consecutiveFailures++;
  }
}
