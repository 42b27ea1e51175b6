/**
 * How much memory a value takes, about. A JavaScript engine does not say, so it is reckoned from the bytes a value holds
 * and from what V8 is known to spend around them; of a large collection a few items are looked at and taken for all.
 */
import { HashValue } from "./hash.ts";
import { ListValue } from "./list.ts";
import { SetValue } from "./set.ts";
import { SortedSetValue } from "./sorted-set.ts";
import { StreamValue } from "./stream.ts";
import { idMax, idMin } from "./stream-id.ts";
import type { Value } from "./value.ts";

/** A string's header, and the place in an array that refers to it. */
const stringOverheadBytes = 16 + 8;
/** What a table spends on an entry: its slot in the index, and in the columns. */
const tableEntryBytes = 32;
const objectBytes = 64;

/** `samples`: so many items are looked at; 0 = all. */
export function memorySizeBytes(key: string, value: Value, samples: number): number {
  return stringBytes(key) + tableEntryBytes + valueBytes(value, samples);
}

function valueBytes(value: Value, samples: number): number {
  if (typeof value === "number") return 8;
  if (typeof value === "string") return stringBytes(value);
  if (value instanceof ListValue) {
    return objectBytes + average(value.elements(), samples, stringBytes) * value.length;
  }
  if (value instanceof HashValue) {
    const pairBytes = ([field, text]: readonly [string, string]) => stringBytes(field) + stringBytes(text);
    const entriesBytes = average(value.entries(), samples, pairBytes) * value.size + value.size * tableEntryBytes;
    return objectBytes + entriesBytes + value.deadlineCount * 2 * tableEntryBytes;
  }
  if (value instanceof SetValue) {
    return objectBytes + average(value.members(), samples, stringBytes) * value.size + value.size * tableEntryBytes;
  }
  if (value instanceof SortedSetValue) {
    const most = samples === 0 ? value.size : Math.min(samples, value.size);
    const memberBytes = average(value.range(0, most), samples, ({ member }) => stringBytes(member) + 8);
    return objectBytes + memberBytes * value.size + value.size * tableEntryBytes;
  }
  if (value instanceof StreamValue) {
    const entryBytes = ({ values }: { readonly values: readonly string[] }) =>
      values.reduce((sum, text) => sum + stringBytes(text), tableEntryBytes);
    let pendingCount = 0;
    for (const { pending } of value.groups.values()) pendingCount += pending.size;
    const entriesBytes = average(value.range(idMin, idMax), samples, entryBytes) * value.length;
    return objectBytes + entriesBytes + pendingCount * 2 * tableEntryBytes;
  }
  return objectBytes;
}

function stringBytes(text: string): number {
  return stringOverheadBytes + text.length;
}

function average<T>(items: Iterable<T>, samples: number, bytesOf: (item: T) => number): number {
  let count = 0;
  let sumBytes = 0;
  for (const item of items) {
    sumBytes += bytesOf(item);
    if (++count === samples) break;
  }
  return count === 0 ? 0 : Math.round(sumBytes / count);
}
