import { expect } from "chai";
import { sampleFinding, sampleOutcome, sampleRun, violatedRun } from "../tests/sample-outcome.ts";
import { type Night, nightOf, readNights, type Trials, trendOf, triage } from "./nights.ts";

/** A night of one run, with these findings. A name that ends with `!` is known. */
function night(day: number, found: readonly string[], judged = 8): Night {
  const findings = found.map((name) =>
    sampleFinding({ fingerprint: name.replace("!", ""), known: name.endsWith("!") }),
  );
  const run = sampleRun({ crashStates: { ...sampleRun().crashStates, judged }, findings });
  return nightOf(sampleOutcome([run], { startedAt: `2026-11-0${day}T02:00:00.000Z` }), "smoke", "o.json");
}

const states = (...nights: Night[]) => triage(nights).map(({ state, fingerprint }) => `${state} ${fingerprint}`);

describe("triage", () => {
  it("says new of what no night had before, and resolved when it is gone", () => {
    expect(states(night(1, []), night(2, ["hole-1"]))).to.deep.equal(["new hole-1"]);
    expect(states(night(1, []), night(2, ["hole-1"]), night(3, []))).to.deep.equal(["resolved hole-1"]);
    expect(states(night(1, ["hole-1"]), night(2, []), night(3, [])), "told once").to.deep.equal([]);
  });

  it("says ongoing of what was there the night before, with the days on which it was seen", () => {
    const [entry] = triage([night(1, ["hole-1"]), night(2, ["hole-1"])]);
    expect(entry).to.include({ state: "ongoing", firstSeen: "2026-11-01T02:00:00.000Z", scenario: "kill/random" });
  });

  it("says regressed of what had been resolved", () => {
    expect(states(night(1, ["hole-1"]), night(2, []), night(3, ["hole-1"]))).to.deep.equal(["regressed hole-1"]);
  });

  it("says known of what the scenario lists, and puts the worst news first", () => {
    const nights = [night(1, ["a!", "gone"]), night(2, ["a!", "b"])];
    expect(states(...nights)).to.deep.equal(["new b", "known a", "resolved gone"]);
  });

  it("takes a night that judged nothing for no answer", () => {
    expect(states(night(1, ["hole-1"]), night(2, [], 0))).to.deep.equal([]);
    expect(states(night(1, ["hole-1"]), night(2, [], 0), night(3, ["hole-1"]))).to.deep.equal(["ongoing hole-1"]);
  });

  it("compares a run only with the same scenario, preset and target", () => {
    const other = nightOf(sampleOutcome([violatedRun()]), "smoke", "o.json");
    expect(states(other, night(2, ["loss-beyond-bound/loss/3f2a91"]))).to.deep.equal([
      "new loss-beyond-bound/loss/3f2a91",
    ]);
  });
});

describe("the trend of nights", () => {
  it("has the rate of violations and the time to the first of them, of nights of the same kind alone", () => {
    const run = sampleRun();
    const nightWith = (day: number, trials: Trials, what = "smoke") =>
      nightOf(sampleOutcome([run], { startedAt: `2026-11-0${day}T02:00:00.000Z` }), what, "o.json", [trials]);
    const nights = [
      nightWith(1, { cycles: 8, cyclesViolated: 0, detectedMs: null }),
      nightWith(2, { cycles: 3, cyclesViolated: 0, detectedMs: null }, "other"),
      nightWith(3, { cycles: 10, cyclesViolated: 2, detectedMs: 1_500 }),
    ];
    const trend = trendOf(nights, 90).map(({ cycles, cyclesViolated, detectedMs }) => [
      cycles,
      cyclesViolated,
      detectedMs,
    ]);
    expect(trend).to.deep.equal([
      [8, 0, null],
      [10, 2, 1_500],
    ]);
    expect(trendOf(nights, 1)).to.have.length(1);
    const lines = `${nights.map((each) => JSON.stringify(each)).join("\n")}\n`;
    expect(readNights(lines)).to.deep.equal({ nights, unread: 0 });
  });
});

describe("the history of nights", () => {
  it("comes back as it was written, but for torn lines, which are counted", () => {
    const nights = [night(1, []), night(2, ["hole-1"])];
    const lines = nights.map((each) => JSON.stringify(each));
    expect(readNights(`${lines.join("\n")}\n`)).to.deep.equal({ nights, unread: 0 });
    expect(readNights(`${lines[0]}\n${lines[1]?.slice(0, 40)}`)).to.deep.equal({ nights: [nights[0]], unread: 1 });
  });
});
