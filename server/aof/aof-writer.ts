/**
 * The writer: takes records, and decides when they are written to the log's last file and when that file is synced.
 *
 *     append ──► buffer ──────────► page cache ──────────► platter
 *     position   │      written     │            synced    │
 *                └ end of turn:     └ always: at once, before any reply leaves
 *                  one write          everysec: a second after the last sync began, on another thread
 *                                     no: when the kernel likes
 *
 * The three positions count bytes since the server started, over all files; each follows the one before it.
 *
 * Laws:
 *  1. Nothing is answered for before `flush` has returned, so what was answered is at least written. The exceptions are
 *     Redis's: under everysec a write waits for a sync that is still running, two seconds at most, and a write that
 *     fails is tried again later. `lossbound-write-before-reply` takes both away.
 *  2. `synced` moves when a sync has *ended*, to where `written` was when it *began*.
 *  3. A record that was written in part is cut off again before anything else is written.
 *  4. Under `always`, what cannot be written or synced ends the process, before any reply leaves.
 *  5. A sync that failed is worth nothing when it is only done again: the kernel takes what it could not write for clean
 *     (rule S4). With `lossbound-rewrite-unsynced` it is written again first.
 */
import { assert } from "../assert.ts";
import type { Config, Setting } from "../config/config.ts";
import type { ServerLog } from "../server-log.ts";
import { type Clock, DiskError, type DiskFile, type Process, type Timer } from "../world/world.ts";
import { BatchChain } from "./batch.ts";
import { LogFile, type Sealed } from "./log-file.ts";
import { RecordBuffer } from "./record-buffer.ts";

/** What the writer asks, and tells, the rest of persistence. */
export interface AofWriterOwner {
  /** A saver is at work: a snapshot or a rewrite. */
  readonly isSaving: boolean;
  /** Makes durable the names that the file depends on. @throws DiskError */
  settleNames(): void;
  /** `syncedPosition` has moved. */
  synced(): void;
  /** Another name for another file: 16 hexadecimal digits. */
  drawFileId(): string;
}

export interface AofWriterWorld {
  readonly clock: Clock;
  readonly process: Process;
  readonly log: ServerLog;
}

const syncPeriodMs = 1000;
const postponeMsMax = 2000;
const retryPeriodMs = 1000;
const complaintPeriodMs = 30_000;

export class AofWriter {
  protected readonly config: Config;
  private readonly isStamped: Setting<boolean>;
  protected readonly owner: AofWriterOwner;
  protected readonly world: AofWriterWorld;
  protected readonly buffer = new RecordBuffer();
  protected log: LogFile | undefined;
  private appendedPosition = 0;
  private writtenPosition = 0;
  private durablePosition = 0;
  private syncUnderWay = false;
  private syncBeganMs = Number.NEGATIVE_INFINITY;
  private syncTimer: Timer | undefined;
  private postponedSinceMs: number | undefined;
  private lastTryMs = Number.NEGATIVE_INFINITY;
  private lastComplaintMs = Number.NEGATIVE_INFINITY;
  private writeError: DiskError | undefined;
  private syncError: DiskError | undefined;
  /** Writes that did not wait any longer for a sync that was still running. */
  delayedSyncCount = 0;
  /** A pause before every write: DEBUG AOF-FLUSH-SLEEP. */
  flushDelayUs = 0;

  constructor(config: Config, owner: AofWriterOwner, world: AofWriterWorld) {
    this.config = config;
    this.isStamped = config.setting("aof-timestamp-enabled");
    this.owner = owner;
    this.world = world;
  }

  // ── What is known ───────────────────────────────────────────────────────────────────────────────────────────────

  /** Behind the last record appended. */
  get position(): number {
    return this.appendedPosition;
  }

  /** Everything before it is durable. */
  get syncedPosition(): number {
    return this.durablePosition;
  }

  /** Bytes of the file that is written to. */
  get fileSizeBytes(): number {
    return this.log?.sizeBytes ?? 0;
  }

  get bufferedBytes(): number {
    return this.buffer.sizeBytes + (this.log?.unwrittenBytes ?? 0);
  }

  /** Everything before it is in the file. */
  get filePosition(): number {
    return this.writtenPosition;
  }

  get pendingSyncCount(): number {
    return this.syncUnderWay ? 1 : 0;
  }

  get isOpen(): boolean {
    return this.log !== undefined;
  }

  /** Why writing or syncing fails at present: new writes must be refused. */
  get error(): DiskError | undefined {
    return this.writeError ?? this.syncError;
  }

  // ── Files ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** How a new file is to be begun; undefined: with nothing. Its first line is made durable before the file has a name. */
  newChain(): BatchChain | undefined {
    return this.config.get("lossbound-aof-batch-checksum") ? new BatchChain(this.owner.drawFileId()) : undefined;
  }

