import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { Catalogue } from "../../scenarios/catalogue.ts";
import { runScenario } from "../run.ts";
import { hunt } from "./hunt.ts";
import { plantedBug, plantedBugs } from "./planted.ts";

describe("the planted bugs", () => {
  const catalogue = new Catalogue();

  it("have names of their own, and each says what is wrong and where it sits", () => {
    const names = plantedBugs.map(({ name }) => name);
    expect(new Set(names).size).to.equal(names.length);
    for (const { name, what, parts, world } of plantedBugs) {
      expect(name).to.match(/^[a-z]+(-[a-z]+)+$/);
      expect(what, name).to.match(/^[a-z].{20,}[^.]$/);
      expect(
        [parts, world].filter((each) => each !== undefined),
        name,
      ).to.have.length(1);
    }
  });

  it("each have a scenario that ships and a preset that suits it", () => {
    for (const { name, foundBy } of plantedBugs) {
      for (const { where, scenario, preset } of foundBy) {
        const { suits } = catalogue.scenario(scenario).value;
        expect(suits.targets, name).to.contain(where === "process" ? "bundled" : "simulated");
        expect(suits.presets ?? catalogue.presetNames(), name).to.contain(catalogue.preset(preset).name);
      }
    }
  });

  it("are looked up by name, and a wrong name is answered with the right one", () => {
    expect(() => plantedBug("reply-before-lock")).to.throw("reply-before-log");
  });
});

describe("a hunt for a planted bug", function () {
  this.timeout(120_000);
  let bundlesDir: string;
  beforeEach(() => {
    bundlesDir = mkdtempSync(path.join(tmpdir(), "hunt-"));
  });
  afterEach(() => rmSync(bundlesDir, { recursive: true }));

  // Those that any kill at all brings to light; the whole table is for `lossbound selftest`.
  for (const name of ["log-emptied-at-start", "unlink-not-logged", "shutdown-without-save", "manifest-before-base"]) {
    it(`finds ${name} under its name, on a seed drawn now [N3]`, async () => {
      const bug = plantedBug(name);
      const seed = `hunt ${Math.random()}`;
      const ground = {
        catalogue: new Catalogue(),
        runScenario,
        jobs: 2,
        bundlesDir,
        signal: new AbortController().signal,
      };
      const { found, cycles, others } = await hunt(bug, bug.foundBy[0], seed, ground);
      expect(found, `seed ${seed}: after ${cycles} cycles ${others.join(", ") || "nothing"}`).to.equal(true);
    });
  }
});
