/**
 * The contract of a data type: how its values are written into an RDB, read from one, and rebuilt by commands. The
 * values themselves are classes of their own (list.ts, hash.ts …), but for strings, which are JavaScript strings
 * (latin1, one character a byte) or, when they are canonical integers within 2^53, numbers.
 *
 * A value may be larger than one turn of the server can write. Then a snapshot freezes it:
 *
 *     freeze ──────────┬── slice ──┬── slice ──┬── slice ── done     each slice a few thousand items
 *     the value goes on changing …  and keeps for the image what it changes before it was written
 *
 * Only one image of a value exists at a time; it costs memory only for what was changed under it.
 */
import type { BytesIn } from "../codec/bytes-in.ts";
import type { BytesOut } from "../codec/bytes-out.ts";
import type { EncodingLimits } from "./encoding-limits.ts";

export type TypeName = "string" | "list" | "hash" | "set" | "zset" | "stream";

export interface DataType<V> {
  readonly name: TypeName;
  /** RDB type bytes that `readRdb` understands. */
  readonly rdbTypes: readonly number[];
  /** The type byte under which `writeRdb` writes this value, by its encoding. */
  rdbTypeOf(value: V): number;
  writeRdb(value: V, out: BytesOut): void;
  /**
   * Undefined: an empty collection, which a keyspace does not hold.
   * @throws DamagedFile with the offset of what is wrong.
   */
  readRdb(rdbType: number, input: BytesIn, limits: EncodingLimits): V | undefined;
  /** Commands that build the value again, with at most 64 items each. */
  rebuild(key: string, value: V): Iterable<readonly string[]>;
  /** Items a value has: more than `itemsPerSlice`, and it should be frozen rather than written at once. */
  itemCount(value: V): number;
  /** The value as it is now, whatever is done to it from now on. */
  freeze(value: V): FrozenValue;
}

/** How many items a slice writes. */
export const itemsPerSlice = 1024;

/** A value as it was when it was frozen. It is written in one of the two ways, once, or released. */
export interface FrozenValue {
  readonly rdbType: number;
  /** What `writeRdb` of the type would have written; pauses after every slice. */
  writeRdb(out: BytesOut): Generator<undefined, void, undefined>;
  /** What `rebuild` of the type would have given. */
  rebuild(key: string): Iterable<readonly string[]>;
  /** The snapshot was given up: the value need not keep anything for it any more. */
  release(): void;
}
