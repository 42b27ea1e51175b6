import { expect } from "chai";
import fc from "fast-check";
import { holds } from "../../tests/property.ts";
import { RecordReader } from "../aof/record-reader.ts";
import { BytesIn } from "../codec/bytes-in.ts";
import { RdbBytes } from "../codec/bytes-out.ts";
import { SegmentReader } from "../codec/segments.ts";
import { Config } from "../config/config.ts";
import { encodingLimitsOf } from "../config/encoding-limits-of.ts";
import { RdbLoad } from "../rdb/rdb-load.ts";
import { commandForm, rdbForm, type SnapshotForm } from "../snapshot-form.ts";
import { HashValue } from "../types/hash.ts";
import { ListValue } from "../types/list.ts";
import { SetValue } from "../types/set.ts";
import { SortedSetValue } from "../types/sorted-set.ts";
import type { Value } from "../types/value.ts";
import { FrozenView } from "./frozen-view.ts";
import { Keyspace, type KeyspaceOwner } from "./keyspace.ts";
import { NEVER } from "./slot-table.ts";

const limits = encodingLimitsOf(new Config());
const nothing = () => undefined;
const owner: KeyspaceOwner = {
  expired: nothing,
  fieldsExpired: () => undefined,
  evicted: () => undefined,
  changed: nothing,
  happened: nothing,
  cameOrWent: nothing,
  replaced: nothing,
};
const rdb = () =>
  rdbForm({ version: "7.0.15", wallMs: 0, usedMemoryBytes: 0, aofBase: true, hasFieldDeadlines: false }, []);
const largeCount = 3000;

function newKeyspace(): Keyspace {
  const keyspace = new Keyspace(owner, 3);
  keyspace.nowMs = 1000;
  return keyspace;
}

type Kind = "string" | "number" | "list" | "hash" | "set" | "zset";
const kinds: readonly Kind[] = ["string", "number", "list", "hash", "set", "zset"];

function make(kind: Kind, count: number, salt: number): Value {
  const items = Array.from({ length: count }, (_, index) => `item:${salt}:${index}`);
  switch (kind) {
    case "string":
      return `text ${salt} ${"x".repeat(count)}`;
    case "number":
      return salt;
    case "list": {
      const list = new ListValue(limits);
      for (const item of items) list.push("tail", item);
      return list;
    }
    case "hash": {
      const hash = new HashValue(limits);
      for (const item of items) hash.set(item, `value of ${item}`);
      return hash;
    }
    case "set": {
      const set = new SetValue(limits);
      for (const item of items) set.add(item);
      return set;
    }
    case "zset": {
      const zset = new SortedSetValue(limits);
      for (const [index, item] of items.entries()) zset.set(item, index / 3);
      return zset;
    }
  }
}

/** Changes a value in place, as commands do. */
function alter(value: Value, salt: number): void {
  if (value instanceof ListValue) {
    value.push("head", `pushed ${salt}`);
    if (value.length > 1) value.pop("tail");
    value.replace(0, `replaced ${salt}`);
  } else if (value instanceof HashValue) {
    value.set(`item:0:${salt % 7}`, `changed ${salt}`);
    value.set(`new ${salt}`, "added");
    value.delete(`item:0:${salt % 5}`);
  } else if (value instanceof SetValue) {
    value.add(`new ${salt}`);
    value.delete(`item:0:${salt % 5}`);
  } else if (value instanceof SortedSetValue) {
    value.set(`item:0:${salt % 7}`, -salt);
    value.set(`new ${salt}`, salt);
    value.delete(`item:0:${salt % 5}`);
  }
}

function plain(value: Value): unknown {
  if (value instanceof ListValue) return value.range(0, value.length);
  if (value instanceof HashValue) return [...value.entries()].map(([field, text]) => `${field}=${text}`).sort();
  if (value instanceof SetValue) return [...value.members()].sort();
  if (value instanceof SortedSetValue)
    return value.range(0, value.size).map(({ member, score }) => `${member}=${score}`);
  return String(value);
}

/** Everything in it, as plain values. */
function contents(keyspace: Keyspace): Record<string, unknown> {
  const all: Record<string, unknown> = {};
  for (const { table, index } of keyspace.databases) {
    table.keys.forEach((key, slot) => {
      if (key === undefined) return;
      all[`${index}:${key}`] = [plain(table.values[slot] as Value), table.deadlines.at(slot)];
    });
  }
  return all;
}