  /**
   * From here on records go to `file`. What was buffered before went to the old one, and was synced there. `isDurable`:
   * what the file holds is durable; else the first sync is for that as well.
   */
  open(file: DiskFile, { chain, isDurable }: { chain: BatchChain | undefined; isDurable: boolean }): void {
    assert(this.bufferedBytes === 0, "records of one file do not go to the next one");
    this.log?.file.close();
    this.log = new LogFile(file, { chain, isDurable, keeps: this.config.get("lossbound-rewrite-unsynced") });
    this.buffer.beginFile();
  }

  /** Stops writing; what is still buffered is dropped. */
  close(): void {
    this.buffer.take();
    this.syncTimer?.cancel();
    this.syncTimer = undefined;
    this.postponedSinceMs = undefined;
    this.writeError = this.syncError = undefined;
    this.log?.file.close();
    this.log = undefined;
    this.writtenPosition = this.appendedPosition;
  }

  /** All that was appended so far is durable by another way: a base that holds it. */
  coveredByBase(): void {
    assert(this.bufferedBytes === 0, "a base covers no more than what was flushed");
    this.durablePosition = this.writtenPosition;
    this.owner.synced();
  }

  // ── Records ─────────────────────────────────────────────────────────────────────────────────────────────────────

  append(dbIndex: number, request: readonly string[]): void {
    const stampS = this.isStamped.value ? Math.floor(this.world.clock.wallMs() / 1000) : undefined;
    this.appendedPosition += this.buffer.add(dbIndex, request, stampS);
  }

  /** The end of a turn: writes what was appended, and syncs what is due. */
  flush(): void {
    const { log } = this;
    if (log === undefined) return;
    if (this.bufferedBytes > 0 && !this.waitsBeforeRetry() && !this.postpones()) this.writeOut(log);
    // A disk that takes no more must not keep what it has taken from being synced in time.
    this.syncWhatIsDue(log);
  }

  /** Every tick of the server's clock: what was postponed, what failed, what nobody has synced or attested since. */
  tick(): void {
    this.flush();
    if (this.log?.owesAttestation && this.attest(this.log)) this.syncWhatIsDue(this.log);
  }

  /**
   * Writes and syncs everything now: before a rotation, before the log is switched off, before the end.
   * @throws DiskError
   */
  flushAndSync(): void {
    const { log } = this;
    if (log === undefined) return;
    this.postponedSinceMs = undefined;
    if (this.bufferedBytes > 0 && !this.writeOut(log)) throw this.error as DiskError;
    // One that is under way may fail after this one, and have taken the error for itself.
    if (this.syncUnderWay) log.syncFailed();
    if (log.isUnsynced) this.syncNow(log);
    // The attestation itself is attested by nothing, and need not be.
    if (log.owesAttestation && this.attest(log)) this.syncNow(log);
  }

  /** Writes down that everything so far is durable. False: there is something else to be done first. */
  private attest(log: LogFile): boolean {
    if (this.syncUnderWay || this.error !== undefined || this.bufferedBytes > 0) return false;
    log.seal([], this.appendedPosition);
    return this.writeOut(log);
  }

  // ── Writing ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A write that failed is not tried again in every turn. */
  private waitsBeforeRetry(): boolean {
    return this.writeError !== undefined && this.world.clock.monotonicMs() - this.lastTryMs < retryPeriodMs;
  }

  /**
   * Under everysec: a write to a file that is being synced may hang as long as the sync does, and everybody with it. So
   * it waits for the sync's end, but not for ever.
   */
  protected postpones(): boolean {
    if (!this.syncUnderWay || this.config.get("appendfsync") !== "everysec") return false;
    if (this.config.get("lossbound-write-before-reply")) return false;
    const nowMs = this.world.clock.monotonicMs();
    this.postponedSinceMs ??= nowMs;
    if (nowMs - this.postponedSinceMs < postponeMsMax) return true;
    this.delayedSyncCount++;
    this.world.log.notice(
      "Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting for fsync to " +
        "complete, this may slow down the server.",
    );
    return false;
  }

  /** Writes the whole buffer. False: it could not, and what is missing is still to be written. */
  protected writeOut(log: LogFile): boolean {
    this.postponedSinceMs = undefined;
    if (this.flushDelayUs > 0) this.world.clock.block(this.flushDelayUs / 1000);
    this.lastTryMs = this.world.clock.monotonicMs();
    // What was sealed before and failed goes first, as it is.
    if (log.sealed !== undefined && !this.writeSealed(log, log.sealed)) return false;
    if (this.buffer.sizeBytes > 0) {
      log.seal(this.buffer.take(), this.appendedPosition);
      if (!this.writeSealed(log, log.sealed as unknown as Sealed)) return false;
    }
    if (this.writeError !== undefined) {
      this.writeError = undefined;
      this.world.log.warning("AOF write error looks solved. The server can write again.");
    }
    return true;
  }

