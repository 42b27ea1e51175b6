import { expect } from "chai";
import { clockOf, killBoundMs, type Pace, powerCutBoundMs, type SyncClock } from "./everysec.ts";

const clocks: readonly SyncClock[] = ["seconds", "milliseconds", "unmoved"];

function paceOf(longestSyncMs: number, longestStallMs = 0): Pace {
  return { longestSyncMs, longestStallMs };
}

/** Longest sync, longest stall, worst acked → durable, in ms; without a rewrite and with one. `npm run bench -- everysec`. */
const measured: Readonly<Record<string, readonly (readonly [syncMs: number, stallMs: number, worstMs: number])[]>> = {
  "redis-server 7.0.15": [
    [0, 304, 1_024],
    [209, 176, 1_263],
    [794, 299, 1_903],
    [905, 185, 1_918],
    [1_516, 527, 3_958],
    [2_504, 686, 5_501],
    [3_502, 2_301, 6_987],
    [1, 176, 1_018],
    [208, 952, 1_298],
    [741, 2_946, 3_559],
    [906, 3_707, 4_596],
    [1_503, 4_599, 5_974],
    [2_505, 6_458, 10_002],
    [3_508, 10_278, 10_629],
  ],
  "redis-server 8.0.2": [
    [1, 112, 1_022],
    [204, 282, 1_446],
    [705, 371, 1_721],
    [932, 168, 1_958],
    [1_504, 119, 3_034],
    [2_507, 540, 5_527],
    [3_507, 1_503, 6_975],
    [0, 175, 1_023],
    [208, 808, 1_517],
    [714, 2_979, 4_385],
    [907, 3_837, 5_597],
    [1_515, 4_716, 6_117],
    [2_523, 6_763, 10_125],
    [3_601, 10_222, 10_640],
  ],
  "valkey-server 8.1.1": [
    [1, 149, 1_106],
    [205, 78, 1_224],
    [712, 56, 1_711],
    [907, 256, 1_982],
    [1_519, 203, 3_050],
    [2_517, 534, 5_579],
    [3_504, 1_563, 6_964],
    [0, 154, 1_062],
    [207, 875, 1_526],
    [710, 2_998, 4_348],
    [905, 3_762, 5_337],
    [1_521, 4_616, 6_137],
    [2_508, 6_731, 9_873],
    [3_505, 9_957, 10_379],
  ],
  "lossbound-server 0.1.0": [
    [1, 163, 1_006],
    [228, 262, 1_207],
    [708, 284, 1_709],
    [907, 236, 1_900],
    [1_510, 197, 3_019],
    [2_510, 527, 5_049],
    [3_510, 1_550, 6_997],
    [0, 261, 1_014],
  ],
};

describe("the bound of everysec at the level source", () => {
  it("is never below what an honest store was seen to do, on healthy disks and slow ones", () => {
    for (const [store, rows] of Object.entries(measured)) {
      const [name = "", version = ""] = store.split(" ");
      for (const [longestSyncMs, longestStallMs, worstMs] of rows) {
        const bound = powerCutBoundMs({ longestSyncMs, longestStallMs }, clockOf({ name, version }));
        expect(bound, `${store}, sync of ${longestSyncMs} ms`).to.be.above(worstMs);
      }
    }
    expect(killBoundMs(paceOf(900), "seconds")).to.be.above(2_180);
    expect(killBoundMs(paceOf(3_000), "milliseconds")).to.be.above(1_800);
  });

  it("is so tight on a healthy disk that one missed sync shows", () => {
    for (const clock of clocks) {
      for (const longestSyncMs of [0, 10, 49]) {
        const bound = powerCutBoundMs(paceOf(longestSyncMs), clock);
        expect(bound).to.be.at.most(1_250);
        // Without one of its syncs a store keeps writes back for two seconds.
        expect(bound).to.be.below(2_000 + longestSyncMs);
      }
    }
  });

  it("counts the slots that a clock in milliseconds loses: at two seconds, at four, none before [E3]", () => {
    const bound = (longestSyncMs: number) => powerCutBoundMs(paceOf(longestSyncMs), "milliseconds");
    expect(bound(700)).to.equal(1_000 + 700 + 300);
    expect(bound(1_500)).to.equal(1_500 + 1_500 + 300);
    expect(bound(2_500)).to.equal(3_000 + 2_500 + 300);
    expect(bound(3_500)).to.equal(3_500 + 3_500 + 300);
    expect(bound(4_500)).to.equal(5_000 + 4_500 + 300);
  });

  it("counts those that a clock in whole seconds loses: at any time after the first second, and after the third [E4]", () => {
    const bound = (longestSyncMs: number) => powerCutBoundMs(paceOf(longestSyncMs), "seconds");
    expect(bound(700)).to.equal(1_000 + 700 + 300);
    expect(bound(1_500)).to.equal(2_600 + 1_500 + 300);
    expect(bound(2_500)).to.equal(3_000 + 2_500 + 300);
    expect(bound(3_500)).to.equal(4_600 + 3_500 + 300);
  });

  it("counts none for a store that moves its clock only when a sync begins [E5]", () => {
    for (const longestSyncMs of [1_500, 2_500, 3_500]) {
      expect(powerCutBoundMs(paceOf(longestSyncMs), "unmoved")).to.equal(2 * longestSyncMs + 300);
    }
  });

  it("adds the longest stall, of which a busy turn is a part on a healthy disk [E6]", () => {
    expect(powerCutBoundMs(paceOf(10, 90), "seconds")).to.equal(1_210);
    expect(powerCutBoundMs(paceOf(10, 400), "seconds")).to.equal(1_510);
    expect(powerCutBoundMs(paceOf(900, 1_800), "milliseconds")).to.equal(1_000 + 900 + 1_800 + 300);
    expect(killBoundMs(paceOf(900, 1_800), "milliseconds")).to.equal(900 + 1_800 + 300);
  });

  it("never falls as syncs or stalls get longer", () => {
    const paces = Array.from({ length: 6_000 }, (_, ms) => [paceOf(ms), paceOf(900, ms)] as const);
    for (const clock of clocks) {
      for (const bound of [powerCutBoundMs, killBoundMs]) {
        const falls = paces.filter(([bySync, byStall], ms) => {
          const [syncBefore, stallBefore] = paces[Math.max(0, ms - 1)] as (typeof paces)[number];
          return bound(bySync, clock) < bound(syncBefore, clock) || bound(byStall, clock) < bound(stallBefore, clock);
        });
        expect(falls, clock).to.deep.equal([]);
      }
    }
  });

  it("hangs on how the version at hand tells the time", () => {
    const clock = (name: string, version: string) => clockOf({ name, version });
    expect(clock("redis-server", "7.0.15")).to.equal("seconds");
    expect(clock("redis-server", "7.2.6")).to.equal("seconds");
    expect(clock("redis-server", "7.4.1")).to.equal("milliseconds");
    expect(clock("redis-server", "8.0.2")).to.equal("milliseconds");
    expect(clock("valkey-server", "7.2.9")).to.equal("seconds");
    expect(clock("valkey-server", "8.1.1")).to.equal("milliseconds");
    expect(clock("lossbound-server", "0.1.0")).to.equal("unmoved");
    expect(clock("another-server", "9.0.0")).to.equal("seconds");
  });
});
