/**
 * Sorted sets in files.
 *
 *     type  3   count, each: member, score as text: length, digits │ 253 nan │ 254 +inf │ 255 −inf
 *     type  5   count, each: member, score as double, LE           highest score first     written when it is a skiplist
 *     type 12   one ziplist of members and scores in turn
 *     type 17   one listpack of members and scores in turn         lowest score first      written when it is a listpack
 */
import type { BytesIn } from "../codec/bytes-in.ts";
import type { BytesOut } from "../codec/bytes-out.ts";
import { formatDouble, formatPackedDouble, parseDouble } from "../codec/doubles.ts";
import { ListpackWriter, readListpack } from "../codec/listpack.ts";
import type { PackedBytes } from "../codec/packed-bytes.ts";
import { readZiplist } from "../codec/ziplist.ts";
import { type DataType, itemsPerSlice } from "./data-type.ts";
import type { EncodingLimits } from "./encoding-limits.ts";
import { inBatches } from "./rebuild.ts";
import type { ScoreLeaf } from "./score-leaf.ts";
import { SortedSetValue } from "./sorted-set.ts";

const rdbTextScores = 3;
const rdbSortedSet = 5;
const rdbZiplist = 12;
const rdbListpack = 17;

const listpack = new ListpackWriter();

export const sortedSetType: DataType<SortedSetValue> = {
  name: "zset",
  rdbTypes: [rdbTextScores, rdbSortedSet, rdbZiplist, rdbListpack],
  rdbTypeOf: (set) => (set.encoding === "listpack" ? rdbListpack : rdbSortedSet),
  writeRdb(set, out) {
    const leaves = set.leaves();
    if (set.encoding === "listpack") {
      out.packed(packed(leaves[0] as ScoreLeaf));
      return;
    }
    out.length(set.size);
    for (const leaf of leaves.reverse()) writeFalling(leaf, out);
  },
  readRdb(rdbType, input, limits) {
    switch (rdbType) {
      case rdbTextScores:
        return readPairs(input, limits, readTextScore);
      case rdbSortedSet:
        return readPairs(input, limits, (from) => from.f64le());
      default: {
        const bytes = input.packed();
        return readCompact(bytes, rdbType === rdbZiplist ? readZiplist(bytes) : readListpack(bytes), limits);
      }
    }
  },
  rebuild: (key, set) => rebuildSortedSet(key, set.leaves()),
  itemCount: (set) => set.size,
  freeze(set) {
    const leaves = set.freezeLeaves();
    const size = set.size;
    const rdbType = sortedSetType.rdbTypeOf(set);
    return {
      rdbType,
      *writeRdb(out) {
        if (rdbType === rdbListpack) {
          out.packed(packed(leaves[0] as ScoreLeaf));
          return;
        }
        out.length(size);
        let items = 0;
        for (const leaf of thawing(leaves.reverse())) {
          writeFalling(leaf, out);
          items += leaf.size;
          if (items < itemsPerSlice) continue;
          items = 0;
          yield;
        }
      },
      rebuild: (key) => rebuildSortedSet(key, thawing(leaves)),
      release() {
        for (const leaf of leaves) leaf.frozen = false;
      },
    };
  },
};

/** The leaves, each free to be changed again once it was given and dealt with. */
function* thawing(leaves: readonly ScoreLeaf[]): Generator<ScoreLeaf, void, undefined> {
  for (const leaf of leaves) {
    yield leaf;
    leaf.frozen = false;
  }
}

function rebuildSortedSet(key: string, leaves: Iterable<ScoreLeaf>): Iterable<readonly string[]> {
  return inBatches(["ZADD", key], scoresAndMembers(leaves));
}

function* scoresAndMembers(leaves: Iterable<ScoreLeaf>): Generator<readonly string[], void, undefined> {
  for (const leaf of leaves) {
    for (let at = 0; at < leaf.size; at++) {
      yield [formatDouble(leaf.scores[at] as number), leaf.members[at] as string];
    }
  }
}

/** Highest score first: a reader that inserts one after the other finds every place at once. */
function writeFalling(leaf: ScoreLeaf, out: BytesOut): void {
  for (let at = leaf.size - 1; at >= 0; at--) {
    out.string(leaf.members[at] as string);
    out.f64le(leaf.scores[at] as number);
  }
}

function packed(row: ScoreLeaf): Buffer {
  for (let at = 0; at < row.size; at++) {
    listpack.add(row.members[at] as string);
    listpack.add(formatPackedDouble(row.scores[at] as number));
  }
  return listpack.finish();
}

function readPairs(
  input: BytesIn,
  limits: EncodingLimits,
  readScore: (input: BytesIn) => number,
): SortedSetValue | undefined {
  const start = input.offset;
  const count = input.count(2, "members");
  if (count === 0) return undefined;
  const members: string[] = [];
  const scores: number[] = [];
  for (let missing = count; missing > 0; missing--) {
    members.push(input.string());
    const scoreStart = input.offset;
    const score = readScore(input);
    if (Number.isNaN(score)) input.failAt(scoreStart, "a score is a number, this one is NaN");
    scores.push(score);
  }
  const set = new SortedSetValue(limits);
  const twice = set.load(members, scores, false);
  if (twice !== undefined) input.failAt(start, `the sorted set has member '${twice}' twice`);
  return set;
}

function readTextScore(input: BytesIn): number {
  const start = input.offset;
  const length = input.u8();
  if (length === 255) return Number.NEGATIVE_INFINITY;
  if (length === 254) return Number.POSITIVE_INFINITY;
  if (length === 253) return Number.NaN;
  const text = input.text(length);
  return parseDouble(text) ?? input.failAt(start, `a score expected, found '${text}'`);
}

function readCompact(bytes: PackedBytes, items: readonly string[], limits: EncodingLimits): SortedSetValue | undefined {
  if (items.length === 0) return undefined;
  if (items.length % 2 === 1) bytes.fail(0, "the last member of a sorted set has no score");
  const members: string[] = [];
  const scores: number[] = [];
  for (let at = 0; at < items.length; at += 2) {
    const text = items[at + 1] as string;
    members.push(items[at] as string);
    scores.push(parseDouble(text) ?? bytes.fail(0, `a score expected, found '${text}'`));
  }
  const set = new SortedSetValue(limits);
  const twice = set.load(members, scores, true);
  if (twice !== undefined) bytes.fail(0, `the sorted set has member '${twice}' twice`);
  return set;
}
