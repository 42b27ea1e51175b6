import { expect } from "chai";
import fc from "fast-check";
import { holds } from "../../tests/property.ts";
import { defaultEncodingLimits } from "./encoding-limits.ts";
import { FieldDeadlines } from "./field-deadlines.ts";
import { HashValue } from "./hash.ts";

type Step = { set: string; atMs: number } | { del: string };
const field = fc.nat(12).map((n) => `f${n}`);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ set: field, atMs: fc.nat(50) }) },
  { weight: 1, arbitrary: fc.record({ del: field }) },
);

describe("deadlines of fields", () => {
  it("always name the one that is next, however often they are changed", () => {
    holds(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const deadlines = new FieldDeadlines();
        const model = new Map<string, number>();
        for (const each of steps) {
          if ("set" in each) {
            deadlines.set(each.set, each.atMs);
            model.set(each.set, each.atMs);
          } else {
            expect(deadlines.delete(each.del)).to.equal(model.delete(each.del));
          }
          expect(deadlines.size).to.equal(model.size);
          expect(deadlines.next?.deadlineMs).to.equal(model.size === 0 ? undefined : Math.min(...model.values()));
        }
      }),
    );
  });
});

describe("a hash whose fields expire", () => {
  const limits = { ...defaultEncodingLimits(), hashMaxListpackEntries: 4 };

  it("removes what is past and nothing else, and knows when the next one is", () => {
    holds(
      fc.property(fc.dictionary(field, fc.option(fc.nat(50)), { minKeys: 1 }), fc.nat(60), (fields, nowMs) => {
        const hash = new HashValue(limits);
        for (const [name, deadlineMs] of Object.entries(fields)) {
          hash.set(name, "v");
          hash.setDeadline(name, deadlineMs ?? undefined);
        }
        const isPast = ([, deadlineMs]: [string, number | null]) => deadlineMs !== null && deadlineMs < nowMs;
        const past = Object.entries(fields).filter(isPast);
        expect(hash.countPast(nowMs)).to.equal(past.length);
        expect(hash.removePast(nowMs).sort()).to.deep.equal(past.map(([name]) => name).sort());
        expect(hash.size).to.equal(Object.keys(fields).length - past.length);
        expect(hash.nextDeadlineMs).to.be.at.least(nowMs);
      }),
    );
  });

  it("gives an image with the deadlines as they were, whatever becomes of them meanwhile", () => {
    const hash = new HashValue(limits);
    for (let n = 0; n < 10; n++) hash.set(`f${n}`, "v");
    hash.setDeadline("f1", 100);
    hash.setDeadline("f2", 200);
    const image = hash.image();
    hash.setDeadline("f1", 300);
    hash.setDeadline("f3", 400);
    hash.set("f2", "w");
    hash.removePast(1000);
    const found = [...image.entries].filter(([, , deadlineMs]) => deadlineMs !== undefined).sort();
    expect(found).to.deep.equal([
      ["f1", "v", 100],
      ["f2", "v", 200],
    ]);
    expect(image.size).to.equal(10);
  });

  it("forgets the deadline of a field that is set or removed, and is in its ordinary form again without any", () => {
    const hash = new HashValue(limits);
    hash.set("a", "1");
    hash.setDeadline("a", 100);
    expect(hash.encoding).to.equal("listpackex");
    hash.set("a", "2");
    expect(hash.deadline("a")).to.equal(undefined);
    expect(hash.encoding).to.equal("listpack");
    hash.setDeadline("a", 100);
    hash.delete("a");
    expect(hash.hasDeadlines).to.equal(false);
  });
});
