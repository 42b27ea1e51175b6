/**
 * Loads the log: the base, then the incr files in order, each from database 0.
 *
 *     base.rdb         an RDB; commands may follow it
 *     base.aof, incr   commands
 *
 * Only the last file may end in the middle of a record or a transaction: that is what a crash leaves. It is cut off
 * there, durably, before anything is appended. The cut goes behind the last whole record, or, if a transaction was open,
 * before its MULTI: cut anywhere else, what is appended later would be taken for a part of that transaction.
 *
 * A file of batches (see batch.ts) is verified as a whole before anything of it is replayed. It is cut where it stops
 * being whole, and what is cut off is kept beside it, or, where it was durable, the start ends with a word about repair.
 */
import type { ByteSource } from "../codec/bytes-in.ts";
import { DamagedFile } from "../codec/damaged-file.ts";
import { UnknownCommand } from "../execution.ts";
import { CannotLoad, delayKey, type Loading, type LoadProgress } from "../loading.ts";
import { loadRdb } from "../rdb-loader.ts";
import type { KnownKeys } from "../resp/request-decoder.ts";
import type { Server } from "../server.ts";
import type { Session } from "../session.ts";
import { DiskError, type DiskFile } from "../world/world.ts";
import type { AofFolder } from "./aof-folder.ts";
import { type BatchScan, hasBatches, scanBatches } from "./batch-scan.ts";
import { cutFile, keepAside } from "./cut.ts";
import type { Part } from "./manifest.ts";
import { RecordReader } from "./record-reader.ts";

const commandsPerPause = 1024;
const rdbMagic = "REDIS";

export class AofLoader {
  protected readonly server: Server;
  private readonly folder: AofFolder;
  private readonly progress: LoadProgress;
  private readonly keepLibrary: (source: string) => void;
  /** How the last file was found, if it is one of batches. */
  lastScan: BatchScan | undefined;

  constructor(server: Server, folder: AofFolder, progress: LoadProgress, keepLibrary: (source: string) => void) {
    this.server = server;
    this.folder = folder;
    this.progress = progress;
    this.keepLibrary = keepLibrary;
  }

  /** @throws CannotLoad */
  *load(): Loading {
    const { base, incrs } = this.folder.manifest;
    const parts = base === undefined ? incrs : [base, ...incrs];
    const totalBytes = parts.reduce((sum, part) => sum + this.sizeOf(part), 0);
    if (totalBytes === 0) return;
    const { clock } = this.server.world;
    const beganMs = clock.monotonicMs();
    this.progress.begin(totalBytes, Math.floor(clock.wallMs() / 1000));
    for (const part of parts) {
      const partBeganMs = clock.monotonicMs();
      yield* this.loadPart(part, part === parts.at(-1));
      const kind = part === base ? "base" : "incr";
      this.server.log.notice(`DB loaded from ${kind} file ${part.name}: ${seconds(clock.monotonicMs() - partBeganMs)}`);
    }
    this.server.log.notice(`DB loaded from append only file: ${seconds(clock.monotonicMs() - beganMs)}`);
  }

  /** What a manifest names must be there: without it, what is left is not what was promised. */
  private sizeOf(part: Part): number {
    const path = this.folder.pathOf(part);
    try {
      return this.server.world.disk.size(path);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      throw new CannotLoad(`Unable to obtain the AOF file ${part.name} length. stat: ${error.reason} (${path})`);
    }
  }

  private *loadPart(part: Part, isLast: boolean): Loading {
    const file = this.open(part);
    try {
      if (file.size() === 0) return;
      const scan = hasBatches(file) ? yield* this.verify(part, file, isLast) : undefined;
      if (isLast) this.lastScan = scan;
      const rdbEnd = yield* this.loadRdbPart(part, file);
      yield* this.replay(part, scan?.ending === "torn" ? upTo(file, scan.wholeBytes) : file, rdbEnd, isLast);
      if (scan?.ending === "torn") this.cutTorn(part, file, scan);
    } finally {
      file.close();
    }
  }

  private open(part: Part): DiskFile {
    try {
      return this.server.world.disk.open(this.folder.pathOf(part), "read");
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      throw new CannotLoad(`Fatal error: can't open the append log file ${part.name} for reading: ${error.reason}`);
    }
  }

  /** @throws CannotLoad when it must not be served. */
  protected *verify(part: Part, file: DiskFile, isLast: boolean): Loading<BatchScan> {
    const scan = yield* scanBatches(file);
    const { wholeBytes, attestedBytes, ending } = scan;
    if (ending === "rot") {
      throw new CannotLoad(
        `The append only file ${part.name} is damaged at offset ${wholeBytes}, and was durable up to ` +
          `${Math.max(attestedBytes, wholeBytes + 1)}: the disk does not give back what it had stored. Nothing was changed. ` +
          `Restore ${this.folder.pathOf(part)} from a backup; or give up what was written from there on, with ` +
          `lossbound-check-aof --fix ${this.folder.manifestPath}`,
      );
    }
    if (ending === "torn") this.mayCut(part, wholeBytes, isLast);
    return scan;
  }

  private cutTorn(part: Part, file: DiskFile, { wholeBytes }: BatchScan): void {
    const { disk } = this.server.world;
    const path = this.folder.pathOf(part);
    this.server.log.warning(
      `!!! Warning: the AOF file ${part.name} ends in ${file.size() - wholeBytes} bytes that a crash left, none of them ` +
        "known to have been durable !!!",
    );
    try {
      const aside = keepAside(disk, path, wholeBytes);
      this.server.log.warning(`!!! Truncating the AOF ${part.name} at offset ${wholeBytes}; kept as ${aside} !!!`);
      cutFile(disk, path, wholeBytes);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      throw new CannotLoad(`Error truncating the AOF file ${part.name}: ${error.message}`);
    }
  }

