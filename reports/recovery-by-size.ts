/** How long a store needs to serve again, by how much data it has: one way to say it, in tables and on the page. */
import type { ComparisonEntry } from "./comparison.ts";
import { inBytes, inTime } from "./words.ts";

/** `85 ms with 140 KB, 310 ms with 9 MB` */
export function recoveryBySize({ bySize }: ComparisonEntry["recovery"]): string {
  if (bySize.length === 0) return "not measured";
  return bySize
    .map(({ msMedian, dataBytesMedian }) => `${inTime(msMedian)} with ${inBytes(dataBytesMedian)}`)
    .join(", ");
}