  private writeSealed(log: LogFile, sealed: Sealed): boolean {
    let written = 0;
    try {
      for (const piece of sealed.pieces) {
        for (let at = 0; at < piece.length; ) {
          const taken = log.file.append(at === 0 ? piece : piece.subarray(at));
          if (taken === 0) throw new DiskError("ENOSPC", "write", log.file.path);
          at += taken;
          written += taken;
        }
      }
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.writeFailed(log, sealed, written, error);
      return false;
    }
    log.wrote(sealed);
    this.writtenPosition = sealed.position;
    return true;
  }

  private writeFailed(log: LogFile, sealed: Sealed, written: number, error: DiskError): void {
    this.complain(
      written === 0
        ? `Error writing to the AOF file: ${error.reason}`
        : `Short write while writing to the AOF file: ${error.reason} ` +
            `(nwritten=${written}, expected=${log.unwrittenBytes})`,
    );
    log.keepSealed(sealed);
    if (written > 0 && !this.cutBack(log)) log.wroteFirst(sealed, written);
    if (this.config.get("appendfsync") === "always") {
      this.end("Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...");
    }
    this.writeError = error;
  }

  /** Law 3. False: the file ends inside a record, and only the rest of it may follow. */
  protected cutBack(log: LogFile): boolean {
    try {
      log.file.truncate(log.sizeBytes);
      return true;
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.world.log.warning(
        "Could not remove short write from the append-only file.  Redis may refuse to load the AOF the next time it " +
          `starts.  ftruncate: ${error.reason}`,
      );
      return false;
    }
  }

  // ── Syncing ─────────────────────────────────────────────────────────────────────────────────────────────────────

  private syncWhatIsDue(log: LogFile): void {
    if (!log.isUnsynced) return;
    if (this.config.get("no-appendfsync-on-rewrite") && this.owner.isSaving) return;
    switch (this.config.get("appendfsync")) {
      case "always":
        this.syncOrEnd(log);
        return;
      case "everysec":
        this.syncEverySecond(log);
        return;
      case "no":
        return;
    }
  }

  /** `always`: whoever waits for an answer waits for this. */
  protected syncOrEnd(log: LogFile): void {
    try {
      this.syncNow(log);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.end(`Can't persist AOF for fsync error when the AOF fsync policy is 'always': ${error.reason}. Exiting...`);
    }
  }

  private syncEverySecond(log: LogFile): void {
    if (this.syncUnderWay) return;
    const waitMs = this.syncBeganMs + syncPeriodMs - this.world.clock.monotonicMs();
    if (waitMs <= 0) {
      this.syncInBackground(log);
    } else {
      // A timer and not the next turn: the last write before a long silence is synced in time as well.
      this.syncTimer ??= this.world.clock.after(waitMs, () => {
        this.syncTimer = undefined;
        this.flush();
      });
    }
  }

  /** @throws DiskError */
  protected syncNow(log: LogFile): void {
    this.owner.settleNames();
    log.prepareSync();
    try {
      log.file.syncNow();
    } catch (error) {
      log.syncFailed();
      throw error;
    }
    this.syncError = undefined;
    log.synced(log.sizeBytes);
    this.advanceSynced(this.writtenPosition);
  }

  protected syncInBackground(log: LogFile): void {
    const covered = { position: this.writtenPosition, boundary: log.boundaryBytes };
    this.syncBeganMs = this.world.clock.monotonicMs();
    this.syncUnderWay = true;
    this.startSync(log).then(
      () => this.syncEnded(log, covered, undefined),
      (error: unknown) => {
        if (!(error instanceof DiskError)) throw error;
        this.syncEnded(log, covered, error);
      },
    );
  }

  protected async startSync(log: LogFile): Promise<void> {
    this.owner.settleNames();
    log.prepareSync();
    await log.file.sync();
  }

  private syncEnded(
    log: LogFile,
    covered: { readonly position: number; readonly boundary: number },
    error: DiskError | undefined,
  ): void {
    this.syncUnderWay = false;
    if (error === undefined) {
      if (log === this.log) this.syncError = undefined;
      log.synced(covered.boundary);
      this.advanceSynced(covered.position);
    } else {
      log.syncFailed();
      if (log === this.log) {
        this.complain(`Fail to fsync the AOF file: ${error.reason}`);
        this.syncError = error;
      }
    }
    // What waited for this sync is written now.
    this.flush();
  }

  private advanceSynced(position: number): void {
    if (position <= this.durablePosition) return;
    this.durablePosition = position;
    this.owner.synced();
  }

  /** A disk that fails fails often: a line every half minute is enough. */
  private complain(line: string): void {
    const nowMs = this.world.clock.monotonicMs();
    if (nowMs - this.lastComplaintMs < complaintPeriodMs) return;
    this.lastComplaintMs = nowMs;
    this.world.log.warning(line);
  }

  private end(line: string): never {
    this.world.log.warning(line);
    return this.world.process.exit(1);
  }
}
