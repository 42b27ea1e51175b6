/** What clients felt: the longest time for which one of them waited and none of them had a reply. */
import type { History } from "../recording/history.ts";
import type { StampNs } from "../recording/stamp.ts";

/** Of one history, for any moment at which it may be cut. */
export class Stalls {
  /** When a call left or a reply arrived, rising. */
  private readonly stampsNs: StampNs[] = [];
  /** After each of these: the longest stall that was over by then, and since when somebody waits, NaN when nobody does. */
  private readonly longestNs: number[] = [];
  private readonly waitingSinceNs: number[] = [];

  constructor(history: History) {
    const events = history.clients.flat().flatMap(({ invokedNs, completed, endedNs }) => {
      const overNs = completed?.ns ?? endedNs;
      return [{ ns: invokedNs, replies: 0 }, ...(overNs === undefined ? [] : [{ ns: overNs, replies: 1 }])];
    });
    events.sort((one, other) => one.ns - other.ns);
    let waiting = 0;
    let sinceNs = Number.NaN;
    let longestNs = 0;
    for (const { ns, replies } of events) {
      if (replies === 0) {
        if (waiting === 0) sinceNs = ns;
        waiting++;
      } else {
        longestNs = Math.max(longestNs, ns - sinceNs);
        waiting--;
        sinceNs = waiting > 0 ? ns : Number.NaN;
      }
      this.stampsNs.push(ns);
      this.longestNs.push(longestNs);
      this.waitingSinceNs.push(sinceNs);
    }
  }

  /**
   * @param untilNs when waiting ended in any case: calls without a reply waited that long.
   * @returns milliseconds
   */
  longestMs(untilNs: StampNs): number {
    const at = countUpTo(this.stampsNs, untilNs) - 1;
    if (at < 0) return 0;
    const sinceNs = this.waitingSinceNs[at] as number;
    const openNs = Number.isNaN(sinceNs) ? 0 : untilNs - sinceNs;
    return Math.max(openNs, this.longestNs[at] as number) / 1e6;
  }
}

/** The same, for a history that is cut once. */
export function longestStallMs(history: History, untilNs: StampNs): number {
  return new Stalls(history).longestMs(untilNs);
}

function countUpTo(rising: readonly number[], limit: number): number {
  let low = 0;
  let high = rising.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rising[middle] as number) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
