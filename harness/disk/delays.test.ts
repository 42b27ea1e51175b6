import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { randomFrom } from "../random.ts";
import { type Delays, drawDelayMs } from "./delays.ts";

describe("delays of a disk", () => {
  const draws = 20_000;

  function drawMany(delays: Delays, seed = randomBytes(4).toString("hex")): number[] {
    const random = randomFrom(seed);
    return Array.from({ length: draws }, () => drawDelayMs(delays, random)).sort((one, other) => one - other);
  }

  const share = (drawn: readonly number[], holds: (ms: number) => boolean) => drawn.filter(holds).length / drawn.length;

  it("are the same for the same seed", () => {
    const delays: Delays = { kind: "lognormal", medianMs: 5, sigma: 0.5, msMax: 1_000 };
    expect(drawMany(delays, "one")).to.deep.equal(drawMany(delays, "one"));
    expect(drawMany(delays, "one")).to.not.deep.equal(drawMany(delays, "other"));
  });

  it("that are fixed never differ", () => {
    expect(new Set(drawMany({ kind: "fixed", ms: 0.25 }))).to.deep.equal(new Set([0.25]));
  });

  it("that are uniform fill their range evenly", () => {
    const drawn = drawMany({ kind: "uniform", fromMs: 10, toMs: 20 });
    expect(drawn[0]).to.be.at.least(10);
    expect(drawn.at(-1)).to.be.lessThan(20);
    expect(share(drawn, (ms) => ms < 12.5)).to.be.closeTo(0.25, 0.03);
  });

  it("that are lognormal lie half below the median, with a long tail that ends at its maximum", () => {
    const drawn = drawMany({ kind: "lognormal", medianMs: 4, sigma: 0.5, msMax: 14 });
    expect(share(drawn, (ms) => ms < 4)).to.be.closeTo(0.5, 0.03);
    expect(share(drawn, (ms) => ms > 4 * Math.exp(0.5 * 2))).to.be.closeTo(0.0228, 0.01);
    expect(drawn.at(-1)).to.equal(14);
  });

  it("that were measured come as often as they did", () => {
    const buckets = [
      { toMs: 1, count: 70 },
      { toMs: 5, count: 0 },
      { toMs: 50, count: 30 },
    ];
    const drawn = drawMany({ kind: "histogram", buckets });
    expect(share(drawn, (ms) => ms < 1)).to.be.closeTo(0.7, 0.03);
    expect(share(drawn, (ms) => ms >= 1 && ms < 5)).to.equal(0);
    expect(share(drawn, (ms) => ms >= 5 && ms < 50)).to.be.closeTo(0.3, 0.03);
  });
});
