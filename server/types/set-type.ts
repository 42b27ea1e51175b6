/**
 * Sets in files.
 *
 *     type  2   count, members                                                        written when it is a hash table
 *     type 11   one intset                                                            written when it is an intset
 *     type 20   one listpack of members (Redis 7.2 and later)
 */
import type { BytesIn } from "../codec/bytes-in.ts";
import { readIntset, writeIntset } from "../codec/intset.ts";
import { readListpack } from "../codec/listpack.ts";
import { type DataType, itemsPerSlice } from "./data-type.ts";
import type { EncodingLimits } from "./encoding-limits.ts";
import { inBatches } from "./rebuild.ts";
import { SetValue } from "./set.ts";

const rdbSet = 2;
const rdbIntset = 11;
const rdbListpack = 20;

export const setType: DataType<SetValue> = {
  name: "set",
  rdbTypes: [rdbSet, rdbIntset, rdbListpack],
  rdbTypeOf: (set) => (set.encoding === "intset" ? rdbIntset : rdbSet),
  writeRdb(set, out) {
    const { intset } = set;
    if (intset !== undefined) {
      out.packed(writeIntset(intset.members, intset.width));
      return;
    }
    out.length(set.size);
    for (const member of set.members()) out.string(member);
  },
  readRdb(rdbType, input, limits) {
    if (rdbType === rdbSet) return readMembers(input, limits);
    const set = new SetValue(limits);
    const bytes = input.packed();
    if (rdbType === rdbIntset) {
      const { members, width } = readIntset(bytes);
      set.loadIntset(members, width);
      return set;
    }
    const members = readListpack(bytes);
    for (const member of members) {
      if (!set.add(member)) bytes.fail(0, `the set has member '${member}' twice`);
    }
    return members.length === 0 ? undefined : set;
  },
  rebuild: (key, set) => rebuildSet(key, set.members()),
  itemCount: (set) => set.size,
  freeze(set) {
    const { intset } = set;
    // An intset is small: its bytes are its image.
    const bytes = intset === undefined ? undefined : writeIntset(intset.members, intset.width);
    const image = set.image();
    return {
      rdbType: setType.rdbTypeOf(set),
      *writeRdb(out) {
        if (bytes !== undefined) {
          out.packed(bytes);
          return;
        }
        out.length(image.size);
        let items = 0;
        for (const member of image.entries) {
          out.string(member);
          if (++items % itemsPerSlice === 0) yield;
        }
      },
      rebuild: (key) => rebuildSet(key, image.entries),
      release: () => image.release(),
    };
  },
};

function rebuildSet(key: string, members: Iterable<string>): Iterable<readonly string[]> {
  return inBatches(["SADD", key], singly(members));
}

function* singly(members: Iterable<string>): Generator<readonly string[], void, undefined> {
  for (const member of members) yield [member];
}

function readMembers(input: BytesIn, limits: EncodingLimits): SetValue | undefined {
  const count = input.count(1, "members");
  if (count === 0) return undefined;
  const set = new SetValue(limits);
  set.reserve(count);
  for (let missing = count; missing > 0; missing--) {
    const start = input.offset;
    const member = input.string();
    if (!set.add(member)) input.failAt(start, `the set has member '${member}' already`);
  }
  return set;
}
