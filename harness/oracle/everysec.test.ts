import { expect } from "chai";
import { clockOf, killBoundMs, type Pace, powerCutBoundMs, type SyncClock } from "./everysec.ts";

const clocks: readonly SyncClock[] = ["seconds", "milliseconds", "unmoved"];

function paceOf(longestSyncMs: number, longestStallMs = 0): Pace {
  return { longestSyncMs, longestStallMs };
}

describe("the bound of everysec at the level source", () => {
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
    for (const clock of clocks) {
      for (const bound of [powerCutBoundMs, killBoundMs]) {
        for (let ms = 1; ms < 6_000; ms++) {
          expect(bound(paceOf(ms), clock)).to.be.at.least(bound(paceOf(ms - 1), clock));
          expect(bound(paceOf(900, ms), clock)).to.be.at.least(bound(paceOf(900, ms - 1), clock));
        }
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
