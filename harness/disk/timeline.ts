/**
 * A journal, read once: its names, its files, and for each point what of them is durable.
 *
 * Durability is a set of watermarks. A sync that started at record s and ended well makes everything of its inode before
 * s durable, and with it (L6) all metadata before s. So "what is durable here" is one number for the metadata and one
 * for each file, and going one record further changes at most two of them:
 *
 *     records     w  w  ▷  w  c  ◁  w         ▷ ◁: a sync of the file starts and ends
 *     after ◁           └ syncedTo of the file, metadataTo of the disk
 *     pending              w  c     w
 */
import type { Journal, SyncEndRecord } from "../recording/journal.ts";
import type { CommitRule, Reading } from "./disk-model.ts";
import { type FileWrite, isName, type NameOp, type ResizeOp, resizeOf, writeOf } from "./disk-op.ts";
import { FileTrack, isResize } from "./file-track.ts";
import { NameHistory, type NamesVersion } from "./names.ts";
import type { ByteSource } from "./sparse-bytes.ts";
import { StrandedPages } from "./stranded-pages.ts";

/** A file under the reading that a failed sync left its old pages (L3), from the record after that failure on. */
interface OldReading {
  readonly fromIndex: number;
  readonly track: FileTrack;
}

export class Timeline {
  readonly journal: Journal;
  readonly names: NameHistory;
  /** Index of the first crash point: nothing before the last `settled` record can be lost. */
  readonly firstPointIndex: number;
  readonly #source: ByteSource;
  readonly #tracks = new Map<number, FileTrack>();
  readonly #oldReadings = new Map<number, OldReading[]>();

  constructor(journal: Journal) {
    this.journal = journal;
    this.#source = dataOf(journal);
    this.names = new NameHistory(journal);
    this.firstPointIndex = journal.records.findLastIndex(({ kind }) => kind === "settled") + 1;
    new TrackBuilder(journal, this.#source, this.#tracks, this.#oldReadings).build();
  }

  /** The file as it was at a point, under a reading. One track has all its operations: count those before the point. */
  track(inode: number, pointIndex: number, reading: Reading): FileTrack {
    if (reading === "old") {
      const old = this.#oldReadings.get(inode)?.findLast(({ fromIndex }) => fromIndex <= pointIndex);
      if (old !== undefined) return old.track;
    }
    const track = this.#tracks.get(inode);
    if (track !== undefined) return track;
    const empty = new FileTrack(inode, this.#source);
    this.#tracks.set(inode, empty);
    return empty;
  }

  /** Whether the two readings differ at this point. */
  hasOldReading(pointIndex: number): boolean {
    for (const old of this.#oldReadings.values()) if ((old[0] as OldReading).fromIndex <= pointIndex) return true;
    return false;
  }
}

function dataOf(journal: Journal): ByteSource {
  return {
    ...(journal.dataFile !== undefined && { file: journal.dataFile }),
    read: (dataOffset, target) => target.set(journal.bytes({ dataOffset, length: target.length })),
  };
}

class TrackBuilder {
  readonly #journal: Journal;
  readonly #source: ByteSource;
  readonly #tracks: Map<number, FileTrack>;
  readonly #oldReadings: Map<number, OldReading[]>;
  readonly #stranded = new Map<number, StrandedPages>();
  readonly #syncedTo = new Map<number, number>();
  #settledTo = 0;

  constructor(
    journal: Journal,
    source: ByteSource,
    tracks: Map<number, FileTrack>,
    oldReadings: Map<number, OldReading[]>,
  ) {
    this.#journal = journal;
    this.#source = source;
    this.#tracks = tracks;
    this.#oldReadings = oldReadings;
  }

  build(): void {
    this.#journal.records.forEach((record, index) => {
      if (record.kind === "create") {
        this.#tracks.set(record.inode, new FileTrack(record.inode, this.#source));
      } else if (record.kind === "write") {
        if (record.length > 0) this.#write(writeOf(index, record));
      } else if (record.kind === "truncate" || record.kind === "fallocate") {
        const op = resizeOf(index, record, this.#trackOf(record.inode).sizeBytes);
        if (op !== undefined) this.#resize(op);
      } else if (record.kind === "sync-end") {
        if (record.ok) this.#syncedTo.set(record.inode, Math.max(record.start, this.#syncedTo.get(record.inode) ?? 0));
        else this.#syncFailed(record, index);
      } else if (record.kind === "settled") {
        this.#settledTo = index;
      }
    });
  }

  #trackOf(inode: number): FileTrack {
    const track = this.#tracks.get(inode);
    if (track === undefined) throw new Error(`the journal changes inode ${inode}, which it never made`);
    return track;
  }

  #write(write: FileWrite): void {
    this.#trackOf(write.inode).push(write);
    const old = this.#oldReadings.get(write.inode)?.at(-1);
    old?.track.push((this.#stranded.get(write.inode) as StrandedPages).retake(write));
  }

  #resize(op: ResizeOp): void {
    this.#trackOf(op.inode).push(op);
    this.#stranded.get(op.inode)?.resize(op);
    this.#oldReadings.get(op.inode)?.at(-1)?.track.push(op);
  }

  #syncFailed({ inode, start }: SyncEndRecord, index: number): void {
    const readings = this.#oldReadings.get(inode) ?? [];
    const track = readings.at(-1)?.track ?? this.#tracks.get(inode);
    // A folder has no pages: its names just stay pending.
    if (track === undefined) return;
    const durable = track.countBefore(Math.max(this.#settledTo, this.#syncedTo.get(inode) ?? 0));
    const pending = track.ops.slice(durable);
    if (!pending.some((op) => !isResize(op) && op.index < start)) return;
    const stranded = this.#stranded.get(inode) ?? new StrandedPages();
    const old = new FileTrack(inode, this.#source, { like: track, upTo: durable, name: `f${readings.length + 1}.` });
    for (const op of [...track.ops.slice(0, durable), ...stranded.strand(pending, start)]) old.push(op);
    this.#stranded.set(inode, stranded);
    this.#oldReadings.set(inode, [...readings, { fromIndex: index + 1, track: old }]);
  }
}

// ── A point ───────────────────────────────────────────────────────────────────────────────────────────────────────

export interface PendingFile {
  readonly track: FileTrack;
  /** Operations `from` to `to` of the track are pending; the earlier ones are durable. */
  readonly from: number;
  readonly to: number;
}

/** What is durable and what is pending at one point. Moves forward only, a step a record. */
export class Frontier {
  readonly timeline: Timeline;
  readonly rule: CommitRule;
  /** The power goes before this record. */
  pointIndex = 0;
  /** Metadata before this record is durable; under `own-sync` only what was settled. */
  metadataTo = 0;
  readonly #syncedTo = new Map<number, number>();
  #settledTo = 0;
  /** Files with operations that were not durable when it was last looked. */
  readonly #dirty = new Set<number>();
  /** Under `own-sync`: positions of name operations that are not durable. */
  #pendingNames: number[] = [];
  #nameCount = 0;

  constructor(timeline: Timeline, rule: CommitRule) {
    this.timeline = timeline;
    this.rule = rule;
  }

  moveTo(pointIndex: number): void {
    if (pointIndex < this.pointIndex) throw new RangeError("a frontier moves forward only");
    const { records } = this.timeline.journal;
    for (; this.pointIndex < pointIndex; this.pointIndex++) {
      const record = records[this.pointIndex];
      if (record === undefined) throw new RangeError(`the journal has no point ${pointIndex}`);
      if (record.kind === "write" || record.kind === "truncate" || record.kind === "fallocate") {
        this.#dirty.add(record.inode);
      } else if (isName(record)) {
        if (this.rule === "own-sync") this.#pendingNames.push(this.#nameCount);
        this.#nameCount++;
      } else if (record.kind === "sync-end" && record.ok) {
        this.#syncEnded(record);
      } else if (record.kind === "settled") {
        this.#settledTo = this.pointIndex;
        this.metadataTo = this.pointIndex;
        this.#pendingNames = [];
        this.#dirty.clear();
      }
    }
  }

  /** Operations of this inode before this record are durable, whatever they are. */
  syncedTo(inode: number): number {
    return Math.max(this.#settledTo, this.#syncedTo.get(inode) ?? 0);
  }

  #syncEnded({ inode, start }: SyncEndRecord): void {
    this.#syncedTo.set(inode, Math.max(start, this.#syncedTo.get(inode) ?? 0));
    if (this.rule === "any-sync") {
      this.metadataTo = Math.max(this.metadataTo, start);
    } else if (this.#isFolderSync(start)) {
      this.#pendingNames = this.#pendingNames.filter((position) => {
        const op = this.timeline.names.ops[position] as NameOp;
        return op.changes.some(({ slot }) => op.index >= this.syncedTo(slot.folder));
      });
    }
  }

  #isFolderSync(start: number): boolean {
    const record = this.timeline.journal.records[start];
    return record?.kind === "sync-start" && record.scope === "directory";
  }

