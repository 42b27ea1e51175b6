import { expect } from "chai";
import fc from "fast-check";
import { holds, latin1 } from "../../tests/property.ts";
import { emptyListpackBytes, listpackEntryBytes } from "../codec/listpack.ts";
import { defaultEncodingLimits, type EncodingLimits } from "./encoding-limits.ts";
import { ListValue } from "./list.ts";
import { listType } from "./list-type.ts";

type End = "head" | "tail";
type Step =
  | { do: "push"; end: End; text: string }
  | { do: "pop"; end: End }
  | { do: "insert"; at: number; text: string; where: "before" | "after" }
  | { do: "replace"; at: number; text: string }
  | { do: "removeEqual"; text: string; end: End; limit: number }
  | { do: "removeRange"; at: number; count: number };

const element = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom("a", "b", "c", "1", "2", "a longer element") },
  { weight: 1, arbitrary: latin1(40) },
  { weight: 1, arbitrary: fc.nat(2000).map((length) => "x".repeat(length)) },
);
const end = fc.constantFrom<End>("head", "tail");
const where = fc.constantFrom<"before" | "after">("before", "after");
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("push" as const), end, text: element }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("pop" as const), end }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("insert" as const), at: fc.nat(), text: element, where }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("replace" as const), at: fc.nat(), text: element }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("removeEqual" as const), text: element, end, limit: fc.nat(3) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("removeRange" as const), at: fc.nat(), count: fc.nat(9) }) },
);
const limits: fc.Arbitrary<EncodingLimits> = fc
  .record({
    listMaxListpackSize: fc.constantFrom(-5, -2, -1, 0, 1, 2, 3, 10),
    listPlainNodeBytes: fc.constantFrom(3, 100, 2 ** 30),
  })
  .map((changed) => ({ ...defaultEncodingLimits(), ...changed }));

/** Does a step to the list and to an array that shows what a list is. */
function take(list: ListValue, model: string[], next: Step): void {
  const at = "at" in next && model.length > 0 ? next.at % model.length : 0;
  switch (next.do) {
    case "push":
      list.push(next.end, next.text);
      if (next.end === "head") model.unshift(next.text);
      else model.push(next.text);
      return;
    case "pop":
      expect(list.pop(next.end)).to.equal(next.end === "head" ? model.shift() : model.pop());
      return;
    case "insert":
      if (model.length === 0) return;
      list.insert(at, next.text, next.where);
      model.splice(next.where === "after" ? at + 1 : at, 0, next.text);
      return;
    case "replace":
      if (model.length === 0) return;
      list.replace(at, next.text);
      model[at] = next.text;
      return;
    case "removeEqual": {
      let removed = 0;
      const kept: string[] = [];
      for (const text of next.end === "head" ? model : [...model].reverse()) {
        const goes = text === next.text && (next.limit === 0 || removed < next.limit);
        if (goes) removed++;
        else kept.push(text);
      }
      expect(list.removeEqual(next.text, next.end, next.limit)).to.equal(removed);
      model.splice(0, model.length, ...(next.end === "head" ? kept : kept.reverse()));
      return;
    }
    case "removeRange": {
      const count = Math.min(next.count, model.length - at);
      list.removeRange(at, count);
      model.splice(at, count);
    }
  }
}

describe("a list", () => {
  it("holds what an array would hold, whatever its nodes are", () => {
    holds(
      fc.property(limits, fc.array(step, { maxLength: 80 }), (allowed, steps) => {
        const list = new ListValue(allowed);
        const model: string[] = [];
        for (const next of steps) take(list, model, next);
        expect([...list.elements()]).to.deep.equal(model);
        expect(list.length).to.equal(model.length);
        model.forEach((text, index) => {
          expect(list.get(index)).to.equal(text);
        });
        for (let start = 0; start < model.length; start += 3) {
          expect(list.range(start, 5)).to.deep.equal(model.slice(start, start + 5));
        }
      }),
      500,
    );
  });

  it("knows the size of each of its nodes, and fills none beyond the limit", () => {
    holds(
      fc.property(limits, fc.array(step, { maxLength: 80 }), (allowed, steps) => {
        const list = new ListValue(allowed);
        const model: string[] = [];
        for (const next of steps) take(list, model, next);
        let nodes = 0;
        for (const node of list.chain()) {
          nodes++;
          const elements = node.slice();
          expect(elements).to.not.have.length(0);
          const sizeBytes = node.plain
            ? (elements[0] as string).length
            : elements.reduce((sum, text) => sum + listpackEntryBytes(text), emptyListpackBytes);
          expect(node.sizeBytes).to.equal(sizeBytes);
          if (allowed.listMaxListpackSize > 0) {
            expect(elements.length).to.be.at.most(allowed.listMaxListpackSize);
          }
        }
        expect(list.nodeCount).to.equal(nodes);
      }),
      300,
    );
  });

  it("finds elements from either end", () => {
    holds(
      fc.property(
        fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 40 }),
        fc.constantFrom(1, 3, 100),
        end,
        fc.nat(4),
        fc.nat(4),
        fc.nat(20),
        (elements, size, from, skip, limit, compareMax) => {
          const list = new ListValue({ ...defaultEncodingLimits(), listMaxListpackSize: size });
          for (const text of elements) list.push("tail", text);
          const looked = compareMax === 0 ? elements.length : compareMax;
          let found = elements.flatMap((text, index) => (text === "a" ? [index] : []));
          if (from === "tail") found = found.reverse().filter((index) => index >= elements.length - looked);
          else found = found.filter((index) => index < looked);
          found = found.slice(skip, limit === 0 ? undefined : skip + limit);
          expect(list.positions("a", from, skip, limit, compareMax)).to.deep.equal(found);
        },
      ),
      500,
    );
  });

  it("that is used as a queue does not grow for ever", () => {
    const list = new ListValue(defaultEncodingLimits());
    for (let n = 0; n < 10; n++) list.push("tail", "x");
    for (let n = 0; n < 10_000; n++) {
      list.push("tail", "y");
      list.pop("head");
    }
    const [node] = list.chain();
    expect((node as unknown as { elements: string[] }).elements.length).to.be.below(100);
  });

  it("is written as it was when it was frozen, whatever is done to it while it is written", () => {
    holds(
      fc.property(
        limits,
        fc.nat(400),
        fc.array(step, { maxLength: 60 }),
        fc.array(fc.oneof({ weight: 3, arbitrary: step }, { weight: 1, arbitrary: fc.constant("slice" as const) }), {
          maxLength: 60,
        }),
        (allowed, length, before, during) => {
          const list = new ListValue(allowed);
          const model: string[] = [];
          for (let n = 0; n < length; n++) take(list, model, { do: "push", end: "tail", text: `element ${n}` });
          for (const next of before) take(list, model, next);
          const frozen = [...model];
          const commands = listType.freeze(list).rebuild("k")[Symbol.iterator]();
          const seen: string[] = [];
          const slice = (): boolean => {
            const next = commands.next();
            if (next.done !== true) seen.push(...next.value.slice(2));
            return next.done !== true;
          };
          for (const next of during) {
            if (next === "slice") slice();
            else take(list, model, next);
          }
          while (slice());
          expect(seen).to.deep.equal(frozen);
          expect([...list.elements()]).to.deep.equal(model);
        },
      ),
      500,
    );
  });
});
