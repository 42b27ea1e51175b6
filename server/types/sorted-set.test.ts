import { expect } from "chai";
import fc from "fast-check";
import { holds } from "../../tests/property.ts";
import { defaultEncodingLimits } from "./encoding-limits.ts";
import type { ScoredMember } from "./score-leaf.ts";
import { SortedSetValue } from "./sorted-set.ts";
import { sortedSetType } from "./sorted-set-type.ts";

const small = { ...defaultEncodingLimits(), zsetMaxListpackEntries: 5, zsetMaxListpackValueBytes: 10 };
const member = fc.nat(400).map((n) => `m${n}`);
const score = fc.oneof(
  fc.integer({ min: -5, max: 5 }),
  fc.double({ noNaN: true }).map((value) => value + 0),
);
type Step = { set: string; score: number } | { del: string };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ set: member, score }) },
  { weight: 1, arbitrary: fc.record({ del: member }) },
);
/** Long runs of one kind make a tree grow and shrink. */
const steps = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.array(step, { maxLength: 40 }) },
      {
        weight: 2,
        arbitrary: fc
          .record({ from: fc.nat(300), count: fc.nat(100), rises: fc.boolean() })
          .map(({ from, count, rises }) =>
            Array.from({ length: count }, (_, n): Step => ({ set: `m${from + n}`, score: rises ? n : 0 - n })),
          ),
      },
      {
        weight: 1,
        arbitrary: fc
          .record({ from: fc.nat(300), count: fc.nat(100) })
          .map(({ from, count }) => Array.from({ length: count }, (_, n): Step => ({ del: `m${from + n}` }))),
      },
    ),
    { maxLength: 12 },
  )
  .map((runs) => runs.flat());

function change(set: SortedSetValue, model: Map<string, number>, next: Step): void {
  if ("set" in next) {
    set.set(next.set, next.score);
    model.set(next.set, next.score);
  } else {
    expect(set.delete(next.del)).to.equal(model.delete(next.del));
  }
}

function inOrder(model: ReadonlyMap<string, number>): ScoredMember[] {
  return [...model]
    .map(([name, value]) => ({ member: name, score: value }))
    .sort((a, b) => a.score - b.score || (a.member < b.member ? -1 : 1));
}

describe("a sorted set", () => {
  it("is in order, and knows every rank, whatever was added and removed", () => {
    holds(
      fc.property(steps, fc.nat(), fc.nat(), score, (all, from, to, bound) => {
        const set = new SortedSetValue(small);
        const model = new Map<string, number>();
        for (const next of all) change(set, model, next);
        const expected = inOrder(model);
        expect(set.size).to.equal(expected.length);
        expect(set.range(0, set.size)).to.deep.equal(expected);
        expected.forEach(({ member: name, score: value }, rank) => {
          expect(set.rank(name)).to.equal(rank);
          expect(set.score(name)).to.equal(value);
        });
        expect(set.rank("nobody")).to.equal(undefined);
        const [start, end] = [from % (expected.length + 1), to % (expected.length + 1)];
        expect(set.range(start, end)).to.deep.equal(expected.slice(start, end));
        expect(set.countBelow((other) => other < bound)).to.equal(
          expected.filter(({ score: value }) => value < bound).length,
        );
      }),
      300,
    );
  });

  it("becomes a skiplist by one member too many or too long, and stays one", () => {
    const set = new SortedSetValue(small);
    for (let n = 0; n < 5; n++) set.set(`m${n}`, n);
    expect(set.encoding).to.equal("listpack");
    set.set("m0", 9);
    expect(set.encoding).to.equal("listpack");
    set.set("m5", 1);
    expect(set.encoding).to.equal("skiplist");
    for (let n = 0; n < 5; n++) set.delete(`m${n}`);
    expect(set.encoding).to.equal("skiplist");
    const long = new SortedSetValue(small);
    long.set("0123456789x", 1);
    expect(long.encoding).to.equal("skiplist");
  });

  it("is loaded in any order, and says which member is there twice", () => {
    holds(
      fc.property(
        fc.uniqueArray(member, { maxLength: 300 }),
        fc.infiniteStream(score),
        fc.boolean(),
        (names, scores, compact) => {
          const values = names.map(() => scores.next().value as number);
          const set = new SortedSetValue(small);
          expect(set.load([...names], [...values], compact)).to.equal(undefined);
          const model = new Map(names.map((name, at) => [name, values[at] as number]));
          expect(set.range(0, set.size)).to.deep.equal(inOrder(model));
          const [first] = names;
          if (first === undefined) return;
          expect(new SortedSetValue(small).load([...names, first], [...values, 7], compact)).to.equal(first);
        },
      ),
    );
  });

  it("stays compact when a file has it so, however long its members", () => {
    const set = new SortedSetValue(small);
    set.load(["a member of some length"], [1], true);
    expect(set.encoding).to.equal("listpack");
    set.load(["a member of some length"], [1], false);
    expect(set.encoding).to.equal("skiplist");
  });

  it("knows no −0 while it is compact, as Redis does not", () => {
    const set = new SortedSetValue(small);
    set.set("m", -0);
    expect(Object.is(set.score("m"), 0)).to.equal(true);
    for (let n = 0; n < 6; n++) set.set(`m${n}`, -0);
    expect(Object.is(set.score("m5"), -0)).to.equal(true);
  });

  it("is written as it was when it was frozen, whatever is done to it while it is written", () => {
    holds(
      fc.property(
        steps,
        fc.array(fc.oneof({ weight: 4, arbitrary: step }, { weight: 1, arbitrary: fc.constant("command" as const) }), {
          maxLength: 150,
        }),
        (before, during) => {
          const set = new SortedSetValue(small);
          const model = new Map<string, number>();
          for (const next of before) change(set, model, next);
          const frozen = inOrder(model).map(({ member: name }) => name);
          const commands = sortedSetType.freeze(set).rebuild("k")[Symbol.iterator]();
          const seen: string[] = [];
          const command = (): boolean => {
            const next = commands.next();
            if (next.done !== true) seen.push(...next.value.slice(2).filter((_, at) => at % 2 === 1));
            return next.done !== true;
          };
          for (const next of during) {
            if (next === "command") command();
            else change(set, model, next);
          }
          while (command());
          expect(seen).to.deep.equal(frozen);
          expect(set.range(0, set.size)).to.deep.equal(inOrder(model));
        },
      ),
      300,
    );
  });
});
