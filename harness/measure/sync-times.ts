/** How long syncs took, from a journal: it has both ends of each. A volume that is recorded needs no probe. */
import type { Journal } from "../recording/journal.ts";
import type { StampNs } from "../recording/stamp.ts";

/** For any crash point of one journal. */
export class SyncTimes {
  /** By point: the longest that had ended, and when the oldest began that had not, infinite when none was under way. */
  private readonly endedNs: Float64Array;
  private readonly oldestOpenNs: Float64Array;

  constructor({ records }: Journal) {
    this.endedNs = new Float64Array(records.length + 1);
    this.oldestOpenNs = new Float64Array(records.length + 1).fill(Number.POSITIVE_INFINITY);
    const open = new Map<number, StampNs>();
    let longestNs = 0;
    records.forEach((record, index) => {
      if (record.kind === "sync-start") open.set(index, record.stampNs);
      if (record.kind === "sync-end") {
        longestNs = Math.max(longestNs, record.stampNs - (open.get(record.start) ?? record.stampNs));
        open.delete(record.start);
      }
      this.endedNs[index + 1] = longestNs;
      // In the order in which they began.
      const [oldestNs = Number.POSITIVE_INFINITY] = open.values();
      this.oldestOpenNs[index + 1] = oldestNs;
    });
  }

  /** By the crash point before that record, whose interval ends then: one under way included. */
  longestMs(pointIndex: number, endNs: StampNs): number {
    const openNs = endNs - (this.oldestOpenNs[pointIndex] as number);
    return Math.max(this.endedNs[pointIndex] as number, openNs, 0) / 1e6;
  }
}

/** Of all syncs of which any part fell between two stamps; one that had not ended counts up to the second. */
export function longestSyncMs({ records }: Journal, fromNs: StampNs, toNs: StampNs): number {
  const begunNs = new Map<number, StampNs>();
  let longestNs = 0;
  for (const [index, record] of records.entries()) {
    if (record.stampNs > toNs) break;
    if (record.kind === "sync-start") begunNs.set(index, record.stampNs);
    if (record.kind !== "sync-end") continue;
    const startNs = begunNs.get(record.start) ?? record.stampNs;
    begunNs.delete(record.start);
    if (record.stampNs >= fromNs) longestNs = Math.max(longestNs, record.stampNs - startNs);
  }
  for (const startNs of begunNs.values()) longestNs = Math.max(longestNs, toNs - startNs);
  return longestNs / 1e6;
}
