import { expect } from "chai";
import { percentile, rateUpper95 } from "./statistics.ts";

describe("statistics", () => {
  it("the rate's upper end agrees with the tables of Clopper and Pearson", () => {
    // With none seen it has a closed form: 1 - 0.05^(1/n); the others are published values.
    expect(rateUpper95(0, 10)).to.be.closeTo(1 - 0.05 ** (1 / 10), 1e-9);
    expect(rateUpper95(0, 100)).to.be.closeTo(0.0295, 1e-4);
    expect(rateUpper95(1, 10)).to.be.closeTo(0.3942, 1e-4);
    expect(rateUpper95(5, 20)).to.be.closeTo(0.4556, 1e-4);
  });

  it("with nothing tried, and with everything violated, any rate is possible", () => {
    expect(rateUpper95(0, 0)).to.equal(1);
    expect(rateUpper95(7, 7)).to.equal(1);
  });

  it("stands many trials without overflow", () => {
    expect(rateUpper95(300, 100_000)).to.be.closeTo(0.0033, 1e-4);
  });

  it("a percentile is a value that was seen", () => {
    expect(percentile([5, 1, 3], 0.5)).to.equal(3);
    expect(percentile([1, 2, 3, 4], 0.5)).to.equal(2);
    expect(percentile([1, 2, 3], 0.99)).to.equal(3);
    expect(percentile([], 0.5)).to.equal(0);
  });
});
