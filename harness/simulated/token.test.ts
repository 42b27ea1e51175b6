import { expect } from "chai";
import { Catalogue } from "../../scenarios/catalogue.ts";
import { exploreSwarm, swarmScenario } from "../../tests/simulated/explored.ts";
import { forgetfulParts } from "../../tests/simulated/forgetful-store.ts";
import { survivorsToText } from "../disk/survivors/survivors.ts";
import type { JudgedPair } from "../explore/exploration.ts";
import type { Plan } from "../plan.ts";
import { replayToken } from "./replay-token.ts";
import { SimulatedWorld } from "./simulated-world.ts";
import { BadToken, isToken, readToken, tokenText } from "./token.ts";

const parts = {
  scenario: "simulated/swarm",
  preset: "everysec",
  scenarioDigest: "0123456789abcdef",
  seed: "a ~ seed/with 'odd' letters_é",
  cycle: 12,
  crashes: [
    { pointIndex: 31, model: "prefix", survivors: "new m31 w31" },
    { pointIndex: 1204, model: "torn", survivors: "new m1204 w1204 +8192" },
  ],
};

describe("a replay token", () => {
  it("says all that it was made of, and is one word to a shell", () => {
    const text = tokenText(parts) as string;
    expect(isToken(text)).to.equal(true);
    expect(text).to.match(/^[\w~./%=,+-]+$/);
    const { version, ...rest } = readToken(text);
    expect(version).to.match(/^\d/);
    expect(rest).to.deep.equal(parts);
  });

  it("is not made when it would be longer than 200 characters", () => {
    const survivors = `new m1 w1 p${"17.3=4,".repeat(40)}`;
    expect(tokenText({ ...parts, crashes: [{ pointIndex: 1, model: "pages", survivors }] })).to.equal(undefined);
  });

  for (const [what, text] of [
    ["cut off", "sim~0.1.0~simulated/swarm"],
    ["of another version", "sim~99.0.0~simulated/swarm~everysec~0~s~1~2~torn~new_m1_w1"],
    ["with a word for a number", (tokenText(parts) as string).replace("~1204~", "~many~")],
  ] as const) {
    it(`is refused when it is ${what}`, () => {
      expect(() => readToken(text)).to.throw(BadToken);
    });
  }

  it("brings back what was found: the same crash state, the same findings", async function () {
    this.timeout(0);
    const forgetful = new SimulatedWorld({ parts: forgetfulParts });
    const { plan, digest, pair } = await firstFinding(forgetful);
    const { scenario, preset, scenarioDigest, seed, cycle } = plan;
    const [model] = pair.state.models;
    const text = tokenText({
      scenario,
      preset,
      scenarioDigest,
      seed,
      cycle,
      crashes: [
        {
          pointIndex: pair.state.point.index,
          model: model?.name ?? "",
          survivors: survivorsToText(pair.state.survivors),
        },
      ],
    });
    const token = readToken(text as string);
    const always = new Catalogue().preset("always");
    const again = await replayToken(token, swarmScenario, always, new SimulatedWorld({ parts: forgetfulParts }));
    expect(again.recordingDigest).to.equal(digest);
    expect(again.judgement.verdict).to.equal("violated");
    expect(again.judgement.findings).to.deep.equal(pair.judgement.findings);
    const correct = await replayToken(token, swarmScenario, always);
    expect(correct.judgement.verdict).to.not.equal("violated");
  });

  it("is refused when the scenario is no longer what it was", async () => {
    const token = readToken(tokenText(parts) as string);
    const refused = await replayToken(token, swarmScenario, new Catalogue().preset("everysec")).catch((error) => error);
    expect(refused).to.be.instanceOf(BadToken);
  });
});

async function firstFinding(world: SimulatedWorld): Promise<{ plan: Plan; digest: string; pair: JudgedPair }> {
  for (let cycle = 1; cycle <= 20; cycle++) {
    const { plan, digest, broken } = await exploreSwarm("forgetful", "always", cycle, world);
    const [pair] = broken;
    if (pair !== undefined) return { plan, digest, pair };
  }
  throw new Error("a store that never syncs was not found");
}
