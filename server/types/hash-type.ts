/**
 * Hashes in files.
 *
 *     type  4   count, each: field, value                                             written when it is a hash table
 *     type  9   one zipmap
 *     type 13   one ziplist of fields and values in turn
 *     type 16   one listpack of fields and values in turn                             written when it is a listpack
 */
import type { BytesIn } from "../codec/bytes-in.ts";
import { ListpackWriter, readListpack } from "../codec/listpack.ts";
import { readZiplist } from "../codec/ziplist.ts";
import { readZipmap } from "../codec/zipmap.ts";
import { type DataType, itemsPerSlice } from "./data-type.ts";
import type { EncodingLimits } from "./encoding-limits.ts";
import { type HashEntry, HashValue } from "./hash.ts";
import { inBatches } from "./rebuild.ts";

const rdbHash = 4;
const rdbZipmap = 9;
const rdbZiplist = 13;
const rdbListpack = 16;

const listpack = new ListpackWriter();

export const hashType: DataType<HashValue> = {
  name: "hash",
  rdbTypes: [rdbHash, rdbZipmap, rdbZiplist, rdbListpack],
  rdbTypeOf: (hash) => (hash.encoding === "listpack" ? rdbListpack : rdbHash),
  writeRdb(hash, out) {
    if (hash.encoding === "listpack") {
      out.packed(packed(hash.entries()));
      return;
    }
    out.length(hash.size);
    for (const [field, value] of hash.entries()) {
      out.string(field);
      out.string(value);
    }
  },
  readRdb: (rdbType, input, limits) =>
    rdbType === rdbHash ? readPairs(input, limits) : readCompact(rdbType, input, limits),
  rebuild: (key, hash) => rebuildHash(key, hash.entries()),
  itemCount: (hash) => hash.size,
  freeze(hash) {
    const image = hash.image();
    const rdbType = hashType.rdbTypeOf(hash);
    return {
      rdbType,
      *writeRdb(out) {
        if (rdbType === rdbListpack) {
          out.packed(packed(image.entries));
          return;
        }
        out.length(image.size);
        let items = 0;
        for (const [field, value] of image.entries) {
          out.string(field);
          out.string(value);
          if (++items % itemsPerSlice === 0) yield;
        }
      },
      rebuild: (key) => rebuildHash(key, image.entries),
      release: () => image.release(),
    };
  },
};

function rebuildHash(key: string, entries: Iterable<HashEntry>): Iterable<readonly string[]> {
  return inBatches(["HMSET", key], entries);
}

function packed(entries: Iterable<HashEntry>): Buffer {
  for (const [field, value] of entries) {
    listpack.add(field);
    listpack.add(value);
  }
  return listpack.finish();
}

function readPairs(input: BytesIn, limits: EncodingLimits): HashValue | undefined {
  const count = input.count(2, "fields");
  if (count === 0) return undefined;
  const hash = new HashValue(limits);
  hash.reserve(count);
  for (let missing = count; missing > 0; missing--) {
    const start = input.offset;
    const field = input.string();
    if (!hash.add(field, input.string())) input.failAt(start, `the hash has field '${field}' already`);
  }
  return hash;
}

function readCompact(rdbType: number, input: BytesIn, limits: EncodingLimits): HashValue | undefined {
  const bytes = input.packed();
  const items = readers[rdbType]?.(bytes) ?? bytes.fail(0, `RDB type ${rdbType} is no hash`);
  if (items.length === 0) return undefined;
  if (items.length % 2 === 1) bytes.fail(0, "the last field of a hash has no value");
  const hash = new HashValue(limits);
  const twice = hash.loadCompact(items);
  if (twice !== undefined) bytes.fail(0, `the hash has field '${twice}' twice`);
  // A zipmap comes from a time with other limits, so the length of what is in it is looked at too.
  if (rdbType === rdbZipmap && items.some((item) => item.length > limits.hashMaxListpackValueBytes)) hash.convert();
  return hash;
}

const readers: Readonly<Record<number, typeof readListpack>> = {
  [rdbZipmap]: readZipmap,
  [rdbZiplist]: readZiplist,
  [rdbListpack]: readListpack,
};
