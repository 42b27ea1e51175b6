import { expect } from "chai";
import fc from "fast-check";
import { holds, latin1 } from "../../tests/property.ts";
import type { Random } from "../world/world.ts";
import { defaultEncodingLimits } from "./encoding-limits.ts";
import { HashValue } from "./hash.ts";
import { hashType } from "./hash-type.ts";
import { SetValue } from "./set.ts";
import { setType } from "./set-type.ts";

const limits = { ...defaultEncodingLimits(), hashMaxListpackEntries: 4, hashMaxListpackValueBytes: 10 };
const field = fc.oneof(
  fc.nat(30).map((n) => `f${n}`),
  fc.constantFrom("a field of some length", "1", "2"),
);
const values = latin1(12);
type HashStep = { set: string; to: string } | { del: string };
const hashStep: fc.Arbitrary<HashStep> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ set: field, to: values }) },
  { weight: 1, arbitrary: fc.record({ del: field }) },
);

function changeHash(hash: HashValue, model: Map<string, string>, step: HashStep): void {
  if ("set" in step) {
    expect(hash.set(step.set, step.to)).to.equal(!model.has(step.set));
    model.set(step.set, step.to);
  } else {
    expect(hash.delete(step.del)).to.equal(model.delete(step.del));
  }
}

const sorted = <T>(items: Iterable<T>): T[] => [...items].sort();

/** Draws 0, 1, 2 … in turn. */
function inTurn(): Random {
  let drawn = 0;
  return { below: (limit: number) => drawn++ % limit } as Random;
}

describe("a hash", () => {
  it("holds what a Map would hold", () => {
    holds(
      fc.property(fc.array(hashStep, { maxLength: 60 }), (steps) => {
        const hash = new HashValue(limits);
        const model = new Map<string, string>();
        for (const step of steps) {
          changeHash(hash, model, step);
          expect(hash.size).to.equal(model.size);
        }
        expect(sorted(hash.entries())).to.deep.equal(sorted(model));
        for (const [key, value] of model) expect(hash.get(key)).to.equal(value);
        const random = inTurn();
        const drawn = new Set([...model].map(() => hash.randomEntry(random)[0]));
        expect(sorted(drawn)).to.deep.equal(sorted(model.keys()));
      }),
    );
  });

  it("becomes a hash table by one field too many or too long, and stays one", () => {
    const hash = new HashValue(limits);
    for (const name of ["a", "b", "c", "d"]) hash.set(name, "1");
    expect(hash.encoding).to.equal("listpack");
    hash.set("e", "1");
    expect(hash.encoding).to.equal("hashtable");
    for (const name of ["a", "b", "c", "d"]) hash.delete(name);
    expect(hash.encoding).to.equal("hashtable");
    const long = new HashValue(limits);
    long.set("a", "0123456789");
    expect(long.encoding).to.equal("listpack");
    long.set("a", "0123456789x");
    expect(long.encoding).to.equal("hashtable");
  });

  it("keeps the order of its fields while it is a listpack", () => {
    const hash = new HashValue(limits);
    for (const name of ["z", "a", "m"]) hash.set(name, "1");
    hash.set("a", "2");
    hash.delete("z");
    hash.set("z", "3");
    expect([...hash.entries()]).to.deep.equal([
      ["a", "2"],
      ["m", "1"],
      ["z", "3"],
    ]);
  });

  it("follows a limit that is changed at run time from its next change on", () => {
    const changing = { ...limits };
    const hash = new HashValue(changing);
    hash.set("a", "1");
    changing.hashMaxListpackEntries = 1;
    expect(hash.encoding).to.equal("listpack");
    hash.set("b", "1");
    expect(hash.encoding).to.equal("hashtable");
  });

  it("gives a scan every field that is there from its beginning to its end", () => {
    holds(
      fc.property(
        fc.uniqueArray(field, { minLength: 5, maxLength: 30 }),
        fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.array(hashStep, { maxLength: 6 })), { minLength: 40 }),
        (fields, rounds) => {
          const hash = new HashValue(limits);
          const model = new Map<string, string>();
          for (const name of fields) changeHash(hash, model, { set: name, to: "v" });
          const always = new Set(fields);
          const seen = new Set<string>();
          let cursor = 0;
          for (const [count, steps] of rounds) {
            cursor = hash.scan(cursor, count, (name) => seen.add(name));
            if (cursor === 0) break;
            for (const step of steps) {
              changeHash(hash, model, step);
              if ("del" in step) always.delete(step.del);
            }
          }
          if (cursor !== 0) while (cursor !== 0) cursor = hash.scan(cursor, 5, (name) => seen.add(name));
          for (const name of always) expect(seen).to.include(name);
        },
      ),
    );
  });

  it("is written as it was when it was frozen, whatever is done to it while it is written", () => {
    holds(
      fc.property(
        fc.array(hashStep, { maxLength: 60 }),
        fc.array(
          fc.oneof({ weight: 3, arbitrary: hashStep }, { weight: 2, arbitrary: fc.constant("entry" as const) }),
          {
            maxLength: 80,
          },
        ),
        (before, during) => {
          const hash = new HashValue(limits);
          const model = new Map<string, string>();
          for (const step of before) changeHash(hash, model, step);
          const frozen = sorted(model);
          const image = hash.image();
          const entries = image.entries[Symbol.iterator]();
          const seen: (readonly [string, string])[] = [];
          const one = (): boolean => {
            const next = entries.next();
            if (next.done !== true) seen.push([next.value[0], next.value[1]]);
            return next.done !== true;
          };
          for (const step of during) {
            if (step === "entry") one();
            else changeHash(hash, model, step);
          }
          while (one());
          expect(image.size).to.equal(frozen.length);
          expect(sorted(seen)).to.deep.equal(frozen);
          expect(sorted(hash.entries())).to.deep.equal(sorted(model));
        },
      ),
      500,
    );
  });

  it("can be frozen again when an image is done, or was given up", () => {
    const hash = new HashValue(limits);
    for (let n = 0; n < 100; n++) hash.set(`f${n}`, "v");
    for (const _entry of hash.image().entries);
    hash.image().release();
    hash.set("f1", "changed");
    const { entries } = hash.image();
    expect([...entries]).to.have.length(100);
  });

  it("reserves and adds what a file announces without asking twice for memory", () => {
    const hash = new HashValue(limits);
    hash.reserve(3);
    expect(hash.encoding).to.equal("listpack");
    hash.reserve(5);
    expect(hash.encoding).to.equal("hashtable");
    expect(hash.add("a", "1")).to.equal(true);
    expect(hash.add("a", "2")).to.equal(false);
    expect(hash.get("a")).to.equal("1");
    expect(hashType.itemCount(hash)).to.equal(1);
  });
});

