/**
 * Disks that go wrong under real stores, from a scenario to a verdict. One cycle each: these show that the way is whole,
 * a night shows the rest.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { runScenario } from "../../harness/run.ts";
import type { RunResult } from "../../harness/run-request.ts";
import { Catalogue } from "../../scenarios/catalogue.ts";
import type { Scenario } from "../../scenarios/scenario.ts";
import { needExecutable } from "../needs.ts";
import { RecordedGround } from "../recorded/ground.ts";

const catalogue = new Catalogue();
const usualTmp = process.env.TMPDIR;

describe("a disk that goes wrong", function () {
  this.timeout(90_000);
  let folder: string;
  let seed: string;

  before(async function () {
    await (await RecordedGround.create(this)).clear();
  });
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "disk-fault-"));
    process.env.TMPDIR = folder;
    seed = `story-${Date.now()}`;
  });
  afterEach(function () {
    if (usualTmp === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = usualTmp;
    if (this.currentTest?.state === "failed") console.log(`      seed ${seed}`);
    rmSync(folder, { recursive: true, force: true });
  });

  const bundles = () => mkdtempSync(path.join(tmpdir(), "bundles-"));

  function run(name: string, preset: string, target: string, changes: object = {}): Promise<RunResult> {
    return runScenario(
      {
        scenario: { ...catalogue.scenario(name).value, ...changes } as Scenario,
        preset: catalogue.preset(preset),
        target,
        seed,
        budget: { runs: 1 },
        jobs: 1,
        bundlesDir: bundles(),
        keep: false,
        signal: new AbortController().signal,
      },
      { cycleEnded: () => undefined },
    );
  }

  const explain = ({ run: { verdict, why, findings } }: RunResult) =>
    `${verdict}: ${why ?? findings.map(({ message }) => message).join("; ")}`;

  for (const [name, preset, target, faultKind] of [
    ["disk-fault/full", "everysec", "bundled", "disk-fault"],
    ["disk-fault/write-error", "always", "bundled", "disk-fault"],
    ["disk-fault/full", "everysec", "redis-server", "disk-fault"],
    ["disk-fault/fsync-error", "always", "redis-server", "disk-fault"],
    ["disk-fault/bit-rot", "rdb-only", "redis-server", "disk-fault"],
    ["kill/manifest-switch", "always", "redis-server", "kill"],
  ] as const) {
    it(`${name} with ${preset} holds on ${target}, and leaves nothing behind`, async function () {
      const store = target === "bundled" ? target : needExecutable(this, target);
      // Under a slow machine's load fewer calls are acked in the same time; what is judged is what was.
      const { windows } = catalogue.scenario(name).value.needs;
      const result = await run(name, preset, store, { needs: { acks: 1, windows } });
      expect(result.run.verdict, explain(result)).to.equal("held");
      expect(result.run.fault).to.equal(faultKind);
      expect(result.run.crashStates.judged).to.equal(1);
      expect(readdirSync(folder).filter((left) => left.startsWith("lossbound-"))).to.deep.equal([]);
    });
  }
});
