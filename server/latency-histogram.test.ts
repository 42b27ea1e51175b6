import { expect } from "chai";
import { LatencyHistogram } from "./latency-histogram.ts";

describe("how long calls took", () => {
  it("gives percentiles that are exact when small, and never below or 1.6 % above the truth", () => {
    for (const [value, most] of [
      [0, 0],
      [5, 5],
      [127, 127],
      [128, 130],
      [50_000, 50_800],
      [2 ** 31 - 1, 2 ** 31 - 1],
    ] as const) {
      const histogram = new LatencyHistogram();
      histogram.add(value);
      expect(histogram.percentile(50), `${value}`).to.be.within(value, most);
    }
  });

  it("counts the share of calls that a percentile asks for", () => {
    const histogram = new LatencyHistogram();
    for (let value = 1; value <= 100; value++) histogram.add(value);
    expect([1, 50, 99, 100].map((percent) => histogram.percentile(percent))).to.deep.equal([1, 50, 99, 100]);
  });

  it("adds up by powers of two", () => {
    const histogram = new LatencyHistogram();
    for (const value of [1, 3, 3, 9]) histogram.add(value);
    expect(histogram.byPowers()).to.deep.equal([
      [1, 1],
      [2, 1],
      [4, 3],
      [8, 3],
      [16, 4],
    ]);
  });
});
