import { execFileSync } from "node:child_process";
import path from "node:path";
import { expect } from "chai";
import { Catalogue } from "../scenarios/catalogue.ts";
import { scenarioSchema } from "../scenarios/scenario.ts";
import { configOf, type LinkPlan, makePlan, type Plan, type PlannedKill } from "./plan.ts";
import { countCalls } from "./workload/workload.ts";

const catalogue = new Catalogue();
const words = { redisVersion: "7.0.15", withoutCommands: [] };

function plan(name: string, seed: string, cycle = 1): Plan {
  const scenario = catalogue.scenario(name).value;
  return makePlan({ scenario, preset: catalogue.preset(scenario.presets[0] as string), seed, cycle, words });
}

/** The modules beside this test, compiled or not, whichever runs. */
const beside = (name: string) => new URL(`${name}${path.extname(import.meta.filename)}`, import.meta.url).href;

describe("a plan", () => {
  it("is the same for the same seed, byte for byte, in another process", () => {
    const program = `
      const { Catalogue } = await import(${JSON.stringify(beside("../scenarios/catalogue"))});
      const { makePlan } = await import(${JSON.stringify(beside("./plan"))});
      const catalogue = new Catalogue();
      const scenario = catalogue.scenario("kill/random").value;
      const preset = catalogue.preset(scenario.presets[0]);
      const words = { redisVersion: "7.0.15", withoutCommands: [] };
      process.stdout.write(JSON.stringify(makePlan({ scenario, preset, seed: "s", cycle: 7, words })));`;
    const other = execFileSync(process.execPath, ["--input-type=module", "--eval", program], { maxBuffer: 2 ** 28 });
    expect(other.toString("utf8")).to.equal(JSON.stringify(plan("kill/random", "s", 7)));
  });

  it("is another for another seed and another cycle", () => {
    const texts = [plan("kill/random", "a"), plan("kill/random", "b"), plan("kill/random", "a", 2)].map((each) =>
      JSON.stringify(each.links),
    );
    expect(new Set(texts).size).to.equal(3);
  });

  it("survives being written to a file and read again", () => {
    const one = plan("kill/saver", "s");
    expect(JSON.parse(JSON.stringify(one))).to.deep.equal(one);
  });

  for (const name of catalogue.scenarioNames().filter((each) => each.startsWith("kill/"))) {
    it(`of ${name} draws within its ranges, and leaves no range open`, () => {
      const scenario = catalogue.scenario(name).value;
      for (let cycle = 1; cycle <= 20; cycle++) {
        const { links } = plan(name, "ranges", cycle);
        expect(links).to.have.length(scenario.chain);
        for (const { fault, clients } of links) {
          expect(JSON.stringify(fault)).to.not.include('"least"');
          expect(countCalls(clients)).to.be.within(1, scenario.workload.calls + scenario.workload.clients);
          if (scenario.fault.kind !== "kill" || fault.kind !== "kill") continue;
          const { trigger } = scenario.fault;
          const drawn: Record<string, unknown> = { ...fault.trigger };
          for (const [field, range] of Object.entries(trigger)) {
            if (typeof range !== "object") continue;
            for (const value of [drawn[field] ?? drawn.delaysMs].flat()) {
              expect(value, field).to.be.within(range.least, range.most);
            }
          }
        }
      }
    });
  }

  it("has enough calls for the acks that its trigger waits for", () => {
    for (let cycle = 1; cycle <= 20; cycle++) {
      const { links } = plan("kill/during-aof-rewrite", "enough", cycle);
      const [link] = links as [LinkPlan<PlannedKill>];
      const { trigger } = link.fault as { readonly trigger: { readonly acks: number } };
      expect(countCalls(links[0]?.clients ?? [])).to.be.greaterThan(trigger.acks * 1.3);
    }
  });

  it("asks for snapshots before the fault strikes where nothing else is promised (O8), and nowhere else", () => {
    const scenario = catalogue.scenario("kill/during-bgsave").value;
    const savesOf = (preset: string) =>
      makePlan({ scenario, preset: catalogue.preset(preset), seed: "s", cycle: 1, words }).links[0]?.savesAtAcks ?? [];
    expect(savesOf("rdb-only")).to.not.deep.equal([]);
    expect(savesOf("stock")).to.not.deep.equal([]);
    expect(savesOf("hybrid")).to.deep.equal([]);
  });

  it("names a digest of what decides it: another load is another plan, another explanation is not", () => {
    const base = {
      name: "mine",
      why: "one",
      presets: ["always"],
      fault: { kind: "kill", trigger: { kind: "after-acks", acks: 5 } },
      budget: { runs: 1 },
    };
    const digestOf = (changed: object) =>
      makePlan({
        scenario: scenarioSchema.parse({ ...base, ...changed }),
        preset: catalogue.preset("always"),
        seed: "s",
        cycle: 1,
        words,
      }).scenarioDigest;
    expect(digestOf({ why: "two", budget: { runs: 9 } })).to.equal(digestOf({}));
    expect(digestOf({ workload: { clients: 5 } })).to.not.equal(digestOf({}));
    expect(digestOf({ directives: ["hz 100"] })).to.not.equal(digestOf({}));
  });

  it("puts the scenario's directives behind the preset's", () => {
    const scenario = catalogue.scenario("kill/during-aof-rewrite").value;
    const config = configOf(scenario, catalogue.preset("always"));
    expect(config.at(-1)).to.deep.equal(["rdb-key-save-delay", "300"]);
    expect(config).to.deep.include(["appendfsync", "always"]);
  });
});
