import { expect } from "chai";
import { Patience } from "./readiness.ts";

describe("patience with a store", () => {
  const asked = (patienceMs: number, momentsMs: readonly number[]) => {
    let nowMs = 0;
    const patience = new Patience(patienceMs, () => nowMs);
    return momentsMs.map((ms) => {
      nowMs = ms;
      return patience.isOver();
    });
  };

  it("is over when the time is", () => {
    expect(asked(1_200, [500, 1_000, 1_200, 1_201])).to.deep.equal([false, false, false, true]);
  });

  it("does not count what the harness itself slept through", () => {
    expect(asked(3_000, [500, 1_000, 600_000, 601_000, 602_000])).to.deep.equal([false, false, false, false, true]);
  });
});
