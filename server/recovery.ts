/**
 * Recovery: what is loaded at the start, what is put in order, and when the server refuses to start.
 *
 *     lock the data ─ read the manifest ─ sweep what dead savers left ─ load ─ open the log ─ delete history
 *
 *     appendonly yes    the log, and nothing else: without one the server is empty, whatever dump.rdb holds
 *     appendonly no     dump.rdb
 *
 * Nothing is overwritten before the operator has decided: damaged files, a folder with a log but without its manifest,
 * and data that another server is using end the start with a word about what to do.
 */
import type { Aof } from "./aof/aof.ts";
import type { AofRewrite } from "./aof/aof-rewrite.ts";
import { BatchChain } from "./aof/batch.ts";
import type { BatchScan } from "./aof/batch-scan.ts";
import { writeAgain } from "./aof/cut.ts";
import { ManifestError, type Part } from "./aof/manifest.ts";
import { logWithoutManifest } from "./aof/stray-parts.ts";
import { DamagedFile } from "./codec/damaged-file.ts";
import { CannotLoad, type Loading, type LoadProgress } from "./loading.ts";
import { loadRdb } from "./rdb-loader.ts";
import { pidOfSaverFile } from "./saver.ts";
import type { SaverDesk } from "./saver-desk.ts";
import type { Server } from "./server.ts";
import type { Snapshots } from "./snapshots.ts";
import { writeWholeSnapshot } from "./whole-snapshot.ts";
import { publish, removeIfThere } from "./world/replace-file.ts";
import { DiskError, HeldError } from "./world/world.ts";

/** Data of this size makes a server so large that it should have a saver ready before. */
const largeDataBytes = 16 * 1024 * 1024;

export interface RecoveryParts {
  readonly aof: Aof;
  readonly rewrite: AofRewrite;
  readonly snapshots: Snapshots;
  readonly desk: SaverDesk;
  readonly progress: LoadProgress;
  /** Keeps a library of functions that a file holds. */
  keepLibrary(source: string): void;
}

export class Recovery {
  protected readonly server: Server;
  protected readonly parts: RecoveryParts;
  /** How the log's last file was found, if it is one of batches. */
  private lastScan: BatchScan | undefined;

  constructor(server: Server, parts: RecoveryParts) {
    this.server = server;
    this.parts = parts;
  }

  /** @throws CannotLoad */
  async start(): Promise<void> {
    const { config, world, log } = this.server;
    await this.lock();
    const wantsLog = config.get("appendonly");
    try {
      this.readManifest();
      if (wantsLog) this.prepareLog();
      this.sweep();
      if (this.sizeBytes(wantsLog) > largeDataBytes) this.parts.desk.prepare();
      const loading = wantsLog ? this.loadLog() : this.loadSnapshot();
      while (loading.next().done !== true) await new Promise<void>((resolve) => world.clock.endOfTurn(resolve));
      if (wantsLog) this.openLog();
      else this.settleSnapshot();
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      throw new CannotLoad(`Fatal error: ${error.message}`);
    }
    if (!wantsLog) return;
    log.verbose(`The append only log is ${this.parts.aof.sizeBytes} bytes`);
    this.parts.rewrite.forget();
  }

  private sizeBytes(wantsLog: boolean): number {
    const { aof, snapshots } = this.parts;
    if (!wantsLog)
      return this.server.world.disk.kind(snapshots.path) === "file" ? this.server.world.disk.size(snapshots.path) : 0;
    const { base, incrs } = aof.folder.manifest;
    return [...(base === undefined ? [] : [base]), ...incrs].reduce((sum, part) => sum + aof.folder.sizeOf(part), 0);
  }

  // ── Loading ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The log as the manifest has it; the keyspace must be empty. @throws CannotLoad, DiskError */
  *loadLog(): Loading {
    const { aof, progress } = this.parts;
    const loader = new this.server.parts.AofLoader(this.server, aof.folder, progress, this.parts.keepLibrary);
    yield* this.withoutExpiry(loader.load());
    this.lastScan = loader.lastScan;
    aof.countParts();
    const { base } = aof.folder.manifest;
    aof.baseSizeBytes = base === undefined ? 0 : aof.folder.sizeOf(base);
  }

