/** How much memory all keys take, about: from the weights where they are kept, otherwise from a few keys of each table. */
import { memorySizeBytes } from "../types/memory-size.ts";
import type { Keyspace } from "./keyspace.ts";
import type { SlotTable } from "./slot-table.ts";

/** So many slots of a table stand for all. */
const sampledSlots = 1000;
/** So many items of a collection stand for all. */
export const sampledItems = 5;

export function dataSizeBytes(keyspace: Keyspace): number {
  return keyspace.databases.reduce(
    (sum, { table }) => sum + (keyspace.weighs ? table.weights.sumBytes : estimate(table)),
    0,
  );
}

function estimate(table: SlotTable): number {
  if (table.size === 0) return 0;
  const step = Math.ceil(table.end / sampledSlots);
  let sumBytes = 0;
  let seen = 0;
  for (let slot = 0; slot < table.end; slot += step) {
    const key = table.keys[slot];
    const value = table.values[slot];
    if (key === undefined || value === undefined) continue;
    sumBytes += memorySizeBytes(key, value, sampledItems);
    seen++;
  }
  return seen === 0 ? 0 : Math.round((sumBytes / seen) * table.size);
}