  /** The RDB with which a file may begin. Gives where it ends: 0 when there is none. */
  private *loadRdbPart(part: Part, file: DiskFile): Loading<number> {
    if (Buffer.from(file.read(0, rdbMagic.length)).toString("latin1") !== rdbMagic) return 0;
    this.server.log.notice("Reading RDB base file on AOF loading...");
    try {
      return yield* loadRdb(this.server, file, {
        isBaseOfLog: true,
        duplicates: "refuse",
        progress: this.progress,
        keepLibrary: this.keepLibrary,
      });
    } catch (error) {
      if (!(error instanceof DamagedFile)) throw error;
      throw new CannotLoad(`Error reading the RDB base file ${part.name}, AOF loading aborted: ${error.message}`);
    }
  }

  private *replay(part: Part, file: ByteSource, start: number, isLast: boolean): Loading {
    const { server, progress } = this;
    const session = server.newSession("log");
    const reader = new RecordReader(file, start);
    const pauseBytes = server.config.get("loading-process-events-interval-bytes");
    let beforeMulti = start;
    let reported = start;
    const delayUs = server.config.setting("key-load-delay");
    for (let commands = 1; ; commands++) {
      const before = reader.offset;
      const record = this.read(part, reader, session.db.table.slots);
      if (record === undefined) break;
      const wasOpen = session.transaction !== undefined;
      this.run(part, record, before, session);
      if (!wasOpen && session.transaction !== undefined) beforeMulti = before;
      if (delayUs.value > 0) delayKey(server);
      if (commands % commandsPerPause !== 0 && reader.offset < reported + pauseBytes) continue;
      progress.loadedBytes += reader.offset - reported;
      reported = reader.offset;
      server.execution.turnEnded();
      yield;
    }
    progress.loadedBytes += file.size() - reported;
    const isOpen = session.transaction !== undefined;
    if (isOpen) this.dropUnfinished(part, session);
    const end = this.cutAt(reader.offset, isOpen ? beforeMulti : undefined);
    if (isOpen || reader.isTorn) this.cut(part, end, isLast);
  }

  /** Of a transaction whose EXEC is missing nothing was executed, and nothing is: it goes with its session. */
  protected dropUnfinished(part: Part, _session: Session): void {
    this.server.log.warning(`Revert incomplete MULTI/EXEC transaction in AOF file ${part.name}`);
  }

  /** Where a file that ended too early is cut. */
  protected cutAt(behindLastRecord: number, beforeMulti: number | undefined): number {
    return beforeMulti ?? behindLastRecord;
  }

  private read(part: Part, reader: RecordReader, keys: KnownKeys): string[] | undefined {
    try {
      return reader.next(keys);
    } catch (error) {
      if (!(error instanceof DamagedFile)) throw error;
      throw new CannotLoad(
        `Bad file format reading the append only file ${part.name}: make a backup of your AOF file, then use ` +
          `./redis-check-aof --fix <filename.manifest>. (${error.message})`,
      );
    }
  }

  private run(part: Part, record: string[], offset: number, session: Session): void {
    try {
      this.server.execution.replay(record, session);
    } catch (error) {
      if (!(error instanceof UnknownCommand)) throw error;
      if (isFunctionLoad(record)) {
        this.keepLibrary(record.at(-1) as string);
        return;
      }
      throw new CannotLoad(
        `Unknown command '${record[0]}' reading the append only file ${part.name} (${this.folder.pathOf(part)}: damaged ` +
          `at offset ${offset}: a command of this server expected)`,
      );
    }
  }

  /** @throws CannotLoad unless a file that ends too early may be cut. */
  private mayCut(part: Part, end: number, isLast: boolean): void {
    const place = `${this.folder.pathOf(part)}: damaged at offset ${end}: a whole record or transaction expected`;
    if (!this.server.config.get("aof-load-truncated")) {
      throw new CannotLoad(
        `Unexpected end of file reading the append only file ${part.name}. You can: 1) Make a backup of your AOF file, ` +
          "then use ./redis-check-aof --fix <filename.manifest>. 2) Alternatively you can set the 'aof-load-truncated' " +
          `configuration option to yes and restart the server. (${place})`,
      );
    }
    if (!isLast) throw new CannotLoad(`Fatal error: the truncated file is not the last file (${place})`);
  }

  private cut(part: Part, end: number, isLast: boolean): void {
    const { log, world } = this.server;
    this.mayCut(part, end, isLast);
    log.warning(`!!! Warning: short read while loading the AOF file ${part.name}!!!`);
    log.warning(`!!! Truncating the AOF ${part.name} at offset ${end} !!!`);
    try {
      cutFile(world.disk, this.folder.pathOf(part), end);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      throw new CannotLoad(`Error truncating the AOF file ${part.name}: ${error.message}`);
    }
    log.warning(`AOF ${part.name} loaded anyway because aof-load-truncated is enabled`);
  }
}

/** The first bytes of a file as a whole one. */
function upTo(file: DiskFile, sizeBytes: number): ByteSource {
  return {
    path: file.path,
    size: () => sizeBytes,
    read: (offset, length) => file.read(offset, Math.max(0, Math.min(length, sizeBytes - offset))),
  };
}

function isFunctionLoad([name = "", subcommand = ""]: readonly string[]): boolean {
  return name.toUpperCase() === "FUNCTION" && subcommand.toUpperCase() === "LOAD";
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(3)} seconds`;
}
