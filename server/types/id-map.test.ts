import { expect } from "chai";
import fc from "fast-check";
import { holds } from "../../tests/property.ts";
import { IdMap } from "./id-map.ts";

describe("a map from stream ids", () => {
  it("holds what a Map would hold, in the order of the ids, wherever ids come and go", () => {
    const step = fc.record({
      does: fc.constantFrom("append", "append", "set", "set", "delete"),
      id: fc.bigInt({ min: 0n, max: 3000n }),
      times: fc.nat(400),
    });
    holds(
      fc.property(fc.array(step, { maxLength: 12 }), fc.bigInt({ min: 0n, max: 9000n }), (steps, start) => {
        const map = new IdMap<number>();
        const model = new Map<bigint, number>();
        let value = 0;
        let highest = 3000n;
        for (const { does, id, times } of steps) {
          for (let n = 0; n < times; n++) {
            const at = does === "append" ? ++highest : (id + BigInt(n * 7)) % 3000n;
            if (does === "delete") {
              expect(map.delete(at)).to.equal(model.delete(at));
            } else {
              map.set(at, ++value);
              model.set(at, value);
            }
          }
        }
        const sorted = [...model].sort(([one], [other]) => (one < other ? -1 : 1));
        expect([...map]).to.deep.equal(sorted);
        expect([...map.from(start)]).to.deep.equal(sorted.filter(([id]) => id >= start));
        expect({ size: map.size, first: map.first, last: map.last }).to.deep.equal({
          size: sorted.length,
          first: sorted[0]?.[0],
          last: sorted.at(-1)?.[0],
        });
        for (const [id, expected] of sorted) expect(map.get(id)).to.equal(expected);
        expect(map.get(start)).to.equal(model.get(start));
      }),
      100,
    );
  });
});
