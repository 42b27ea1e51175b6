/** What clients felt: the longest time for which one of them waited and none of them had a reply. */
import type { History } from "../recording/history.ts";
import type { StampNs } from "../recording/stamp.ts";

/**
 * @param untilNs when waiting ended in any case: calls without a reply waited that long.
 * @returns milliseconds
 */
export function longestStallMs(history: History, untilNs: StampNs): number {
  const events = history.clients
    .flat()
    .flatMap((call) => [
      { ns: call.invokedNs, replies: 0 },
      ...(call.completed === undefined ? [] : [{ ns: call.completed.ns, replies: 1 }]),
    ]);
  events.sort((one, other) => one.ns - other.ns);
  let waiting = 0;
  let sinceNs = 0;
  let longestNs = 0;
  for (const { ns, replies } of [...events.filter((event) => event.ns <= untilNs), { ns: untilNs, replies: 1 }]) {
    if (replies === 0) {
      if (waiting === 0) sinceNs = ns;
      waiting++;
    } else if (waiting > 0) {
      longestNs = Math.max(longestNs, ns - sinceNs);
      sinceNs = ns;
      waiting--;
    }
  }
  return longestNs / 1e6;
}
