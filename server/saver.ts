/**
 * The work of a saver: makes a file of what it is fed, under a name of its own, and says how it went. It knows a job, a
 * disk and its input, and nothing else, so it is the same in a child process, in a simulated one, and inside the server
 * when SAVE asks for it.
 *
 *     segments ─► compress ─► checksum ─► temp-<pid>.rdb ─► sync          a snapshot
 *     segments ─────────────► checksum ─► temp-rewriteaof-<pid>.aof ─► sync ─► temp-rewriteaof-bg-<pid>.aof    a base
 *
 * It never touches a file by any other name. Whoever started it publishes the file; an orphan has nothing to publish.
 */
import { assert } from "./assert.ts";
import { RdbBytes } from "./codec/bytes-out.ts";
import { Crc64 } from "./codec/crc64.ts";
import { SegmentReader } from "./codec/segments.ts";
import { removeIfThere, writeFully } from "./world/replace-file.ts";
import type { Disk, DiskFile, SaveJob } from "./world/world.ts";
import { DiskError } from "./world/world.ts";

const noChecksum = Buffer.alloc(8);

export interface SavedFile {
  readonly path: string;
  readonly writtenBytes: number;
}

export class SaveWork {
  private readonly job: SaveJob;
  private readonly disk: Disk;
  private readonly names: SaverNames;
  private readonly file: DiskFile;
  private readonly out: RdbBytes;
  private readonly segments: SegmentReader;
  private readonly sum = new Crc64();
  private isOpen = true;
  private writtenBytes = 0;
  private unsyncedBytes = 0;
  private syncUnderWay = false;
  private syncError: DiskError | undefined;

  /** @throws DiskError */
  constructor(job: SaveJob, disk: Disk, pid: number) {
    this.job = job;
    this.disk = disk;
    this.names = saverNames(job, pid);
    this.file = disk.open(this.names.atWork, "create");
    this.out = new RdbBytes(job.compress);
    this.segments = new SegmentReader(this.out);
  }

  /** Takes the next piece, cut anywhere. @throws DiskError */
  feed(piece: Buffer): void {
    this.segments.feed(piece);
    const bytes = this.out.take();
    if (bytes.length === 0) return;
    if (this.job.format === "rdb" && this.job.checksum) this.sum.add(bytes);
    this.write(bytes);
    this.syncFromTimeToTime();
  }

  /** True when all has arrived. What ends before is no snapshot. */
  get isWhole(): boolean {
    return this.segments.ended;
  }

  /** Makes the file complete and durable. @throws DiskError */
  finish(): SavedFile {
    this.complete();
    this.file.syncNow();
    return this.conclude();
  }

  /** The file has all its bytes; what is left to do is to sync it, and to conclude. @throws DiskError */
  complete(): void {
    assert(this.isWhole, "a saver finishes what has arrived as a whole");
    if (this.job.format === "rdb") this.write(this.job.checksum ? this.sum.toBytes() : noChecksum);
    // A later sync that succeeds says nothing about the pages that an earlier one failed to write.
    if (this.syncError !== undefined) throw this.syncError;
  }

  /** The file is synced. @throws DiskError */
  conclude(): SavedFile {
    this.close();
    if (this.names.finished !== this.names.atWork) this.disk.rename(this.names.atWork, this.names.finished);
    return { path: this.names.finished, writtenBytes: this.writtenBytes };
  }

  /** Leaves nothing behind. */
  abandon(): void {
    this.close();
    for (const path of [this.names.atWork, this.names.finished]) removeIfThere(this.disk, path);
  }

  private close(): void {
    if (this.isOpen) this.file.close();
    this.isOpen = false;
  }

  private write(bytes: Uint8Array): void {
    writeFully(this.file, bytes);
    this.writtenBytes += bytes.length;
    this.unsyncedBytes += bytes.length;
  }

  /** Keeps the last sync short, which would otherwise hold up every other sync on that disk. */
  private syncFromTimeToTime(): void {
    const { syncEveryBytes } = this.job;
    if (syncEveryBytes === 0 || this.unsyncedBytes < syncEveryBytes || this.syncUnderWay) return;
    this.unsyncedBytes = 0;
    this.syncUnderWay = true;
    this.file.sync().then(
      () => {
        this.syncUnderWay = false;
      },
      (error: unknown) => {
        if (!(error instanceof DiskError)) throw error;
        this.syncError = error;
      },
    );
  }
}

export interface SaverNames {
  readonly atWork: string;
  readonly finished: string;
}

/** The names that a saver with this pid uses, and no others. */
export function saverNames(job: Pick<SaveJob, "kind" | "dir">, pid: number): SaverNames {
  if (job.kind === "rdb") {
    const path = `${job.dir}/temp-${pid}.rdb`;
    return { atWork: path, finished: path };
  }
  return { atWork: `${job.dir}/temp-rewriteaof-${pid}.aof`, finished: `${job.dir}/temp-rewriteaof-bg-${pid}.aof` };
}

const saverName = /^temp-(?:rewriteaof-(?:bg-)?)?(\d+)\.(?:rdb|aof)$/;

/** The pid in the name of a file that a saver left; undefined when it is none. */
export function pidOfSaverFile(name: string): number | undefined {
  const pid = saverName.exec(name)?.[1];
  return pid === undefined ? undefined : Number(pid);
}
