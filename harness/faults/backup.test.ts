/** The scenarios backup/*, a few cycles each: what is complete restores, and what is copied carelessly is found out. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import type { Run } from "../../reports/outcome.ts";
import { Catalogue } from "../../scenarios/catalogue.ts";
import { needExecutable } from "../../tests/needs.ts";
import { replayBundle } from "../replay.ts";
import { runScenario } from "../run.ts";

describe("a backup of a redis-server that clients write to", function () {
  this.timeout(180_000);
  let redis: string;
  const folder = mkdtempSync(path.join(tmpdir(), "backup-scenarios-"));
  const catalogue = new Catalogue();

  before(function () {
    redis = needExecutable(this, "redis-server");
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const play = async (name: string, preset: string, runs: number): Promise<Run> => {
    const { run } = await runScenario(
      {
        scenario: catalogue.scenario(name).value,
        preset: catalogue.preset(preset),
        target: redis,
        seed: `backups ${Date.now()}`.replaceAll(" ", "-"),
        budget: { runs },
        jobs: 2,
        bundlesDir: folder,
        keep: false,
        signal: new AbortController().signal,
      },
      { cycleEnded: () => undefined },
    );
    return run;
  };

  for (const [name, preset] of [
    ["backup/snapshot", "hybrid"],
    ["backup/log", "everysec"],
    ["backup/log", "always"],
  ] as const) {
    it(`restores to what was asked before it began, wherever it or the store died: ${name} with ${preset}`, async () => {
      const run = await play(name, preset, 6);
      const about = `seed ${run.seed}: ${run.why ?? ""} ${JSON.stringify(run.findings)}`;
      expect([run.verdict, run.crashStates.judged], about).to.deep.equal(["held", 6]);
    });
  }

  it("copied right after BGSAVE lacks what was acked since the save before", async () => {
    const run = await play("backup/copied-snapshot", "rdb-only", 1);
    const failing = run.findings.filter(({ level }) => level !== "documented");
    expect([run.verdict, failing.map(({ kind }) => kind)], `seed ${run.seed} ${run.why ?? ""}`).to.deep.equal([
      "violated",
      ["loss-beyond-bound"],
    ]);
    const { reproduced } = await replayBundle({ bundle: failing[0]?.bundle ?? "", keep: false });
    expect(reproduced).to.equal(true);
  });

  it("copied file by file while the log is rewritten does not start", async () => {
    const run = await play("backup/copied-log", "everysec", 1);
    expect([run.verdict, run.findings[0]?.kind], `seed ${run.seed} ${run.why ?? ""}`).to.deep.equal([
      "violated",
      "refusal",
    ]);
  });
});