  // ── Pending ─────────────────────────────────────────────────────────────────────────────────────────────────────

  pendingFiles(reading: Reading): PendingFile[] {
    const files: PendingFile[] = [];
    for (const inode of this.#dirty) {
      const main = this.timeline.track(inode, this.pointIndex, "new");
      if (main.countBefore(this.syncedTo(inode)) === main.countBefore(this.pointIndex)) {
        this.#dirty.delete(inode);
        continue;
      }
      const track = this.timeline.track(inode, this.pointIndex, reading);
      const from = track.countBefore(this.syncedTo(inode));
      const to = track.countBefore(this.pointIndex);
      if (from < to) files.push({ track, from, to });
    }
    return files.sort((a, b) => a.track.inode - b.track.inode);
  }

  pendingNames(): NameOp[] {
    const { names } = this.timeline;
    if (this.rule === "own-sync") return this.#pendingNames.map((position) => names.ops[position] as NameOp);
    return names.ops.slice(names.countBefore(this.metadataTo), this.#nameCount);
  }

  /** All names before a record, durable ones in any case. For `any-sync`. */
  namesBefore(recordIndex: number): NamesVersion {
    const { names } = this.timeline;
    const to = Math.min(Math.max(recordIndex, this.metadataTo), this.pointIndex);
    return names.version(names.countBefore(to));
  }

  /** The durable names and these pending ones, by index in the journal. For `own-sync`. */
  namesWith(kept: ReadonlySet<number>): NamesVersion {
    const { names } = this.timeline;
    const lost = this.#pendingNames.filter((position) => !kept.has((names.ops[position] as NameOp).index));
    return names.version(this.#nameCount, lost);
  }
}
