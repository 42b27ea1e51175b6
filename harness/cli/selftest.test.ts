import { expect } from "chai";
import { type FakeSurroundings, fakeSurroundings, heldEngine, resultOf } from "../../tests/fake-surroundings.ts";
import { plantedBug, plantedBugs } from "../planted/planted.ts";
import type { RunScenario } from "../run-request.ts";
import { main } from "./program.ts";
import type { SelftestReport } from "./selftest.ts";

/** Finds every planted bug in its third cycle, and nothing in the correct store. */
const keenEngine: RunScenario = async (request, watch) => {
  if (!request.target.includes(":")) return heldEngine(request, watch);
  const bug = plantedBug(request.target.replace(/^(planted|simulated):/, ""));
  const { name } = request.scenario;
  const { kind } = bug.foundBy.find(({ scenario }) => scenario === name) ?? bug.foundBy[0];
  for (let done = 1; done <= 3 && !request.signal.aborted; done++) {
    const verdict = done === 3 ? "violated" : "held";
    watch.cycleEnded({ done, acked: 100, verdict, kinds: done === 3 ? [kind] : [] });
  }
  return resultOf(request, { verdict: "violated" });
};

describe("lossbound selftest", () => {
  const tested = async (around: FakeSurroundings, ...words: string[]) => ({
    code: await main(["selftest", ...words], around),
    report: () => JSON.parse(around.stdout()) as SelftestReport,
  });

  it("hunts every planted bug with its scenario, and asks the correct store first", async () => {
    const around = fakeSurroundings(keenEngine);
    const { code, report } = await tested(around, "--json");
    expect(code).to.equal(0);
    const { planted, found, bugs } = report();
    expect([planted, found]).to.deep.equal([plantedBugs.length, plantedBugs.length]);
    expect(bugs.map(({ name, kind }) => `${name} ${kind}`)).to.deep.equal(
      plantedBugs.map(({ name, foundBy: [by] }) => `${name} ${by.kind}`),
    );
    for (const { found: each, medianMs } of bugs) expect([each, typeof medianMs]).to.deep.equal([true, "number"]);
    const asked = around.requests.map(({ target, scenario, preset }) => `${target} ${scenario.name} ${preset.name}`);
    for (const { name, foundBy } of plantedBugs) {
      for (const { where, scenario, preset } of foundBy) {
        const [planted, correct] = where === "process" ? ["planted", "bundled"] : ["simulated", "simulated"];
        expect(asked).to.include(`${planted}:${name} ${scenario} ${preset}`);
        expect(asked).to.include(`${correct} ${scenario} ${preset}`);
      }
    }
  });

  it("takes another seed each time, and says from which one they come", async () => {
    const around = fakeSurroundings(keenEngine);
    await tested(around, "unlink-not-logged", "--seeds", "3", "--seed", "s");
    const hunts = around.requests.filter(({ target }) => target === "planted:unlink-not-logged");
    expect(hunts.map(({ seed }) => seed)).to.deep.equal(["s", "s.1", "s.2"]);
    expect(around.stdout()).to.contain("from seed s").and.to.contain("found 1 of 1");
  });

  it("asks the correct store on the first of the seeds, when it is told to, and hunts on all of them", async () => {
    const around = fakeSurroundings(keenEngine);
    const { code } = await tested(around, "unlink-not-logged", "--seeds", "3", "--seed", "s", "--correct-seeds", "1");
    expect(code).to.equal(0);
    const asked = around.requests.map(({ target, seed }) => `${target} ${seed}`);
    const hunted = ["s", "s.1", "s.2"].map((seed) => `planted:unlink-not-logged ${seed}`);
    expect(asked).to.deep.equal(["bundled s", ...hunted]);
    expect(around.stdout()).to.contain("asked on 1 of 3 seeds");
  });

  it("draws other seeds at every start", async () => {
    const seeds = async () => {
      const around = fakeSurroundings(keenEngine);
      await tested(around, "unlink-not-logged");
      return around.requests[0]?.seed;
    };
    expect(await seeds()).to.not.equal(await seeds());
  });

  it("fails when a bug is not found, and says what was found instead", async () => {
    const around = fakeSurroundings(async (request, watch) => {
      if (!request.target.includes(":")) return heldEngine(request, watch);
      watch.cycleEnded({ done: 1, acked: 100, verdict: "violated", kinds: ["phantom"] });
      return resultOf(request, { verdict: "violated" });
    });
    const { code } = await tested(around, "unlink-not-logged");
    expect(code).to.equal(1);
    expect(around.stdout()).to.contain("not found on 1 of 1 seed, 1 cycle: phantom instead");
  });

  it("takes each right name of what a bug leaves behind, and no other", async () => {
    for (const [kind, code] of [
      ["phantom", 0],
      ["refusal", 1],
    ] as const) {
      const around = fakeSurroundings(async (request, watch) => {
        if (!request.target.includes(":")) return heldEngine(request, watch);
        watch.cycleEnded({ done: 1, acked: 100, verdict: "violated", kinds: [kind] });
        return resultOf(request, { verdict: "violated" });
      });
      expect((await tested(around, "select-missing")).code, kind).to.equal(code);
    }
  });

  const onTheCorrectStore = (verdict: "violated" | "unknown") =>
    fakeSurroundings(async (request, watch) =>
      !request.target.includes(":") ? resultOf(request, { verdict, why: "for a reason" }) : keenEngine(request, watch),
    );

  it("does not believe a scenario that cries on the correct store", async () => {
    const around = onTheCorrectStore("violated");
    const { code, report } = await tested(around, "unlink-not-logged", "--json");
    expect(code).to.equal(1);
    expect(report().bugs[0]?.found).to.equal(false);
    expect(around.stderr()).to.contain("kill/random · os-decides: violated on the correct store");
  });

  it("is inconclusive where a scenario could not judge the correct store", async () => {
    const around = onTheCorrectStore("unknown");
    const { code, report } = await tested(around, "unlink-not-logged", "--json");
    expect(code).to.equal(5);
    expect(report().bugs[0]?.found).to.equal(true);
    expect(around.stderr()).to.contain("kill/random · os-decides: unknown on the correct store");
  });

  it("hunts with another scenario beside, for comparison, where the preset suits it", async () => {
    const around = fakeSurroundings(keenEngine);
    await tested(around, "manifest-before-base", "shutdown-without-save", "--beside", "kill/random");
    expect(around.stdout()).to.match(/manifest-before-base .*kill\/random: 1 of 1/);
    expect(around.stdout()).to.match(/shutdown-without-save .*kill\/random: does not suit/);
  });

  it("gives up what hunts beside when it has found nothing on two seeds", async () => {
    const around = fakeSurroundings((request, watch) =>
      request.scenario.name === "kill/random" ? heldEngine(request, watch) : keenEngine(request, watch),
    );
    await tested(around, "manifest-before-base", "--seeds", "5", "--beside", "kill/random");
    expect(around.stdout()).to.match(/manifest-before-base .*kill\/random: 0 of 2/);
    expect(around.requests.filter(({ scenario }) => scenario.name === "kill/random")).to.have.length(2);
  });

  it("refuses a bug and a scenario that are not there before anything is started", async () => {
    for (const words of [["no-such-bug"], ["unlink-not-logged", "--beside", "kill/nothing"]]) {
      const around = fakeSurroundings(keenEngine);
      expect((await tested(around, ...words)).code).to.equal(2);
      expect(around.requests).to.be.empty;
    }
  });

  it("ends with what it has when it is interrupted", async () => {
    const around: FakeSurroundings = fakeSurroundings((request, watch) => {
      around.interrupt();
      return keenEngine(request, watch);
    });
    expect((await tested(around, "--json")).code).to.equal(130);
  });
});
