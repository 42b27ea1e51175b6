/**
 * The contract of a data type: how its values are written into an RDB, read from one, and rebuilt by commands. The
 * values themselves are classes of their own (list.ts, hash.ts …), but for strings, which are JavaScript strings
 * (latin1, one character a byte) or, when they are canonical integers within 2^53, numbers.
 */
import type { BytesIn } from "../codec/bytes-in.ts";
import type { BytesOut } from "../codec/bytes-out.ts";

export type TypeName = "string" | "list" | "hash" | "set" | "zset" | "stream";

export interface DataType<V> {
  readonly name: TypeName;
  /** RDB type bytes that `readRdb` understands. */
  readonly rdbTypes: readonly number[];
  /** The type byte under which `writeRdb` writes this value, by its encoding. */
  rdbTypeOf(value: V): number;
  writeRdb(value: V, out: BytesOut): void;
  /** @throws DamagedFile with the offset of what is wrong. */
  readRdb(rdbType: number, input: BytesIn): V;
  /** Commands that build the value again, with at most 64 items each. */
  rebuild(key: string, value: V): Iterable<readonly string[]>;
}
