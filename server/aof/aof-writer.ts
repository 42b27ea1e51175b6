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
 *  1. Nothing is answered for before `flush` has returned, so what was answered is at least written; the one exception
 *     is Redis's: under everysec a write waits for a sync that is still running, two seconds at most.
 *  2. `synced` moves when a sync has *ended*, to where `written` was when it *began*.
 *  3. A record that was written in part is cut off again before anything else is written.
 *  4. Under `always`, what cannot be written or synced ends the process, before any reply leaves.
 */
import { assert } from "../assert.ts";
import type { Config } from "../config/config.ts";
import type { ServerLog } from "../server-log.ts";
import { type Clock, DiskError, type DiskFile, type Process, type Timer } from "../world/world.ts";
import { RecordBuffer } from "./record-buffer.ts";

/** What the writer asks, and tells, the rest of persistence. */
export interface AofWriterOwner {
  /** A saver is at work: a snapshot or a rewrite. */
  readonly isSaving: boolean;
  /** Makes durable the names that the file depends on. @throws DiskError */
  settleNames(): void;
  /** `syncedPosition` has moved. */
  synced(): void;
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
  protected readonly owner: AofWriterOwner;
  protected readonly world: AofWriterWorld;
  protected readonly buffer = new RecordBuffer();
  protected file: DiskFile | undefined;
  private fileBytes = 0;
  private appendedPosition = 0;
  private writtenPosition = 0;
  private durablePosition = 0;
  /** The file holds bytes of which this process does not know whether they are durable. */
  private inheritsUnsynced = false;
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
    return this.fileBytes;
  }

  get bufferedBytes(): number {
    return this.buffer.sizeBytes;
  }

  get pendingSyncCount(): number {
    return this.syncUnderWay ? 1 : 0;
  }

  get isOpen(): boolean {
    return this.file !== undefined;
  }

  /** Why writing or syncing fails at present: new writes must be refused. */
  get error(): DiskError | undefined {
    return this.writeError ?? this.syncError;
  }

  // ── Files ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** From here on records go to `file`. What was buffered before went to the old one, and was synced there. */
  open(file: DiskFile): void {
    assert(this.buffer.sizeBytes === 0, "records of one file do not go to the next one");
    this.file?.close();
    this.file = file;
    this.fileBytes = file.size();
    this.inheritsUnsynced = this.fileBytes > 0;
    this.buffer.beginFile();
  }

  /** Stops writing; what is still buffered is dropped. */
  close(): void {
    this.buffer.drop(this.buffer.sizeBytes);
    this.syncTimer?.cancel();
    this.syncTimer = undefined;
    this.postponedSinceMs = undefined;
    this.writeError = this.syncError = undefined;
    this.file?.close();
    this.file = undefined;
    this.fileBytes = 0;
    this.inheritsUnsynced = false;
    this.writtenPosition = this.appendedPosition;
  }

  /** All that was appended so far is durable by another way: a base that holds it. */
  coveredByBase(): void {
    assert(this.buffer.sizeBytes === 0, "a base covers no more than what was flushed");
    this.durablePosition = this.writtenPosition;
    this.owner.synced();
  }

  // ── Records ─────────────────────────────────────────────────────────────────────────────────────────────────────

  append(dbIndex: number, request: readonly string[]): void {
    const stampS = this.config.get("aof-timestamp-enabled") ? Math.floor(this.world.clock.wallMs() / 1000) : undefined;
    this.appendedPosition += this.buffer.add(dbIndex, request, stampS);
  }

  /** The end of a turn: writes what was appended, and syncs what is due. */
  flush(): void {
    if (this.file === undefined) return;
    if (this.buffer.sizeBytes > 0) {
      if (this.waitsBeforeRetry() || this.postpones()) return;
      if (!this.writeOut(this.file)) return;
    }
    this.syncWhatIsDue(this.file);
  }

  /** Every tick of the server's clock: what was postponed, what failed, what nobody has synced since. */
  tick(): void {
    this.flush();
  }

  /**
   * Writes and syncs everything now: before a rotation, before the log is switched off, before the end.
   * @throws DiskError
   */
  flushAndSync(): void {
    const { file } = this;
    if (file === undefined) return;
    this.postponedSinceMs = undefined;
    if (this.buffer.sizeBytes > 0 && !this.writeOut(file)) throw this.error as DiskError;
    if (this.isUnsynced) this.syncNow(file);
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

  /** Writes the whole buffer. False: it could not, and what is missing is still in the buffer. */
  protected writeOut(file: DiskFile): boolean {
    this.postponedSinceMs = undefined;
    if (this.flushDelayUs > 0) this.world.clock.block(this.flushDelayUs / 1000);
    this.lastTryMs = this.world.clock.monotonicMs();
    let written = 0;
    try {
      for (const piece of this.buffer.bytes()) {
        for (let at = 0; at < piece.length; ) {
          const taken = file.append(at === 0 ? piece : piece.subarray(at));
          if (taken === 0) throw new DiskError("ENOSPC", "write", file.path);
          at += taken;
          written += taken;
        }
      }
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.writeFailed(file, written, error);
      return false;
    }
    this.wrote(written);
    if (this.writeError !== undefined) {
      this.writeError = undefined;
      this.world.log.warning("AOF write error looks solved. The server can write again.");
    }
    return true;
  }

  private wrote(count: number): void {
    this.buffer.drop(count);
    this.fileBytes += count;
    this.writtenPosition += count;
  }

  private writeFailed(file: DiskFile, written: number, error: DiskError): void {
    this.complain(
      written === 0
        ? `Error writing to the AOF file: ${error.reason}`
        : `Short write while writing to the AOF file: ${error.reason} ` +
            `(nwritten=${written}, expected=${this.buffer.sizeBytes})`,
    );
    if (written > 0 && !this.cutBack(file)) this.wrote(written);
    if (this.config.get("appendfsync") === "always") {
      this.end("Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...");
    }
    this.writeError = error;
  }

  /** Law 3. False: the file ends inside a record, and only the rest of it may follow. */
  protected cutBack(file: DiskFile): boolean {
    try {
      file.truncate(this.fileBytes);
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

  protected get isUnsynced(): boolean {
    return this.inheritsUnsynced || this.durablePosition < this.writtenPosition;
  }

  private syncWhatIsDue(file: DiskFile): void {
    if (!this.isUnsynced) return;
    if (this.config.get("no-appendfsync-on-rewrite") && this.owner.isSaving) return;
    switch (this.config.get("appendfsync")) {
      case "always":
        this.syncOrEnd(file);
        return;
      case "everysec":
        this.syncEverySecond(file);
        return;
      case "no":
        return;
    }
  }

  /** `always`: whoever waits for an answer waits for this. */
  protected syncOrEnd(file: DiskFile): void {
    try {
      this.syncNow(file);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.end(`Can't persist AOF for fsync error when the AOF fsync policy is 'always': ${error.reason}. Exiting...`);
    }
  }

  private syncEverySecond(file: DiskFile): void {
    if (this.syncUnderWay) return;
    const waitMs = this.syncBeganMs + syncPeriodMs - this.world.clock.monotonicMs();
    if (waitMs <= 0) {
      this.syncInBackground(file);
    } else {
      // A timer and not the next turn: the last write before a long silence is synced in time as well.
      this.syncTimer ??= this.world.clock.after(waitMs, () => {
        this.syncTimer = undefined;
        this.flush();
      });
    }
  }

  /** @throws DiskError */
  protected syncNow(file: DiskFile): void {
    this.owner.settleNames();
    file.syncNow();
    this.inheritsUnsynced = false;
    this.syncError = undefined;
    this.advanceSynced(this.writtenPosition);
  }

  protected syncInBackground(file: DiskFile): void {
    const covered = this.writtenPosition;
    this.syncBeganMs = this.world.clock.monotonicMs();
    this.syncUnderWay = true;
    this.startSync(file).then(
      () => this.syncEnded(file, covered, undefined),
      (error: unknown) => {
        if (!(error instanceof DiskError)) throw error;
        this.syncEnded(file, covered, error);
      },
    );
  }

  private async startSync(file: DiskFile): Promise<void> {
    this.owner.settleNames();
    await file.sync();
  }

  private syncEnded(file: DiskFile, covered: number, error: DiskError | undefined): void {
    this.syncUnderWay = false;
    if (error === undefined) {
      if (file === this.file) {
        this.inheritsUnsynced = false;
        this.syncError = undefined;
      }
      this.advanceSynced(covered);
    } else if (file === this.file) {
      this.complain(`Fail to fsync the AOF file: ${error.reason}`);
      this.syncError = error;
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
