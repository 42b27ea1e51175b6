/**
 * Hashes in files.
 *
 *     type  4   count, each: field, value                                             written when it is a hash table
 *     type  9   one zipmap
 *     type 13   one ziplist of fields and values in turn
 *     type 16   one listpack of fields and values in turn                             written when it is a listpack
 *
 * and while fields of it expire, in files of version 12:
 *
 *     type 24   first deadline, 8 bytes LE │ count, each: length, field, value        written when it is a hash table
 *               0 = never, else the deadline is the first one + this − 1
 *     type 25   first deadline, 8 bytes LE │ one listpack of field, value, deadline   written when it is a listpack
 *               by deadline, and behind them those with 0 = never
 *     types 22, 23   24 and 25 as they were before their release: without the first deadline, each one given in full
 */
import type { BytesIn } from "../codec/bytes-in.ts";
import type { BytesOut } from "../codec/bytes-out.ts";
import { canonicalInteger } from "../codec/integers.ts";
import { ListpackWriter, readListpack } from "../codec/listpack.ts";
import { readZiplist } from "../codec/ziplist.ts";
import { readZipmap } from "../codec/zipmap.ts";
import { type DataType, itemsPerSlice } from "./data-type.ts";
import type { EncodingLimits } from "./encoding-limits.ts";
import { type HashItem, HashValue } from "./hash.ts";
import { inBatches } from "./rebuild.ts";

const rdbHash = 4;
const rdbZipmap = 9;
const rdbZiplist = 13;
const rdbListpack = 16;
const rdbHashBeforeRelease = 22;
const rdbListpackBeforeRelease = 23;
const rdbHashWithDeadlines = 24;
const rdbListpackWithDeadlines = 25;

/** A field's deadline is kept in 46 bits by Redis, which refuses a file with a later one. */
export const fieldDeadlineMaxMs = 2 ** 46 - 1;

const listpack = new ListpackWriter();

export const hashType: DataType<HashValue> = {
  name: "hash",
  rdbTypes: [
    rdbHash,
    rdbZipmap,
    rdbZiplist,
    rdbListpack,
    rdbHashBeforeRelease,
    rdbListpackBeforeRelease,
    rdbHashWithDeadlines,
    rdbListpackWithDeadlines,
  ],
  rdbTypeOf(hash) {
    if (hash.hasDeadlines) return hash.isCompact ? rdbListpackWithDeadlines : rdbHashWithDeadlines;
    return hash.isCompact ? rdbListpack : rdbHash;
  },
  writeRdb(hash, out) {
    const writing = write(hashType.rdbTypeOf(hash), hash.size, hash.nextDeadlineMs, hash.items(), out);
    while (writing.next().done !== true);
  },
  readRdb(rdbType, input, limits) {
    switch (rdbType) {
      case rdbHash:
        return readPairs(input, limits);
      case rdbHashBeforeRelease:
        return readPairsWithDeadlines(1, input, limits);
      case rdbHashWithDeadlines:
        return readPairsWithDeadlines(Number(input.u64le()), input, limits);
      case rdbListpackBeforeRelease:
        return readCompactWithDeadlines(input, limits);
      case rdbListpackWithDeadlines:
        // The first deadline is only for whoever does not want to look inside.
        input.u64le();
        return readCompactWithDeadlines(input, limits);
      default:
        return readCompact(rdbType, input, limits);
    }
  },
  rebuild: (key, hash) => rebuildHash(key, hash.items()),
  itemCount: (hash) => hash.size,
  freeze(hash) {
    const image = hash.image();
    const rdbType = hashType.rdbTypeOf(hash);
    const { nextDeadlineMs } = hash;
    return {
      rdbType,
      writeRdb: (out) => write(rdbType, image.size, nextDeadlineMs, image.entries, out),
      rebuild: (key) => rebuildHash(key, image.entries),
      release: () => image.release(),
    };
  },
};

