/**
 * When each acked call was written, and when it was safe: its record found in the log that the store really wrote, and
 * that record's bytes followed through the journal.
 *
 *     call           invoked ─────────── acked
 *     log file               w  ← the write that completes its record        ▷ ─────── ◁ the first sync that began later
 *     its folder    create  ▷ ── ◁                                                     │
 *                                │        │                                            │
 *                   folderSyncedNs      ackedNs                                     syncedNs
 *                            writtenNs
 *
 * Stamps are of one clock (S2), so all of them can be subtracted: what a store did before its reply comes out negative.
 *
 *  - Written is the write that completes the record; in a log of batches, the batch, without which no loader reads it.
 *  - Synced is the *end* of the first sync that *started* after that write (S4). If that one failed it is never: the bytes
 *    may have been dropped, and a later sync that ends well says nothing of them.
 *  - Folder-synced is the end of the first good sync of the folder that holds the file's name, begun after the name stood
 *    there: what a store has to ask for. File systems that commit all earlier names with any sync (L6) make it durable
 *    sooner; that is a matter of the disk, and the disk models reckon with it, not this.
 *  - Only the log is followed. What a rewrite brought into a base may have been safe by that a little earlier.
 *
 * A call is found where the log first holds what its client's calls up to it make, and no shorter prefix does. A call that
 * changed nothing has no record that anybody could tell apart; nor has one whose record is missing.
 */
import type { Timeline } from "../disk/timeline.ts";
import type { LengthRanges } from "../oracle/explain.ts";
import type { Lane } from "../oracle/lane.ts";
import type { Lanes } from "../oracle/lanes.ts";
import { type CallRecord, countFates } from "../recording/history.ts";
import type { Journal, SyncEndRecord } from "../recording/journal.ts";
import type { Recording } from "../recording/recording.ts";
import type { StampNs } from "../recording/stamp.ts";
import type { WrittenUnit } from "../recover/state-index.ts";

export interface CallTimes {
  readonly record: CallRecord;
  readonly ackedNs: StampNs;
  readonly writtenNs: StampNs;
  /** Absent: never, up to the end of the recording. */
  readonly syncedNs?: StampNs;
  /** Of the name of the file that its record is in. Absent: never. */
  readonly folderSyncedNs?: StampNs;
}

export interface CallsMeasured {
  readonly calls: readonly CallTimes[];
  /** Acked calls that changed something, as far as is known, and whose record was not found. */
  readonly notMeasured: number;
  /** Where no log could be read (O9). */
  readonly why?: string;
}

/** @param units of the log, in its order. */
export function callTimes(timeline: Timeline, lanes: Lanes, units: Iterable<WrittenUnit>): CallsMeasured {
  const files = new Map<number, FileClock>();
  const calls: CallTimes[] = [];
  for (const { record, unit } of recordsFound(lanes, units)) {
    const file = files.get(unit.inode) ?? new FileClock(timeline, unit.inode);
    files.set(unit.inode, file);
    const ackedNs = record.completed?.ns;
    const written = file.written(unit.endBytes);
    if (ackedNs !== undefined && written !== undefined) calls.push({ record, ackedNs, ...written });
  }
  const promised = lanes.lanes.reduce((sum, lane) => sum + lane.promised.length, 0);
  return { calls, notMeasured: promised - calls.length };
}

/** Nobody knows which of them changed something. */
export function unmeasured({ history }: Recording, why: string): CallsMeasured {
  return { calls: [], notMeasured: countFates(history).acked, why };
}

// ── Calls ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function* recordsFound(
  { lanes }: Lanes,
  units: Iterable<WrittenUnit>,
): Generator<{ readonly record: CallRecord; readonly unit: WrittenUnit }> {
  const lengths = lanes.map(() => 0);
  const promised = lanes.map((lane) => new Set(lane.promised));
  for (const unit of units) {
    for (const [at, lane] of lanes.entries()) {
      const before = lengths[at] as number;
      const length = shortestFrom(unit.lengths[at] as LengthRanges, before);
      if (length === undefined || length === before) continue;
      lengths[at] = length;
      // The shortest prefix that explains what is there ends with the call that made it.
      if (promised[at]?.has(length - 1)) yield { record: recordAt(lane, length - 1), unit };
    }
  }
}

function recordAt({ input }: Lane, index: number): CallRecord {
  return (input.elements[index] as Lane["input"]["elements"][number]).record;
}

/** A log only goes on: what a shorter prefix explains as well was passed before. */
function shortestFrom(ranges: LengthRanges, least: number): number | undefined {
  for (let at = 0; at < ranges.length; at += 2) {
    if ((ranges[at + 1] as number) >= least) return Math.max(ranges[at] as number, least);
  }
  return undefined;
}

// ── Files ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A file of the log, asked for offsets that rise. */
class FileClock {
  private readonly timeline: Timeline;
  private readonly inode: number;
  private readonly syncs: Syncs;
  private at = 0;
  private folderSyncedNs: StampNs | undefined;

  constructor(timeline: Timeline, inode: number) {
    this.timeline = timeline;
    this.inode = inode;
    this.syncs = new Syncs(timeline.journal, inode);
  }

  /** When it held so many bytes, and when those were safe. Undefined where it never did. */
  written(sizeBytes: number): Pick<CallTimes, "writtenNs" | "syncedNs" | "folderSyncedNs"> | undefined {
    const { ops } = this.timeline.track(this.inode, this.timeline.journal.records.length, "new");
    for (let op = ops[this.at]; op !== undefined; op = ops[++this.at]) {
      if ("kind" in op || op.to < sizeBytes) continue;
      const sync = this.syncs.after(op.index);
      this.folderSyncedNs ??= this.nameSyncedNs(op.index);
      return {
        writtenNs: op.record.stampNs,
        ...(sync?.ok && { syncedNs: sync.endNs }),
        ...(this.folderSyncedNs !== undefined && { folderSyncedNs: this.folderSyncedNs }),
      };
    }
    return undefined;
  }

  /** Of the name that it had at that record. A folder has no pages that a failed sync could drop: its names stay pending. */
  private nameSyncedNs(recordIndex: number): StampNs | undefined {
    const { journal } = this.timeline;
    for (let index = recordIndex; index >= 0; index--) {
      const record = journal.records[index];
      if (record?.kind !== "create" && record?.kind !== "rename" && record?.kind !== "link") continue;
      if (record.inode === this.inode) return new Syncs(journal, record.parent, "good").after(index)?.endNs;
    }
    return undefined;
  }
}

interface Sync {
  readonly start: number;
  readonly endNs: StampNs;
  readonly ok: boolean;
}

/** The finished syncs of an inode, in the order in which they ended; what was settled was as good as synced. */
class Syncs {
  private readonly syncs: readonly Sync[];
  private at = 0;

  constructor({ records }: Journal, inode: number, which: "all" | "good" = "all") {
    const counts = (record: SyncEndRecord) => record.inode === inode && (record.ok || which === "all");
    this.syncs = records.flatMap((record, index): Sync[] => {
      if (record.kind === "settled") return [{ start: index, endNs: record.stampNs, ok: true }];
      if (record.kind !== "sync-end" || !counts(record)) return [];
      return [{ start: record.start, endNs: record.stampNs, ok: record.ok }];
    });
  }

  /** The first that began after a record. To be asked for records in their order. */
  after(recordIndex: number): Sync | undefined {
    while ((this.syncs[this.at]?.start ?? Number.POSITIVE_INFINITY) < recordIndex) this.at++;
    return this.syncs[this.at];
  }
}
