import { expect } from "chai";
import fc from "fast-check";
import { holds, latin1 } from "../../tests/property.ts";
import type { ModelValue } from "./model.ts";
import { StreamValue } from "./stream-value.ts";
import {
  HashValue,
  hashOf,
  ListValue,
  listOf,
  SetValue,
  SortedSetValue,
  StringValue,
  setOf,
  sortedSetOf,
  type Value,
  valueFrom,
} from "./values.ts";

const item = latin1(6);
const score = fc.oneof(fc.double({ noNaN: true }), fc.constantFrom(0, -0, Number.POSITIVE_INFINITY));

/** However a value came about, its digest is that of the same value made at once, and its copy goes its own way. */
function expectDigestToFollow(value: Value): void {
  const fresh = valueFrom(value.plain());
  expect(digestOf(value)).to.equal(digestOf(fresh));
  expect(fresh.plain()).to.deep.equal(value.plain());
  expect(digestOf(value.copy())).to.equal(digestOf(value));
}

function digestOf(value: Value): string {
  return `${value.digestA()} ${value.digestB()}`;
}

describe("the digest of a value", () => {
  it("follows a list through every change at both ends and in the middle", () => {
    const change = fc.oneof(
      fc.record({ kind: fc.constantFrom("first", "last", "set", "insert"), item, at: fc.nat(50) }),
      fc.record({ kind: fc.constantFrom("popFirst", "popLast"), item, at: fc.nat(50) }),
    );
    holds(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const list = new ListValue();
        const plain: string[] = [];
        for (const { kind, item: text, at } of changes) {
          const index = plain.length === 0 ? 0 : at % plain.length;
          if (kind === "first") plain.unshift(text);
          if (kind === "first") list.pushFirst(text);
          if (kind === "last") plain.push(text);
          if (kind === "last") list.pushLast(text);
          if (kind === "insert") plain.splice(index, 0, text);
          if (kind === "insert") list.replaceAll(plain);
          if (plain.length === 0) continue;
          if (kind === "set") plain[index] = text;
          if (kind === "set") list.set(index, text);
          if (kind === "popFirst") expect(list.popFirst()).to.equal(plain.shift());
          if (kind === "popLast") expect(list.popLast()).to.equal(plain.pop());
        }
        expect(list.items()).to.deep.equal(plain);
        expectDigestToFollow(list);
      }),
    );
  });

  it("follows hashes, sets and sorted sets, in whatever order they were filled", () => {
    const change = fc.record({ add: fc.boolean(), member: latin1(2), value: item, score });
    holds(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const [hash, set, sortedSet] = [new HashValue(), new SetValue(), new SortedSetValue()];
        for (const { add, member, value, score: number } of changes) {
          if (add) hash.set(member, value);
          else hash.delete(member);
          if (add) set.add(member);
          else set.delete(member);
          if (add) sortedSet.set(member, number);
          else sortedSet.delete(member);
        }
        for (const value of [hash, set, sortedSet]) expectDigestToFollow(value);
        const shuffled = [...set.items()].reverse();
        expect(digestOf(setOf(shuffled))).to.equal(digestOf(set));
        expect(digestOf(sortedSetOf([...sortedSet.entries()].reverse()))).to.equal(digestOf(sortedSet));
      }),
    );
  });

  it("follows a stream through entries, trims, groups and what is pending in them", () => {
    const change = fc.record({
      kind: fc.constantFrom("append", "append", "delete", "trim", "group", "removeGroup", "assign", "acknowledge"),
      at: fc.nat(20),
      text: item,
      group: fc.constantFrom("g1", "g2"),
    });
    holds(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const stream = new StreamValue();
        const model = new Map<string, string>();
        let appended = 0;
        for (const { kind, at, text, group } of changes) {
          const id = `${at}-0`;
          if (kind === "append") {
            stream.append(`${++appended}-0`, ["field", text]);
            model.set(`${appended}-0`, text);
          } else if (kind === "delete") {
            stream.delete(id);
            model.delete(id);
          } else if (kind === "trim") {
            stream.trim(at);
            for (const gone of [...model.keys()].slice(0, Math.max(0, model.size - at))) model.delete(gone);
          } else if (kind === "group") stream.putGroup(group, id);
          else if (kind === "removeGroup") stream.removeGroup(group);
          else if (kind === "acknowledge") stream.acknowledge(group, id);
          else if (stream.group(group) !== undefined && model.has(id)) {
            stream.assign(group, id, { consumer: text, deliveries: at });
          }
        }
        expect([...stream.entries()].map(([id, [, text]]) => [id, text])).to.deep.equal([...model]);
        for (const name of ["g1", "g2"]) {
          for (const id of stream.group(name)?.pending.keys() ?? []) expect(model.has(id)).to.equal(true);
        }
        expectDigestToFollow(stream);
      }),
    );
  });

  it("of a hash tells when its fields expire, and follows that", () => {
    const hash = hashOf([
      ["a", "1"],
      ["b", "2"],
    ]);
    const without = digestOf(hash);
    hash.setDeadline("a", 5);
    expect(digestOf(hash)).to.not.equal(without);
    const first = digestOf(hash);
    hash.setDeadline("a", 6);
    expect(digestOf(hash)).to.not.equal(first);
    hash.setDeadline("a", undefined);
    hash.setDeadline("b", 5);
    expect(digestOf(hash), "of another field").to.not.equal(first);
    hash.update("b", "3");
    expect(hash.deadline("b")).to.equal(5);
    expectDigestToFollow(hash);
    expect(digestOf(hash.copy())).to.equal(digestOf(hash));
    hash.set("b", "2");
    expect(digestOf(hash)).to.equal(without);
  });

  it("follows a text that is appended to", () => {
    holds(
      fc.property(fc.array(item), (tails) => {
        const value = tails.reduce((text, tail) => text.appended(tail), new StringValue(""));
        expect(value.text).to.equal(tails.join(""));
        expectDigestToFollow(value);
      }),
    );
  });

  it("is another for another value, and for the same elements in another type or order", () => {
    const value = fc.oneof(
      item.map((text): ModelValue => ({ type: "string", value: text })),
      fc.array(item, { minLength: 1 }).map((items): ModelValue => ({ type: "list", items })),
      fc.uniqueArray(item, { minLength: 1 }).map((members): ModelValue => ({ type: "set", members: new Set(members) })),
    );
    holds(
      fc.property(value, value, (one, other) => {
        fc.pre(JSON.stringify(plainly(one)) !== JSON.stringify(plainly(other)));
        expect(digestOf(valueFrom(one))).not.to.equal(digestOf(valueFrom(other)));
      }),
      2_000,
    );
    const texts = ["a", "b", "c", "ab", "bc", ""];
    const lists = texts.flatMap((first) => texts.flatMap((second) => texts.map((third) => [first, second, third])));
    expect(new Set(lists.map((items) => digestOf(listOf(items)))).size).to.equal(lists.length);
  });

  it("finds no two alike among a hundred thousand counters and as many short lists", () => {
    const digests = new Set<string>();
    for (let number = 0; number < 100_000; number++) {
      digests.add(digestOf(new StringValue(String(number))));
      digests.add(digestOf(listOf([String(number), String(number % 7)])));
    }
    expect(digests.size).to.equal(200_000);
  });
});

function plainly(value: ModelValue): unknown {
  return value.type === "set" ? ["set", ...[...value.members].sort()] : value;
}