  /** dump.rdb, if there is one. `duplicates`: what becomes of a key that is there already. @throws CannotLoad */
  *loadSnapshot(duplicates: "refuse" | "replace" = "refuse"): Loading {
    const { path } = this.parts.snapshots;
    const { disk, clock } = this.server.world;
    const beganMs = clock.monotonicMs();
    try {
      if (disk.kind(path) === undefined) return;
      const file = disk.open(path, "read");
      try {
        this.parts.progress.begin(file.size(), Math.floor(clock.wallMs() / 1000));
        const { progress, keepLibrary } = this.parts;
        const order = { isBaseOfLog: false, duplicates, progress, keepLibrary };
        yield* this.withoutExpiry(loadRdb(this.server, file, order));
      } finally {
        file.close();
      }
    } catch (error) {
      if (!(error instanceof DiskError || error instanceof DamagedFile)) throw error;
      throw new CannotLoad(`Fatal error loading the DB: ${error.message}. Exiting.`);
    }
    this.server.log.notice(`DB loaded from disk: ${((clock.monotonicMs() - beganMs) / 1000).toFixed(3)} seconds`);
  }

  /** Also without a log: it may be switched on later. @throws CannotLoad, DiskError */
  readManifest(): void {
    try {
      this.parts.aof.folder.load();
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      this.server.log.warning("\n*** FATAL AOF MANIFEST FILE ERROR ***");
      if (error.lineNumber > 0) {
        const path = this.parts.aof.folder.manifestPath;
        this.server.log.warning(`Reading the manifest file, at line ${error.lineNumber} of ${path}`);
        this.server.log.warning(`>>> '${error.line}'`);
        this.server.log.warning("Expected on every line: file NAME seq NUMBER type b, h or i; numbers from 1, rising");
      }
      throw new CannotLoad(error.message);
    }
  }

  /**
   * Takes over the single file of an older server. A log without its manifest is not empty: to start, or to begin
   * another one, would mean to lose it.
   * @throws CannotLoad, DiskError
   */
  prepareLog(): void {
    const { folder } = this.parts.aof;
    if (folder.adoptOldFile()) this.server.log.notice("Successfully migrated an old-style AOF into the AOF directory.");
    if (folder.manifest.base !== undefined || folder.manifest.incrs.length > 0) return;
    const stray = logWithoutManifest(this.server, folder);
    if (stray.length === 0) return;
    const lines = stray.map(({ line }) => line).join("\n    ");
    throw new CannotLoad(
      `${folder.path} holds a log but no manifest that names it, and to begin without it would be to lose it. ` +
        `Nothing was changed. To load it, write ${folder.manifestPath} with these lines, as far as they are wanted:\n` +
        `    ${lines}\nTo begin with an empty log, move the files away.`,
    );
  }

  /** While a log is replayed, and no longer, only the log itself removes keys. */
  private *withoutExpiry<R>(loading: Loading<R>): Loading<R> {
    const { keyspace } = this.server;
    keyspace.expiry = "off";
    try {
      return yield* loading;
    } finally {
      keyspace.expiry = "remove";
      keyspace.dirty = 0;
      this.parts.progress.end();
    }
  }

  // ── Before ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** What this server will load and replace must be nobody else's. */
  private async lock(): Promise<void> {
    const { config } = this.server;
    const wantsLog = config.get("appendonly");
    const log = `${config.get("appenddirname")}/${config.get("appendfilename")}`;
    await this.lockName(log, wantsLog);
    // Of servers with logs of their own, several may share a folder, and then replace each other's dump.rdb: as Redis.
    await this.lockName(config.get("dbfilename"), !wantsLog && this.parts.snapshots.hasSavePoints);
  }

  private async lockName(name: string, isNeeded: boolean): Promise<void> {
    try {
      await this.server.world.disk.lock(this.server.config.get("dir"), name);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      const who = error instanceof HeldError ? `is in use by ${error.holder}` : `cannot be locked: ${error.reason}`;
      if (isNeeded) throw new CannotLoad(`${error.path} ${who}. Stop it first, or give this server another dir`);
      this.server.log.warning(`${error.path} ${who}: this server shares its folder`);
    }
  }

