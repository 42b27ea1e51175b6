/**
 * Power cuts of real processes, from a scenario to a verdict: a store runs once on a recorded volume, and its power is cut
 * everywhere. Budgets are small: these show that the way is whole, a night shows the rest.
 */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { VolumeUnavailable } from "../../harness/disk/volume.ts";
import { openRecording } from "../../harness/explore/recorded-process.ts";
import { replayBundle } from "../../harness/replay.ts";
import { runScenario } from "../../harness/run.ts";
import type { RunRequest, RunResult } from "../../harness/run-request.ts";
import { runSchema } from "../../reports/outcome.ts";
import { Catalogue } from "../../scenarios/catalogue.ts";
import { type PowerCut, scenarioSchema } from "../../scenarios/scenario.ts";
import { missing, needExecutable } from "../needs.ts";

const catalogue = new Catalogue();

describe("a power cut", function () {
  this.timeout(90_000);
  let folder: string;
  let seed: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "power-cut-"));
    mkdirSync(path.join(folder, "bundles"));
    seed = `story-${Date.now()}`;
  });
  afterEach(function () {
    if (this.currentTest?.state === "failed") console.log(`      seed ${seed}`);
    rmSync(folder, { recursive: true, force: true });
  });

  /** Half a second of writes under `appendfsync always`, with syncs that take long enough to be caught before. */
  const scenario = scenarioSchema.parse({
    name: "test/power-cut",
    why: "test",
    presets: ["always"],
    workload: { calls: 120, clients: 3 },
    fault: {
      kind: "power-cut",
      lastsMs: 500,
      syncs: { kind: "fixed", ms: 20 },
      models: ["process-crash", "ordered"],
    },
    budget: { runs: 1 },
    needs: { acks: 1, windows: ["load"] },
  });

  async function explore(
    context: Mocha.Context,
    target: string,
    changes: Partial<RunRequest> = {},
  ): Promise<RunResult> {
    const request: RunRequest = {
      scenario,
      preset: catalogue.preset("always"),
      target,
      seed,
      budget: { runs: 1 },
      jobs: 2,
      bundlesDir: path.join(folder, "bundles"),
      keep: false,
      signal: new AbortController().signal,
      ...changes,
    };
    try {
      const result = await runScenario(request, { cycleEnded: () => undefined });
      runSchema.parse(result.run);
      return result;
    } catch (error) {
      if (error instanceof VolumeUnavailable) missing(context, error.message);
      throw error;
    }
  }

  it("costs redis-server nothing that it acked with appendfsync always; the recording can be explored again", async function () {
    const redis = needExecutable(this, "redis-server");
    const { run } = await explore(this, redis, { keepRecordings: true });
    expect(run.why).to.equal(undefined);
    expect(run.verdict).to.equal("held");
    expect(run).to.deep.include({ fault: "power-cut", engine: "recorded" });
    expect(run.loss).to.deep.include({ ackedMax: 0 });
    expect(run.loss.longestSyncMs).to.be.at.least(20);
    expect(run.crashStates.judged).to.equal(run.crashStates.considered).and.greaterThan(5);

    const [recording] = readdirSync(path.join(folder, "bundles"));
    const again = await explore(this, redis, { recording: path.join(folder, "bundles", recording ?? "") });
    expect(again.run.verdict).to.equal("held");
    expect(again.run.recordingDigest).to.equal(run.recordingDigest);
    expect(again.run.crashStates.considered).to.equal(run.crashStates.considered);
  });

  it("costs the bundled store nothing either", async function () {
    // Few syncs, so that there are few states: a Node process takes its time to start.
    const fault = { ...scenario.fault, syncs: { kind: "fixed", ms: 120 } } as PowerCut;
    const { run } = await explore(this, "bundled", { scenario: { ...scenario, fault } });
    expect(run.why).to.equal(undefined);
    expect(run.verdict).to.equal("held");
  });

  it("finds a store that is filled before its recording begins, of which nothing is the recording's to lose", async function () {
    const redis = needExecutable(this, "redis-server");
    const fault = { ...scenario.fault, preload: 2_300 } as PowerCut;
    const { run } = await explore(this, redis, { scenario: { ...scenario, fault }, keepRecordings: true });
    expect(run.why).to.equal(undefined);
    expect(run.verdict).to.equal("held");
    const [dir = ""] = readdirSync(path.join(folder, "bundles"));
    const kept = openRecording(path.join(folder, "bundles", dir));
    await kept.close();
    const keys = kept.recording.initial?.get(15);
    expect(keys?.size).to.equal(2_300);
    expect(keys?.get("cold:2299")?.value)
      .to.have.property("value")
      .that.matches(/^2299\./);
  });

  it("goes on over the death of the process: what was pending stays pending, and nothing acked is lost [S7]", async function () {
    const redis = needExecutable(this, "redis-server");
    const fault = { ...scenario.fault, lastsMs: { least: 300, most: 300 }, kills: { least: 2, most: 2 } } as PowerCut;
    const { run } = await explore(this, redis, { scenario: { ...scenario, fault }, keepRecordings: true });
    expect(run.why).to.equal(undefined);
    expect(run.verdict).to.equal("held");
    const [dir = ""] = readdirSync(path.join(folder, "bundles"));
    const { recording } = openRecording(path.join(folder, "bundles", dir));
    // Three clients in each of three lives.
    expect(recording.history.clients).to.have.lengthOf(9);
    expect(recording.kills).to.have.lengthOf(2);
    expect(recording.journal.records.filter(({ kind }) => kind === "settled").length).to.be.at.most(1);
  });

  for (const [preset, verdict] of [
    ["hardened", "held"],
    ["everysec", "violated"],
  ] as const) {
    const name = "what a failed sync should have covered";
    it(`is ${verdict} with ${preset} after a sync that failed and one that did not: ${name} [S4]`, async function () {
      // A Node process takes its time to start on a busy machine, and is started a few dozen times.
      this.timeout(240_000);
      const parsed = scenarioSchema.parse({
        name: "test/after-failed-sync",
        why: "test",
        presets: [preset],
        // Many pages: on one that is written to again all is due again, and nothing would be lost.
        workload: { calls: 300, clients: 3, valueBytes: [500, 900] },
        fault: {
          kind: "power-cut",
          lastsMs: 5000,
          disk: [{ kind: "error", on: ["fsync", "fdatasync"], path: "*.incr.aof", nth: 2, times: 1, code: "EIO" }],
          marker: "never",
          models: ["ordered"],
        },
        budget: { runs: 1 },
        needs: { acks: 1, windows: ["load", "disk-fault"] },
      });
      const { run } = await explore(this, "bundled", { scenario: parsed, preset: catalogue.preset(preset) });
      expect(run.why).to.equal(undefined);
      expect(run.verdict).to.equal(verdict);
      expect(run.windows.find((window) => window.name === "disk-fault")?.exposureMs).to.be.greaterThan(0);
    });
  }

  it("shows a store whose syncs are lies, with a bundle that shows it again", async function () {
    const redis = needExecutable(this, "redis-server");
    const liar = path.join(folder, "liar");
    // Answers as if it had synced, and leaves that to the kernel.
    writeFileSync(liar, `#!/bin/sh\nsed -i 's/^appendfsync always$/appendfsync no/' "$1"\nexec "${redis}" "$1"\n`);
    chmodSync(liar, 0o755);
    const { run } = await explore(this, liar);
    expect(run.verdict).to.equal("violated");
    const finding = run.findings.find(({ level }) => level === "source");
    expect(finding).to.deep.include({ kind: "loss-beyond-bound", model: "ordered" });
    const replayed = await replayBundle({ bundle: finding?.bundle ?? "", keep: false });
    expect(replayed.reproduced).to.equal(true);
  });
});
