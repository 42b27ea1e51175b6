/**
 * What was lost: acked calls with an effect that the recovery point leaves out. Arithmetic on rows that are worked out
 * once for a history, because an explorer asks a hundred thousand times a second.
 *
 *     acked      ──1───2─────3──4────────5──────┊ cut
 *     kept       ──────────────┊                ┊
 *                              3 lost: 4, 5 … and 3 when it was acked after the recovery point
 *                              ◀───── age ─────▶       of the oldest lost ack, at the cut (O6)
 *                                 ◀─ span ─▶           from it to the newest
 */
import type { StampNs } from "../recording/stamp.ts";
import type { Lane } from "./lane.ts";
import type { Lanes } from "./lanes.ts";

/** Stamps are NaN, and elements −1, when nothing was lost. */
export interface LossAtCut {
  count: number;
  oldestNs: StampNs;
  newestNs: StampNs;
  oldestLane: number;
  oldestIndex: number;
  newestLane: number;
  newestIndex: number;
}

export function noLoss(): LossAtCut {
  return {
    count: 0,
    oldestNs: Number.NaN,
    newestNs: Number.NaN,
    oldestLane: -1,
    oldestIndex: -1,
    newestLane: -1,
    newestIndex: -1,
  };
}

/**
 * What a recovery point loses when the run is cut at `endNs`: acks up to there are promises, later ones are not (S3).
 * @param lengths by lane, in elements
 * @param into is overwritten and returned, so that nothing needs to be made for each of many states
 */
export function lossAt(lanes: Lanes, lengths: ArrayLike<number>, endNs: StampNs, into = noLoss()): LossAtCut {
  into.count = 0;
  into.oldestNs = Number.NaN;
  into.newestNs = Number.NaN;
  into.oldestLane = into.oldestIndex = into.newestLane = into.newestIndex = -1;
  for (let index = 0; index < lanes.lanes.length; index++) {
    const lane = lanes.lanes[index] as Lane;
    const kept = lane.promisedWithin[lengths[index] as number] as number;
    const acked = lane.promisedAt(endNs);
    if (acked <= kept) continue;
    into.count += acked - kept;
    const oldestNs = lane.promisedNs[kept] as number;
    const newestNs = lane.promisedNs[acked - 1] as number;
    // Comparisons with NaN are false, so the first loss of all is always taken.
    if (!(into.oldestNs <= oldestNs)) {
      into.oldestNs = oldestNs;
      into.oldestLane = index;
      into.oldestIndex = lane.promised[kept] as number;
    }
    if (!(into.newestNs >= newestNs)) {
      into.newestNs = newestNs;
      into.newestLane = index;
      into.newestIndex = lane.promised[acked - 1] as number;
    }
  }
  return into;
}

export function ageMsOf(loss: LossAtCut, endNs: StampNs): number {
  return loss.count === 0 ? 0 : (endNs - loss.oldestNs) / 1e6;
}

export function spanMsOf(loss: LossAtCut): number {
  return loss.count === 0 ? 0 : (loss.newestNs - loss.oldestNs) / 1e6;
}