describe("a set", () => {
  const small = { ...defaultEncodingLimits(), setMaxIntsetEntries: 6 };
  const member = fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: -10, max: 10 }).map(String) },
    {
      weight: 1,
      arbitrary: fc.constantFrom("70000", "9223372036854775807", "-9223372036854775808", "9007199254740993"),
    },
    { weight: 1, arbitrary: fc.constantFrom("a", "b", "01", "") },
  );
  type Step = { add: string } | { del: string };
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 2, arbitrary: fc.record({ add: member }) },
    { weight: 1, arbitrary: fc.record({ del: member }) },
  );
  const change = (set: SetValue, model: Set<string>, next: Step): void => {
    if ("add" in next) {
      expect(set.add(next.add)).to.equal(!model.has(next.add));
      model.add(next.add);
    } else {
      expect(set.delete(next.del)).to.equal(model.delete(next.del));
    }
  };

  it("holds what a Set would hold, and an intset rises", () => {
    holds(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const set = new SetValue(small);
        const model = new Set<string>();
        for (const next of steps) change(set, model, next);
        expect(set.size).to.equal(model.size);
        expect(sorted(set.members())).to.deep.equal(sorted(model));
        for (const text of model) expect(set.has(text)).to.equal(true);
        expect(set.has("not there")).to.equal(false);
        if (set.encoding === "intset") {
          const rising = [...model].map(BigInt).sort((a, b) => (a < b ? -1 : 1));
          expect([...set.members()]).to.deep.equal(rising.map(String));
        }
      }),
      500,
    );
  });

  it("is an intset up to the limit, while its members are integers in canonical form", () => {
    const set = new SetValue(small);
    for (let n = 1; n <= 6; n++) set.add(String(n));
    expect(set.encoding).to.equal("intset");
    set.add("7");
    expect(set.encoding).to.equal("hashtable");
    const mixed = new SetValue(small);
    mixed.add("1");
    mixed.add("01");
    expect(mixed.encoding).to.equal("hashtable");
  });

  it("never makes an intset narrower again", () => {
    const set = new SetValue(small);
    set.add("1");
    expect(set.intset?.width).to.equal(2);
    set.add("70000");
    expect(set.intset?.width).to.equal(4);
    set.delete("70000");
    expect(set.intset?.width).to.equal(4);
    set.add("-9223372036854775808");
    expect(set.intset?.width).to.equal(8);
  });

  it("is written as it was when it was frozen, whatever is done to it while it is written", () => {
    holds(
      fc.property(
        fc.array(step, { maxLength: 40 }),
        fc.array(fc.oneof({ weight: 3, arbitrary: step }, { weight: 2, arbitrary: fc.constant("command" as const) }), {
          maxLength: 60,
        }),
        (before, during) => {
          const set = new SetValue(small);
          const model = new Set<string>();
          for (const next of before) change(set, model, next);
          const frozen = sorted(model);
          const { entries } = set.image();
          const walk = entries[Symbol.iterator]();
          const seen: string[] = [];
          for (const next of during) {
            if (next !== "command") {
              change(set, model, next);
              continue;
            }
            const given = walk.next();
            if (given.done !== true) seen.push(given.value);
          }
          for (let given = walk.next(); given.done !== true; given = walk.next()) seen.push(given.value);
          expect(sorted(seen)).to.deep.equal(frozen);
          expect(sorted(set.members())).to.deep.equal(sorted(model));
        },
      ),
      500,
    );
  });

  it("is rebuilt by commands of 64 members at most", () => {
    const set = new SetValue(small);
    for (let n = 0; n < 150; n++) set.add(`m${n}`);
    const commands = [...setType.rebuild("k", set)];
    expect(commands.map((command) => command.length)).to.deep.equal([66, 66, 24]);
    expect(commands[0]?.slice(0, 2)).to.deep.equal(["SADD", "k"]);
  });
});
