import { expect } from "chai";
import fc from "fast-check";
import { holds } from "../../tests/property.ts";
import { Column } from "./column.ts";

describe("a column of numbers", () => {
  it("holds what an array would, and its initial wherever nothing was put or it was taken out again", () => {
    const step = fc.tuple(fc.nat(5000), fc.option(fc.double({ noNaN: true }), { nil: undefined }));
    holds(
      fc.property(fc.constantFrom(0, Number.POSITIVE_INFINITY), fc.array(step), (initial, steps) => {
        const column = new Column(initial);
        const model = new Map<number, number>();
        for (const [slot, number] of steps) {
          if (number === undefined) {
            column.forget(slot);
            model.delete(slot);
          } else {
            column.put(slot, number);
            model.set(slot, number);
          }
        }
        const slots = Array.from({ length: 5001 }, (_, slot) => slot);
        expect(slots.filter((slot) => column.at(slot) !== (model.get(slot) ?? initial))).to.deep.equal([]);
        column.clear();
        for (const [slot] of steps) expect(column.at(slot)).to.equal(initial);
      }),
    );
  });
});
