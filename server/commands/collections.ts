/** What commands on lists, hashes, sets and sorted sets have in common. */
import type { Database } from "../keyspace/database.ts";
import { globMatches } from "../keyspace/glob.ts";
import { type Reply, WRONG_TYPE } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import type { Collection, Value } from "../types/value.ts";
import type { Args } from "./command.ts";
import { readScanOptions } from "./key-walks.ts";

/**
 * The value, which must be of this class when there is one: `ofType(ListValue, db.forWrite(key))`.
 * @throws ReplyError
 */
export function ofType<V extends Collection>(
  type: new (...args: never[]) => V,
  value: Value | undefined,
): V | undefined {
  if (value === undefined || value instanceof type) return value;
  throw WRONG_TYPE;
}

/** A collection whose items have names. */
interface Named extends Collection {
  readonly size: number;
  /** True when there was such an item. */
  delete(name: string): boolean;
}

/** HDEL, SREM and ZREM: takes items out, and with the last one the key. */
export function removingItems<V extends Named>(type: new (...args: never[]) => V, event: string) {
  return (args: Args, { db }: Session): Reply => {
    const key = args[1] as string;
    const collection = ofType(type, db.forWrite(key));
    if (collection === undefined) return 0;
    let removed = 0;
    for (let at = 2; at < args.length; at++) if (collection.delete(args[at] as string)) removed++;
    if (removed > 0) db.changed(key, event, removed);
    removeEmptied(db, key, collection.size);
    return removed;
  };
}

/** A collection that was emptied is no more: its key goes. */
export function removeEmptied(db: Database, key: string, size: number): void {
  if (size > 0) return;
  db.delete(key);
  db.announce(key, "del");
}

/** The index of an element counted from either end, as commands take it, counted from the first one. */
export function fromFirst(index: number, length: number): number {
  return index < 0 ? index + length : index;
}

/** A range as commands take it: indices from either end, the last one included. Undefined: it is empty. */
export function readRange(
  first: number,
  last: number,
  length: number,
): { readonly start: number; readonly count: number } | undefined {
  const start = Math.max(0, fromFirst(first, length));
  const end = Math.min(length - 1, fromFirst(last, length));
  return start > end ? undefined : { start, count: end - start + 1 };
}

/**
 * The answer to HSCAN, SSCAN and ZSCAN. `scan` walks on from the cursor and calls `visit` with what it meets: the name
 * that the pattern is held against, and what else is answered for it.
 */
export function scanReply<V>(
  args: Args,
  collection: V | undefined,
  cursor: number,
  scan: (collection: V, cursor: number, count: number, visit: (name: string, more?: string) => void) => number,
): Reply {
  if (collection === undefined) return ["0", []];
  const { pattern, count } = readScanOptions(args, 3);
  const found: string[] = [];
  const next = scan(collection, cursor, count, (name, more) => {
    if (pattern !== undefined && !globMatches(pattern, name)) return;
    found.push(name);
    if (more !== undefined) found.push(more);
  });
  return [String(next), found];
}
