/**
 * What the journal of a recorded volume says of the disk under a run: whether a fault struck, and
 * when the disk had made good for what it had refused.
 */
import type { DiskFault } from "../disk/disk-fault.ts";
import type { RecordedVolume } from "../fuse/recorded-volume.ts";
import type { Suspension } from "../oracle/evidence.ts";
import type { JournalRecord } from "../recording/journal.ts";
import type { Interval, StampClock, StampNs } from "../recording/stamp.ts";

/** The records of a run, their stamps on the run's own clock. */
export async function recordsOf(volume: RecordedVolume, clock: StampClock): Promise<readonly JournalRecord[]> {
  const journal = await volume.journal();
  try {
    const shiftNs = Number(journal.originNs - clock.originNs);
    return shiftNs === 0
      ? journal.records
      : journal.records.map((record) => ({ ...record, stampNs: record.stampNs + shiftNs }));
  } finally {
    journal.close();
  }
}

/** How often these faults struck. */
export function countStrikes(records: readonly JournalRecord[], faults: readonly DiskFault[]): number {
  const names = new Set(faults.map(({ name }) => name));
  return records.filter((record) => record.kind === "fault" && names.has(record.fault)).length;
}

/** What a saver writes holds nothing of what the log could not take. */
const log = /(^|\/)(?!temp-)[^/]*(?<!\.base)\.aof$/;

/**
 * From where the disk began to refuse until a sync has covered what was written once it had healed: a store that keeps
 * what it could not write hands it over with its next write, and until then it has it in its memory only. Where a log is
 * kept, that is a write to it.
 */
export function suspensionOf(records: readonly JournalRecord[], { startNs, endNs: healedNs }: Interval): Suspension {
  const isLog = (record: JournalRecord) => record.kind === "write" && log.test(record.path ?? "");
  const hasLog = records.some(isLog);
  const firstWriteNs = new Map<number, StampNs>();
  for (const record of records) {
    if (record.kind !== "write" || record.stampNs < healedNs || firstWriteNs.has(record.inode)) continue;
    if (hasLog && !isLog(record)) continue;
    firstWriteNs.set(record.inode, record.stampNs);
  }
  const covered = records.find(
    (record) =>
      record.kind === "sync-end" &&
      record.ok &&
      (records[record.start]?.stampNs ?? 0) > (firstWriteNs.get(record.inode) ?? Number.POSITIVE_INFINITY),
  );
  const endNs = covered?.stampNs ?? Number.MAX_SAFE_INTEGER;
  return { interval: { startNs, endNs }, why: "the disk refused writes or syncs" };
}
