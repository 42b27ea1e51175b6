import { expect } from "chai";
import { randomFrom, resumeRandom } from "./random.ts";

const draws = (count: number, seed: string) => {
  const random = randomFrom(seed);
  return Array.from({ length: count }, () => random.below(1_000));
};

describe("chance from a seed", () => {
  it("is the same for the same seed, and another for another", () => {
    expect(draws(50, "a")).to.deep.equal(draws(50, "a"));
    expect(draws(50, "a")).not.to.deep.equal(draws(50, "b"));
  });

  it("gives a named stream that does not depend on what was drawn before", () => {
    const early = randomFrom("seed").fork("trigger").fraction();
    const parent = randomFrom("seed");
    for (let count = 0; count < 10; count++) parent.fraction();
    expect(parent.fork("trigger").fraction()).to.equal(early);
    expect(parent.fork("workload").fraction()).not.to.equal(early);
  });

  it("goes on where it was saved, also through JSON", () => {
    const random = randomFrom("seed").fork("x");
    random.below(10);
    const saved = JSON.parse(JSON.stringify(random.save()));
    const expected = [random.fraction(), random.fork("y").fraction(), random.fraction()];
    const resumed = resumeRandom(saved);
    expect([resumed.fraction(), resumed.fork("y").fraction(), resumed.fraction()]).to.deep.equal(expected);
  });

  it("draws by weight, and never what has none", () => {
    const random = randomFrom("weights");
    const choices = [
      ["often", 9],
      ["never", 0],
      ["seldom", 1],
    ] as const;
    const drawn = Array.from({ length: 10_000 }, () => random.weighted(choices));
    const counted = (wanted: string) => drawn.filter((value) => value === wanted).length;
    expect(counted("never")).to.equal(0);
    expect(counted("often") / counted("seldom")).to.be.within(7, 12);
  });

  it("reaches every value below its limit and none outside", () => {
    expect([...new Set(draws(20_000, "all"))].sort((a, b) => a - b)).to.deep.equal(
      Array.from({ length: 1_000 }, (_, index) => index),
    );
  });

  it("shuffles without losing anything", () => {
    const items = Array.from({ length: 30 }, (_, index) => index);
    const shuffled = randomFrom("deck").shuffled(items);
    expect(shuffled).not.to.deep.equal(items);
    expect([...shuffled].sort((a, b) => a - b)).to.deep.equal(items);
  });

  it("refuses to draw from nothing", () => {
    expect(() => randomFrom("x").pick([])).to.throw(RangeError);
    expect(() => randomFrom("x").below(0)).to.throw(RangeError);
    expect(() => randomFrom("x").weighted([["a", 0]])).to.throw(RangeError);
  });
});
