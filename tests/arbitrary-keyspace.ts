/** Keyspaces as fast-check makes them up: every type, both encodings of each, all databases, far deadlines. */
import fc from "fast-check";
import { Keyspace, type KeyspaceOwner } from "../server/keyspace/keyspace.ts";
import { NEVER } from "../server/keyspace/slot-table.ts";
import { defaultEncodingLimits } from "../server/types/encoding-limits.ts";
import { HashValue } from "../server/types/hash.ts";
import { ListValue } from "../server/types/list.ts";
import { SetValue } from "../server/types/set.ts";
import { SortedSetValue } from "../server/types/sorted-set.ts";
import { StreamValue } from "../server/types/stream.ts";
import { StreamGroup } from "../server/types/stream-group.ts";
import { idMax, idMin, streamId } from "../server/types/stream-id.ts";
import { stringValue } from "../server/types/string-type.ts";
import type { Value } from "../server/types/value.ts";
import { latin1 } from "./property.ts";

const nobody: KeyspaceOwner = {
  expired: () => undefined,
  fieldsExpired: () => undefined,
  evicted: () => undefined,
  changed: () => undefined,
  happened: () => undefined,
  cameOrWent: () => undefined,
  replaced: () => undefined,
};

export function emptyKeyspace(nowMs = Date.now()): Keyspace {
  const keyspace = new Keyspace(nobody, 16);
  keyspace.nowMs = nowMs;
  return keyspace;
}

const limits = defaultEncodingLimits();
const shortText = fc.oneof(
  { weight: 6, arbitrary: latin1(70) },
  { weight: 1, arbitrary: latin1(10).map((piece) => piece.repeat(15)) },
);
const text = fc.oneof(
  { weight: 9, arbitrary: shortText },
  { weight: 1, arbitrary: fc.nat(20_000).map((length) => "long ".repeat(length / 5)) },
);
/** Mostly few, sometimes more than any compact encoding takes. */
const texts = fc.oneof(
  { weight: 8, arbitrary: fc.array(text, { minLength: 1, maxLength: 10 }) },
  {
    weight: 1,
    arbitrary: fc
      .record({ piece: shortText, count: fc.integer({ min: 100, max: 700 }) })
      .map(({ piece, count }) => Array.from({ length: count }, (_, n) => `${n}${piece}`)),
  },
);
const score = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true }),
  fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.1, 2 ** 53, -(2 ** 62), 1e17),
);

/** Entries with like and unlike fields, some deleted, some trimmed; groups that have read a part of them. */
const arbitraryStream: fc.Arbitrary<StreamValue> = fc
  .record({
    steps: fc.array(fc.record({ ms: fc.nat(3), seq: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }), { maxLength: 250 }),
    rows: texts,
    deleted: fc.array(fc.nat(249), { maxLength: 30 }),
    lengthMax: fc.nat(500),
    groups: fc.dictionary(latin1(10), fc.array(fc.record({ at: fc.nat(249), consumer: latin1(5) })), { maxKeys: 3 }),
  })
  .map(({ steps, rows, deleted, lengthMax, groups }) => {
    const stream = new StreamValue(limits);
    let ms = 1_600_000_000_000n;
    steps.forEach((step, at) => {
      ms += BigInt(step.ms);
      const id = step.ms === 0 && at > 0 ? stream.lastId + 1n : streamId(ms, step.seq);
      const field = rows[at % Math.min(3, rows.length)] as string;
      stream.append(id > stream.lastId ? id : stream.lastId + 1n, [field], [rows[at % rows.length] as string]);
    });
    const ids = [...stream.range(idMin, idMax)].map(({ id }) => id);
    for (const at of deleted) if (ids[at] !== undefined) stream.delete(ids[at]);
    stream.trim({ by: { lengthMax }, approximate: lengthMax % 2 === 0, limit: 0 });
    for (const [name, reads] of Object.entries(groups)) {
      const group = new StreamGroup(stream.lastId, reads.length % 2 === 0 ? undefined : BigInt(reads.length));
      for (const { at, consumer } of reads) {
        const reader = group.consumers.get(consumer) ?? group.addConsumer(consumer, 1_700_000_000_000 + at);
        if (ids[at] !== undefined) group.assign(ids[at], reader, 1_700_000_000_000 + at, at);
      }
      stream.groups.set(name, group);
    }
    return stream;
  });

export const arbitraryValue: fc.Arbitrary<Value> = fc.oneof(
  text.map(stringValue),
  texts.map((elements) => {
    const list = new ListValue(limits);
    for (const element of elements) list.push("tail", element);
    return list;
  }),
  texts.map((fields) => {
    const hash = new HashValue(limits);
    fields.forEach((field, at) => {
      hash.set(field, fields[fields.length - 1 - at] as string);
    });
    return hash;
  }),
  fc
    .oneof(texts, fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String), { minLength: 1 }))
    .map((members) => {
      const set = new SetValue(limits);
      for (const member of members) set.add(member);
      return set;
    }),
  fc.tuple(texts, fc.array(score, { minLength: 1 })).map(([members, scores]) => {
    const set = new SortedSetValue(limits);
    members.forEach((member, at) => {
      set.set(member, scores[at % scores.length] as number);
    });
    return set;
  }),
  arbitraryStream,
);

/** Some of its fields expire, which Redis knows since 7.4: types 24 and 25. */
export const arbitraryExpiringHash: fc.Arbitrary<HashValue> = fc
  .record({
    fields: texts,
    deadlines: fc.array(fc.integer({ min: 4_000_000_000_000, max: 9_000_000_000_000 }), { minLength: 1 }),
  })
  .map(({ fields, deadlines }) => {
    const hash = new HashValue(limits);
    fields.forEach((field, at) => {
      hash.set(field, fields[fields.length - 1 - at] as string);
      if (at % 3 !== 1) hash.setDeadline(field, deadlines[at % deadlines.length]);
    });
    return hash;
  });

interface Entry {
  readonly db: number;
  readonly key: string;
  readonly value: Value;
  readonly deadlineMs: number;
}

const deadline = fc.oneof(fc.constant(NEVER), fc.integer({ min: 4_000_000_000_000, max: 9_000_000_000_000 }));
const entry: fc.Arbitrary<Entry> = fc.record({
  db: fc.oneof(fc.constant(0), fc.nat(15)),
  key: fc.oneof(
    latin1(30),
    fc.nat(100).map((n) => `key:${n}`),
  ),
  value: arbitraryValue,
  deadlineMs: deadline,
});

export const arbitraryKeyspace: fc.Arbitrary<Keyspace> = fc.array(entry, { maxLength: 15 }).map((entries) => {
  const keyspace = emptyKeyspace();
  for (const { db, key, value, deadlineMs } of entries) keyspace.db(db).set(key, value, deadlineMs);
  return keyspace;
});
