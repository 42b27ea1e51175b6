import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { Catalogue } from "../../scenarios/catalogue.ts";
import { runScenario } from "../run.ts";
import { hunt } from "./hunt.ts";
import { plantedBug, plantedBugs } from "./planted.ts";
import type { FoundBy, PlantedBug } from "./planted-bug.ts";

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

/** Nearly every world shows them. For the others, and for processes, `lossbound selftest` has the time. */
const quick = [
  "reply-before-log",
  "log-held-until-sync",
  "log-never-synced",
  "sync-answered-early",
  "old-incr-unsynced",
  "transaction-split",
  "incr-after-manifest",
  "base-unsynced",
  "manifest-unsynced",
  "manifest-before-base",
  "rename-unsynced",
  "folders-never-synced",
  "old-snapshot-deleted-first",
  "snapshot-unsynced",
  "stale-temp-file-loaded",
  "log-emptied-at-start",
  "half-transaction-accepted",
  "checksum-never-checked",
  "attestation-ignored",
  "one-sync-skipped",
];

describe("a hunt for a planted bug", function () {
  this.timeout(600_000);
  let bundlesDir: string;
  beforeEach(() => {
    bundlesDir = mkdtempSync(path.join(tmpdir(), "hunt-"));
  });
  afterEach(() => rmSync(bundlesDir, { recursive: true }));

  const huntOnce = async (bug: PlantedBug, by: FoundBy) => {
    const seed = `hunt ${Math.random()}`;
    const ground = {
      catalogue: new Catalogue(),
      runScenario,
      jobs: 2,
      bundlesDir,
      signal: new AbortController().signal,
    };
    const { found, cycles, others } = await hunt(bug, by, seed, ground);
    expect(found, `seed ${seed}: after ${cycles} cycles ${others.join(", ") || "nothing"}`).to.equal(true);
  };

  for (const name of quick) {
    it(`finds ${name} under its name in the simulated world, on a seed drawn now [N3]`, async () => {
      const bug = plantedBug(name);
      const [by] = bug.foundBy;
      expect(by.where).to.equal("simulated");
      await huntOnce(bug, by);
    });
  }

  it("finds shutdown-without-save under its name in a process, on a seed drawn now [N3]", async () => {
    const bug = plantedBug("shutdown-without-save");
    await huntOnce(bug, bug.foundBy[0]);
  });
});
