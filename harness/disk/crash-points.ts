/**
 * Crash points: the intervals between two records of a journal (S1).
 *
 *     record      0     1     2     3     4     5     6  …
 *     point    0  │  1  │  2  │  3  │  4  │  5  │  6  │        the power goes before the record of that number
 *
 * Long recordings are mostly writes to logs, and one point among them is much like the next. So a point beside anything
 * that is not a write is always visited, and one in the middle of a run of writes only when it is drawn. While a file is
 * being replaced (a rewrite, a snapshot, a manifest) runs are visited closely, for that is where stores switch over.
 */
import type { Random } from "../random.ts";
import type { Journal, JournalRecord } from "../recording/journal.ts";
import type { Interval } from "../recording/stamp.ts";

export interface CrashPoint {
  /** The power goes before this record: so many records were written. */
  readonly index: number;
  readonly interval: Interval;
  /** Of the timeline: its own interval and those of the points after it that were not drawn. Weighs distributions. */
  readonly standsForNs: number;
  /** What the disk was asked for last. */
  readonly last?: JournalRecord;
}

/** A stretch of the journal that deserves a close look. Points `fromIndex` to `toIndex` lie in it. */
export interface Window {
  readonly name: string;
  readonly fromIndex: number;
  readonly toIndex: number;
}

export interface PointChoice {
  readonly random: Random;
  /** Where the last interval ends: where the history does. */
  readonly endNs: number;
  /** Points before this one cannot lose anything. */
  readonly firstIndex: number;
  readonly windows: readonly Window[];
  /** So many points are drawn in a run of plain writes, and in one within a window. */
  readonly perRunMax?: number;
  readonly perWindowRunMax?: number;
}

export function crashPoints(journal: Journal, choice: PointChoice): CrashPoint[] {
  const { random, firstIndex, windows, perRunMax = 16, perWindowRunMax = 256 } = choice;
  const { records } = journal;
  const inWindow = coverage(windows, records.length);
  const indexes: number[] = [];
  for (let index = firstIndex; index <= records.length; ) {
    const end = endOfRun(records, index, inWindow);
    indexes.push(...drawn(index, end, inWindow[index] === 1 ? perWindowRunMax : perRunMax, random));
    index = end;
  }
  return indexes.map((index, at) => pointAt(journal, index, indexes[at + 1] ?? records.length + 1, choice.endNs));
}

/** One point, whether it would be drawn or not. */
export function crashPointAt(journal: Journal, index: number, endNs: number): CrashPoint {
  return pointAt(journal, index, index + 1, endNs);
}

function pointAt(journal: Journal, index: number, nextIndex: number, endNs: number): CrashPoint {
  const { records } = journal;
  const startNs = records[index - 1]?.stampNs ?? 0;
  const last = lastAsked(records, index);
  const stampOf = (at: number) => Math.max(startNs, records[at]?.stampNs ?? endNs);
  return {
    index,
    interval: { startNs, endNs: stampOf(index) },
    standsForNs: stampOf(nextIndex - 1) - startNs,
    ...(last !== undefined && { last }),
  };
}

/** A fault's record only says that one struck: it stands before what the disk was asked for. */
function lastAsked(records: readonly JournalRecord[], index: number): JournalRecord | undefined {
  let at = index - 1;
  while (records[at]?.kind === "fault") at--;
  return records[at];
}

/** Points from `index` on that have a write on both sides and are alike in lying in a window or not; at least one. */
function endOfRun(records: readonly JournalRecord[], index: number, inWindow: Uint8Array): number {
  let end = index;
  while (isAmongWrites(records, end) && inWindow[end] === inWindow[index]) end++;
  return Math.max(end, index + 1);
}

const isAmongWrites = (records: readonly JournalRecord[], index: number) =>
  records[index - 1]?.kind === "write" && records[index]?.kind === "write";

/** One from each of `max` equal stretches, so that no part of a run is left out. */
function drawn(from: number, to: number, max: number, random: Random): number[] {
  const count = to - from;
  if (count <= max) return Array.from({ length: count }, (_, at) => from + at);
  return Array.from({ length: max }, (_, at) => {
    const start = from + Math.floor((at * count) / max);
    const end = from + Math.floor(((at + 1) * count) / max);
    return start + random.below(end - start);
  });
}

// ── Windows ───────────────────────────────────────────────────────────────────────────────────────────────────────

function coverage(windows: readonly Window[], recordCount: number): Uint8Array {
  const covered = new Uint8Array(recordCount + 2);
  for (const { fromIndex, toIndex } of windows) covered.fill(1, fromIndex, Math.min(toIndex, recordCount) + 1);
  return covered;
}

/**
 * Whatever the store: a file that is renamed after it was made replaces something. The window opens with its creation
 * and closes when its last name is durable, which a sync of its folder makes it.
 */
export function replacements(journal: Journal): Window[] {
  const { records } = journal;
  const madeAt = new Map<number, number>();
  /** By inode of the file: those whose last name waits for the sync of a folder. */
  const open = new Map<number, { path: string; folder: number; fromIndex: number; renamedAt: number }>();
  const windows: Window[] = [];
  records.forEach((record, index) => {
    if (record.kind === "create") madeAt.set(record.inode, index);
    if (record.kind === "rename") {
      const fromIndex = madeAt.get(record.inode);
      if (fromIndex === undefined) return;
      open.set(record.inode, { path: record.path, folder: record.parent, fromIndex, renamedAt: index });
    }
    if (record.kind === "sync-end" && record.ok) {
      for (const [inode, { path, folder, fromIndex, renamedAt }] of open) {
        if (folder !== record.inode || renamedAt > record.start) continue;
        windows.push({ name: `replace ${path}`, fromIndex, toIndex: index + 1 });
        open.delete(inode);
        madeAt.delete(inode);
      }
    }
  });
  for (const { path, fromIndex } of open.values()) {
    windows.push({ name: `replace ${path}`, fromIndex, toIndex: records.length });
  }
  return windows;
}