/** Takes what a view wrote, and reads it as the file that a saver would make of it. */
class Written {
  private readonly out = new RdbBytes(false);
  private readonly segments = new SegmentReader(this.out);

  take(view: FrozenView): void {
    for (const piece of view.takePieces()) this.segments.feed(piece);
  }

  get bytes(): Buffer {
    expect(this.segments.ended).to.equal(true);
    return Buffer.concat([this.out.take(), Buffer.alloc(8)]);
  }

  get contents(): Record<string, unknown> {
    const found = newKeyspace();
    const log = { debug: nothing, notice: nothing, warning: nothing };
    const load = new RdbLoad(found, {
      limits,
      checksum: true,
      pauseBytes: 1e9,
      keepExpired: true,
      duplicates: "refuse",
      log,
    });
    const running = load.run(new BytesIn(this.bytes, "snapshot"));
    while (running.next().done !== true);
    return contents(found);
  }
}

function freeze(keyspace: Keyspace, form: SnapshotForm = rdb()): { view: FrozenView; written: Written } {
  return { view: new FrozenView(keyspace, form, true), written: new Written() };
}

function finish(view: FrozenView, written: Written): void {
  while (view.step()) written.take(view);
  written.take(view);
}

describe("a frozen view", () => {
  it("writes every key of every database as it is, with its deadline", () => {
    const keyspace = newKeyspace();
    kinds.forEach((kind, index) => {
      keyspace.db(index % 3).add(`small ${kind}`, make(kind, 5, 0));
      keyspace.db(index % 3).add(`large ${kind}`, make(kind, largeCount, 0), 5000 + index);
    });
    const before = contents(keyspace);
    const { view, written } = freeze(keyspace);
    expect(view.totalKeys).to.equal(12);
    finish(view, written);
    expect(view.processedKeys).to.equal(12);
    expect(view.keptBytes).to.equal(0);
    expect(written.contents).to.deep.equal(before);
    expect(keyspace.keeper).to.equal(undefined);
  });

  it("writes what is past its deadline and was not removed yet", () => {
    const keyspace = newKeyspace();
    keyspace.db(0).add("past", "value", 500);
    const { view, written } = freeze(keyspace);
    finish(view, written);
    expect(written.contents).to.deep.equal({ "0:past": ["value", 500] });
  });

  const keyName = fc.integer({ min: 0, max: 11 }).map((number) => `key ${number}`);
  const place = { db: fc.integer({ min: 0, max: 2 }), key: keyName };
  const someValue = fc.record({
    kind: fc.constantFrom(...kinds),
    count: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 40 }) }, fc.constant(largeCount)),
    salt: fc.integer({ min: 0, max: 1000 }),
  });
  const action = fc.oneof(
    { weight: 3, arbitrary: fc.record({ act: fc.constant("step" as const), keys: fc.integer({ min: 0, max: 3 }) }) },
    { weight: 3, arbitrary: fc.record({ act: fc.constant("alter" as const), ...place, salt: fc.nat(1000) }) },
    { weight: 2, arbitrary: fc.record({ act: fc.constant("set" as const), ...place, value: someValue }) },
    { weight: 2, arbitrary: fc.record({ act: fc.constant("delete" as const), ...place }) },
    {
      weight: 1,
      arbitrary: fc.record({ act: fc.constant("deadline" as const), ...place, at: fc.constantFrom(9e9, NEVER) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ act: fc.constant("move" as const), ...place, toDb: place.db, toKey: keyName }),
    },
    { weight: 1, arbitrary: fc.record({ act: fc.constant("flush" as const), db: place.db }) },
    { weight: 1, arbitrary: fc.record({ act: fc.constant("swap" as const), db: place.db, other: place.db }) },
    { weight: 1, arbitrary: fc.record({ act: fc.constant("pass time" as const), ms: fc.constantFrom(10, 5000) }) },
  );
  type Action = typeof action extends fc.Arbitrary<infer A> ? A : never;

  function perform(keyspace: Keyspace, one: Action, view: FrozenView, written: Written): void {
    switch (one.act) {
      case "step":
        view.step(one.keys);
        written.take(view);
        break;
      case "alter": {
        const value = keyspace.db(one.db).forWrite(one.key);
        if (value !== undefined) alter(value, one.salt);
        break;
      }
      case "set":
        keyspace.db(one.db).set(one.key, make(one.value.kind, one.value.count, one.value.salt), NEVER);
        break;
      case "delete":
        keyspace.db(one.db).delete(one.key);
        break;
      case "deadline":
        keyspace.db(one.db).setDeadline(one.key, one.at);
        break;
      case "move": {
        const isSame = one.db === one.toDb && one.key === one.toKey;
        if (isSame || !keyspace.db(one.db).has(one.key)) break;
        keyspace.db(one.db).moveTo(one.key, keyspace.db(one.toDb), one.toKey);
        break;
      }
      case "flush":
        keyspace.db(one.db).clear();
        break;
      case "swap":
        keyspace.swap(keyspace.db(one.db), keyspace.db(one.other));
        break;
      case "pass time":
        keyspace.nowMs += one.ms;
        break;
    }
  }

  it("writes the moment of the freeze, whatever is done to the keys while it is written", () => {
    const start = fc.array(fc.record({ ...place, value: someValue, deadline: fc.constantFrom(NEVER, 3000) }), {
      maxLength: 12,
    });
    holds(
      fc.property(start, fc.array(action, { maxLength: 40 }), (keys, actions) => {
        const keyspace = newKeyspace();
        for (const { db, key, value, deadline } of keys) {
          keyspace.db(db).set(key, make(value.kind, value.count, value.salt), deadline);
        }
        const before = contents(keyspace);
        const { view, written } = freeze(keyspace);
        for (const one of actions) perform(keyspace, one, view, written);
        finish(view, written);
        expect(written.contents).to.deep.equal(before);
      }),
      150,
    );
  });

  it("can be taken again and again, also when the last one was given up half-way", () => {
    const keyspace = newKeyspace();
    for (const kind of kinds) keyspace.db(0).add(kind, make(kind, largeCount, 0));
    for (let round = 1; round <= 6; round++) {
      const { view } = freeze(keyspace);
      view.step(round);
      for (const kind of kinds) alter(keyspace.db(0).forWrite(kind) as Value, round);
      view.release();
    }
    const before = contents(keyspace);
    const { view, written } = freeze(keyspace);
    for (const kind of kinds) alter(keyspace.db(0).forWrite(kind) as Value, 99);
    finish(view, written);
    expect(written.contents).to.deep.equal(before);
  });

  it("is written in steps of bounded size, a collection of any size included", () => {
    const keyspace = newKeyspace();
    for (const kind of ["list", "hash", "set", "zset"] as const) keyspace.db(0).add(kind, make(kind, 100_000, 0));
    const { view } = freeze(keyspace);
    let steps = 1;
    let largest = 0;
    for (; view.step(); steps++) {
      largest = Math.max(
        largest,
        view.takePieces().reduce((sum, { length }) => sum + length, 0),
      );
    }
    expect(steps).to.be.above(25);
    expect(largest).to.be.below(700_000);
  });

  it("holds what was changed under it, and says how much that is", () => {
    const keyspace = newKeyspace();
    for (let key = 0; key < 100; key++) keyspace.db(0).add(`key ${key}`, "x".repeat(500));
    const { view, written } = freeze(keyspace);
    for (let key = 0; key < 16; key++) keyspace.db(0).set(`key ${key}`, "y");
    expect(view.keptBytes).to.be.above(16 * 500);
    finish(view, written);
  });

  it("gives commands that build the same keys again, where a log of commands is wanted", () => {
    const keyspace = newKeyspace();
    keyspace.db(0).add("text", "value", 9000);
    keyspace.db(2).add("list", make("list", largeCount, 0));
    const { view, written } = freeze(keyspace, commandForm(42, ["#!lua name=mylib"]));
    alter(keyspace.db(2).forWrite("list") as Value, 1);
    finish(view, written);
    const { bytes } = written;
    const text = bytes.subarray(0, -8);
    expect(text.toString("latin1").startsWith("#TS:42\r\n")).to.equal(true);
    const source = {
      path: "base",
      size: () => text.length,
      read: (at: number, n: number) => text.subarray(at, at + n),
    };
    const reader = new RecordReader(source, 0);
    const commands: string[][] = [];
    for (let record = reader.next(); record !== undefined; record = reader.next()) commands.push(record);
    expect(commands.shift()).to.deep.equal(["FUNCTION", "LOAD", "#!lua name=mylib"]);
    expect(commands).to.deep.include(["PEXPIREAT", "text", "9000"]);
    expect(commands).to.deep.include(["SELECT", "2"]);
    const pushes = commands.filter(([name]) => name === "RPUSH");
    expect(pushes.every(({ length }) => length <= 66)).to.equal(true);
    expect(pushes.flatMap(([, , ...items]) => items)).to.deep.equal(plain(make("list", largeCount, 0)));
  });
});