/** Pauses between slices. */
function* write(
  rdbType: number,
  size: number,
  firstDeadlineMs: number,
  items: Iterable<HashItem>,
  out: BytesOut,
): Generator<undefined, void, undefined> {
  const withDeadlines = rdbType === rdbHashWithDeadlines || rdbType === rdbListpackWithDeadlines;
  if (withDeadlines) out.u64le(BigInt(firstDeadlineMs));
  if (rdbType === rdbListpack) {
    out.packed(packed(items));
    return;
  }
  if (rdbType === rdbListpackWithDeadlines) {
    out.packed(packedWithDeadlines(items));
    return;
  }
  out.length(size);
  let written = 0;
  for (const [field, value, deadlineMs] of items) {
    if (withDeadlines) out.length(deadlineMs === undefined ? 0 : deadlineMs - firstDeadlineMs + 1);
    out.string(field);
    out.string(value);
    if (++written % itemsPerSlice === 0) yield;
  }
}

function* rebuildHash(key: string, items: Iterable<HashItem>): Generator<readonly string[], void, undefined> {
  const deadlines: [string, number][] = [];
  const pairs = function* () {
    for (const [field, value, deadlineMs] of items) {
      if (deadlineMs !== undefined) deadlines.push([field, deadlineMs]);
      yield [field, value];
    }
  };
  for (const request of inBatches(["HMSET", key], pairs())) {
    yield request;
    // Behind the command that makes the fields; while a log is replayed nothing expires in between.
    for (const [field, deadlineMs] of deadlines) {
      yield ["HPEXPIREAT", key, String(deadlineMs), "FIELDS", "1", field];
    }
    deadlines.length = 0;
  }
}

function packed(items: Iterable<HashItem>): Buffer {
  for (const [field, value] of items) {
    listpack.add(field);
    listpack.add(value);
  }
  return listpack.finish();
}

function packedWithDeadlines(items: Iterable<HashItem>): Buffer {
  const never = Number.POSITIVE_INFINITY;
  const inOrder = [...items].sort(([, , a = never], [, , b = never]) => (a === b ? 0 : a - b));
  for (const [field, value, deadlineMs = 0] of inOrder) {
    listpack.add(field);
    listpack.add(value);
    listpack.add(String(deadlineMs));
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

function readPairsWithDeadlines(
  firstDeadlineMs: number,
  input: BytesIn,
  limits: EncodingLimits,
): HashValue | undefined {
  const count = input.count(3, "fields");
  if (count === 0) return undefined;
  const hash = new HashValue(limits);
  hash.reserve(count);
  for (let missing = count; missing > 0; missing--) {
    const start = input.offset;
    const offsetMs = input.length();
    const field = input.string();
    if (!hash.add(field, input.string())) input.failAt(start, `the hash has field '${field}' already`);
    if (offsetMs === 0) continue;
    const deadlineMs = firstDeadlineMs + offsetMs - 1;
    if (deadlineMs > fieldDeadlineMaxMs) input.failAt(start, `a deadline of 46 bits expected, found ${deadlineMs}`);
    hash.setDeadline(field, deadlineMs);
  }
  return hash;
}

function readCompactWithDeadlines(input: BytesIn, limits: EncodingLimits): HashValue | undefined {
  const bytes = input.packed();
  const items = readListpack(bytes);
  if (items.length === 0) return undefined;
  if (items.length % 3 !== 0) bytes.fail(0, "the last field of a hash has no value, or no deadline");
  const pairs: string[] = [];
  const deadlines: [field: string, deadlineMs: number][] = [];
  for (let at = 0; at < items.length; at += 3) {
    const [field, value, text] = items.slice(at, at + 3) as [string, string, string];
    const deadlineMs = canonicalInteger(text) ?? -1;
    if (deadlineMs < 0 || deadlineMs > fieldDeadlineMaxMs)
      bytes.fail(0, `a deadline of 46 bits expected, found ${text}`);
    pairs.push(field, value);
    if (deadlineMs > 0) deadlines.push([field, deadlineMs]);
  }
  const hash = new HashValue(limits);
  const twice = hash.loadCompact(pairs);
  if (twice !== undefined) bytes.fail(0, `the hash has field '${twice}' twice`);
  for (const [field, deadlineMs] of deadlines) hash.setDeadline(field, deadlineMs);
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
