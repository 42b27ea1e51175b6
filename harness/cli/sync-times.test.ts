import { expect } from "chai";
import { parse } from "yaml";
import { delaysSchema } from "../../scenarios/delays.ts";
import { drawDelayMs } from "../disk/delays.ts";
import { randomFrom } from "../random.ts";
import { histogramOf } from "./sync-times.ts";

describe("how long syncs took", () => {
  const times = [...Array.from({ length: 90 }, () => 0.8), ...Array.from({ length: 10 }, () => 30)];

  it("becomes a distribution that a scenario takes as it is printed", () => {
    const { kind, buckets } = histogramOf(times);
    const yaml = `{ kind: ${kind}, buckets: [${buckets.map((each) => `{ toMs: ${each.toMs}, count: ${each.count} }`).join(", ")}] }`;
    expect(delaysSchema.parse(parse(yaml))).to.deep.equal({ kind, buckets });
    expect(buckets.reduce((sum, { count }) => sum + count, 0)).to.equal(100);
  });

  it("draws times like those that were measured, and none from where there were none", () => {
    const random = randomFrom("seed");
    const delays = histogramOf(times);
    const drawn = Array.from({ length: 2_000 }, () => drawDelayMs(delays, random));
    for (const ms of drawn) expect(ms < 1.3 ? "fast" : ms > 15 && ms < 45 ? "slow" : ms).to.be.oneOf(["fast", "slow"]);
    expect(drawn.filter((ms) => ms > 15).length).to.be.within(100, 320);
  });

  it("knows times below its first bound too", () => {
    expect(histogramOf([0.001, 0.002])).to.deep.equal({ kind: "histogram", buckets: [{ toMs: 0.01, count: 2 }] });
  });
});
