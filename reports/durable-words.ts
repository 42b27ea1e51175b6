/** When acked calls were safe, in a few words: for the terminal and the page. */
import type { Run } from "./outcome.ts";
import { counted, grouped, inTime } from "./words.ts";

/** Empty where no call of the run was found in a log. */
export function durableInWords({ durability }: Pick<Run, "durability">): string {
  if (durability === undefined || durability.measured === 0) return "";
  const { measured, notMeasured, neverSynced, ackedToSyncedMs: synced } = durability;
  return [
    `acked → synced ${synced === undefined ? "" : `${span(synced)}, `}of ${counted(measured, "call")}`,
    ...(neverSynced > 0 ? [`${grouped(neverSynced)} not before the recording ended`] : []),
    ...(notMeasured > 0 ? [`${grouped(notMeasured)} not measured`] : []),
  ].join(", ");
}

function span({ median, max }: { readonly median: number; readonly max: number }): string {
  if (max <= 0) return "before the ack";
  return `${median <= 0 ? "before the ack in the" : inTime(median)} median, ${inTime(max)} at most`;
}