  /** Files of savers that died with their server. One that still runs is about to remove its own. */
  private sweep(): void {
    const { config, world, log } = this.server;
    const dir = config.get("dir");
    for (const name of world.disk.list(dir)) {
      const pid = pidOfSaverFile(name);
      if (pid === undefined || world.process.isAlive(pid)) continue;
      log.notice(`Removing ${name}, which a saver left that is gone`);
      removeIfThere(world.disk, `${dir}/${name}`);
    }
    const { folder } = this.parts.aof;
    if (world.disk.kind(folder.temporaryIncrPath) === "file") removeIfThere(world.disk, folder.temporaryIncrPath);
  }

  // ── After ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Opens the last incr file, or begins a log. @throws DiskError */
  protected openLog(): void {
    const { aof } = this.parts;
    const { folder } = aof;
    folder.ensure();
    this.server.world.disk.syncDir(this.server.config.get("dir"));
    const { base, incrs, lastIncr } = folder.manifest;
    if (base === undefined && incrs.length === 0) this.beginLog();
    else if (lastIncr === undefined) this.addIncr();
    else this.continueLog(lastIncr);
    aof.state = "on";
    aof.countParts();
  }

  /** The last file goes on as what it is; where the configuration wants another kind, another file is begun. */
  private continueLog(lastIncr: Part): void {
    const { config, world } = this.server;
    const { folder, writer } = this.parts.aof;
    const wantsBatches = config.get("lossbound-aof-batch-checksum");
    const isDurable = wantsBatches || config.get("lossbound-rewrite-unsynced");
    if (isDurable) this.settleLoaded();
    const { last, ending } = this.lastScan ?? {};
    if (wantsBatches !== (last !== undefined) || ending === "other records") {
      // No manifest names a file before everything in the one before it is durable.
      this.sync(folder.pathOf(lastIncr));
      this.addIncr();
      return;
    }
    const chain = last && new BatchChain(last.file, last.run + 1, last.sum);
    writer.open(world.disk.open(folder.pathOf(lastIncr), "append"), { chain, isDurable });
  }

  /**
   * Makes durable what was loaded, before anybody is told of it: the names, the files, and of the last one, which a sync
   * of the server before may have failed to write, all that is not attested.
   */
  private settleLoaded(): void {
    const { disk } = this.server.world;
    const { folder } = this.parts.aof;
    const { base, incrs, lastIncr } = folder.manifest;
    if (lastIncr !== undefined && this.server.config.get("lossbound-rewrite-unsynced")) {
      writeAgain(disk, folder.pathOf(lastIncr), this.lastScan?.attestedBytes ?? 0);
    }
    for (const part of [...(base === undefined ? [] : [base]), ...incrs]) this.sync(folder.pathOf(part));
    this.sync(folder.manifestPath);
    disk.syncDir(folder.path);
  }

  private settleSnapshot(): void {
    const { config, world } = this.server;
    const { path } = this.parts.snapshots;
    if (!config.get("lossbound-rewrite-unsynced") || world.disk.kind(path) !== "file") return;
    this.sync(path);
    world.disk.syncDir(config.get("dir"));
  }

  private sync(path: string): void {
    const file = this.server.world.disk.open(path, "update");
    try {
      file.syncNow();
    } finally {
      file.close();
    }
  }

  /** A first base, of no keys, and a first incr file. */
  private beginLog(): void {
    const { config, keyspace, world, log } = this.server;
    const { aof, desk, rewrite } = this.parts;
    const format = config.get("aof-use-rdb-preamble") ? "rdb" : "resp";
    const name = config.get("appendfilename");
    const next = aof.folder.manifest.withNextBase(name, format === "rdb" ? "rdb" : "aof", false);
    const base = next.base as Part;
    const job = desk.jobFor("aof-base", format, false);
    const writing = writeWholeSnapshot(keyspace, rewrite.form(format), job, world.disk, world.process.pid);
    let step = writing.next();
    while (step.done !== true) step = writing.next();
    publish(world.disk, step.value.path, aof.folder.pathOf(base));
    log.notice(`Creating AOF base file ${base.name} on server start`);
    this.addIncr(next);
  }

  private addIncr(before = this.parts.aof.folder.manifest): void {
    const { folder, writer } = this.parts.aof;
    const next = before.withNextIncr(this.server.config.get("appendfilename"));
    const incr = next.lastIncr as Part;
    const chain = writer.newChain();
    const file = folder.createIncr(folder.pathOf(incr), chain?.line(0, [], 0));
    writer.open(file, { chain, isDurable: true });
    folder.write(next);
    this.server.log.notice(`Creating AOF incr file ${incr.name} on server start`);
  }
}
