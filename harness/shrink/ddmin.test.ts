import { expect } from "chai";
import fc from "fast-check";
import { announcedSeed } from "../../tests/property.ts";
import { ddmin } from "./ddmin.ts";

describe("ddmin", () => {
  it("keeps just the items that are needed together, wherever they are", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(60), { minLength: 1 }), fc.nat(), async (items, pick) => {
        const needed = items.filter((item) => (item + pick) % 7 === 0);
        const kept = await ddmin(items, async (part) => needed.every((item) => part.includes(item)));
        expect(kept).to.deep.equal(needed);
      }),
      { seed: announcedSeed() },
    );
  });

  it("leaves nothing that could be left out alone, also where one item stands in for another", async () => {
    const fails = async (part: readonly number[]) => part.filter((item) => item % 3 === 0).length >= 2;
    const kept = await ddmin([1, 3, 2, 6, 9, 4, 12], fails);
    expect(kept).to.have.length(2);
    expect(await fails(kept)).to.equal(true);
  });

  it("ends with what it has when the time is over", async () => {
    let probes = 0;
    const kept = await ddmin(
      Array.from({ length: 100 }, (_, index) => index),
      async (part) => ++probes <= 3 && part.length > 0,
    );
    expect(kept.length).to.be.greaterThan(0).and.lessThan(100);
  });
});
