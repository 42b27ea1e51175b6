/**
 * Real processes, real files, real SIGKILL, from a scenario to a verdict. Budgets are small: these show that the way is
 * whole, a night shows the rest.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { replayBundle } from "../../harness/replay.ts";
import { runScenario } from "../../harness/run.ts";
import type { CycleSummary, RunRequest, RunResult } from "../../harness/run-request.ts";
import { sweep } from "../../harness/sweep.ts";
import { belongsTo, listProcesses, type ProcessEntry } from "../../harness/targets/process-table.ts";
import { TargetUnavailable } from "../../harness/targets/target.ts";
import { runSchema } from "../../reports/outcome.ts";
import { Catalogue } from "../../scenarios/catalogue.ts";
import { type Scenario, scenarioSchema } from "../../scenarios/scenario.ts";
import { needExecutable } from "../needs.ts";

const catalogue = new Catalogue();
const usualTmp = process.env.TMPDIR;

describe("a live kill", function () {
  this.timeout(60_000);
  let folder: string;
  let seed: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "live-kill-"));
    mkdirSync(path.join(folder, "tmp"));
    mkdirSync(path.join(folder, "bundles"));
    // Runs make their folders here, so that what they leave is easy to see.
    process.env.TMPDIR = path.join(folder, "tmp");
    seed = `story-${Date.now()}`;
  });
  afterEach(function () {
    if (usualTmp === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = usualTmp;
    if (this.currentTest?.state === "failed") console.log(`      seed ${seed}`);
    rmSync(folder, { recursive: true, force: true });
  });

  /**
   * The scenario that ships, with its windows held open wider: two cycles must hit what a night hits often enough. How many
   * calls two cycles get done is the machine's affair, and it may be busy.
   */
  function scenarioOf(name: string, changes: object = {}): Scenario {
    const { value } = catalogue.scenario(name);
    return { ...value, needs: { ...value.needs, acks: 1 }, ...changes } as Scenario;
  }

  async function run(
    scenario: Scenario,
    preset: string,
    target: string,
    changes: Partial<RunRequest> = {},
  ): Promise<RunResult & { readonly told: readonly CycleSummary[] }> {
    const cycles: CycleSummary[] = [];
    const request: RunRequest = {
      scenario,
      preset: catalogue.preset(preset),
      target,
      seed,
      budget: { runs: 2 },
      jobs: 2,
      bundlesDir: path.join(folder, "bundles"),
      keep: false,
      signal: new AbortController().signal,
      ...changes,
    };
    const result = await runScenario(request, { cycleEnded: (cycle) => cycles.push(cycle) });
    expect(runSchema.parse(result.run)).to.deep.equal(result.run);
    return { ...result, told: cycles };
  }

  const explain = ({ run: { verdict, why, findings } }: RunResult) =>
    `${verdict}: ${why ?? findings.map(({ message }) => message).join("; ")}`;
  const left = () => readdirSync(path.join(folder, "tmp"));
  const storesBelow = (dir: string): ProcessEntry[] => listProcesses().filter((entry) => belongsTo(dir, entry));

  const keySaveDelay = ["rdb-key-save-delay 2000"];
  for (const [name, preset, changes] of [
    ["kill/random", "always", {}],
    ["kill/random", "everysec", {}],
    ["kill/random", "none", {}],
    ["kill/during-aof-rewrite", "hybrid", { directives: keySaveDelay }],
    ["kill/during-bgsave", "rdb-only", { directives: keySaveDelay }],
    ["kill/saver", "everysec", { directives: keySaveDelay }],
    ["kill/during-recovery", "everysec", { directives: ["key-load-delay 500"] }],
    ["kill/sigterm", "everysec", {}],
    ["kill/sigterm", "rdb-only", {}],
  ] as const) {
    it(`holds on redis-server: ${name} with ${preset}`, async function () {
      const result = await run(scenarioOf(name, changes), preset, needExecutable(this, "redis-server"));
      expect(result.run.verdict, explain(result)).to.equal("held");
      expect(result.cycles).to.equal(2);
      expect(result.told.map(({ done }) => done)).to.deep.equal([1, 2]);
      expect(result.run.crashStates).to.include({ judged: 2, booted: 4 });
      expect(result.run.calls.acked).to.be.greaterThan(0);
      expect(left()).to.deep.equal([]);
    });
  }

  it("goes on from what was recovered, three crashes in a row", async function () {
    const scenario = scenarioOf("kill/random", { chain: 3 });
    const result = await run(scenario, "everysec", needExecutable(this, "redis-server"), { budget: { runs: 1 } });
    expect(result.run.verdict, explain(result)).to.equal("held");
    expect(result.run.crashStates).to.include({ judged: 3, booted: 6 });
  });

  it("finds a store that keeps nothing, leaves a bundle, and a replay in another folder finds it again", async function () {
    const liar = path.join(folder, "liar");
    writeFileSync(liar, `#!/bin/sh\nexec ${needExecutable(this, "redis-server")} "$@" --appendonly no\n`, {
      mode: 0o755,
    });
    const result = await run(scenarioOf("kill/random"), "always", liar);
    expect(result.run.verdict).to.equal("violated");
    expect(result.cyclesViolated).to.equal(2);
    const loss = result.run.findings.find(({ kind }) => kind === "loss-beyond-bound");
    expect(loss, explain(result)).to.not.equal(undefined);
    expect(existsSync(loss?.bundle ?? "")).to.equal(true);
    expect(loss?.replay).to.equal(`lossbound replay ${loss?.bundle}`);

    process.env.TMPDIR = mkdtempSync(path.join(folder, "elsewhere-"));
    const replayed = await replayBundle({ bundle: loss?.bundle as string, keep: false });
    expect(replayed.reproduced).to.equal(true);
    expect(replayed.again.map(({ fingerprint }) => fingerprint)).to.include(loss?.fingerprint);
    expect(replayed.judgement.verdict).to.equal("violated");
    expect(readdirSync(process.env.TMPDIR)).to.deep.equal([]);
  });

  it("is reproduced on a bundle's files by one store and not by another", async function () {
    const redis = needExecutable(this, "redis-server");
    const forgetful = path.join(folder, "forgetful");
    // Writes its log as it should, and reads another one at the next start.
    const script = `#!/bin/sh\nif grep -q ' type i' "$(sed -n 's/^dir //p' "$1")"/appendonlydir/*.manifest 2> /dev/null; then\n  exec ${redis} "$@" --appenddirname other\nfi\nexec ${redis} "$@"\n`;
    writeFileSync(forgetful, script, { mode: 0o755 });
    const result = await run(scenarioOf("kill/random"), "always", forgetful, { budget: { runs: 1 } });
    expect(result.run.verdict, explain(result)).to.equal("violated");
    const bundle = result.run.findings[0]?.bundle as string;
    expect((await replayBundle({ bundle, keep: false })).reproduced).to.equal(true);
    expect((await replayBundle({ bundle, keep: false, target: redis })).reproduced).to.equal(false);
  });

  it("is refused where the target cannot do it, with what can", async function () {
    const redis = needExecutable(this, "redis-server");
    for (const [scenario, preset, target, reason] of [
      [scenarioOf("kill/random", { directives: ["no-such-directive yes"] }), "always", redis, "no-such-directive"],
      [scenarioOf("kill/random"), "always", path.join(folder, "missing"), "no executable file"],
    ] as const) {
      const error = await run(scenario, preset, target).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error, reason).to.be.instanceOf(TargetUnavailable);
      expect((error as Error).message).to.include(reason);
      expect(left()).to.deep.equal([]);
    }
  });

  it("is unknown when the store dies before anything has struck it", async function () {
    const frail = path.join(folder, "frail");
    // It dies of the first write, whenever that comes: asked for its version only, it lives as long as it is wanted.
    const script = [
      "#!/bin/sh",
      `${needExecutable(this, "redis-server")} "$@" &`,
      "store=$!",
      `dir=$(sed -n 's/^dir "\\{0,1\\}\\([^"]*\\)"\\{0,1\\}$/\\1/p' "$1")`,
      'until [ -s "$dir/appendonlydir/appendonly.aof.1.incr.aof" ]; do sleep 0.05; kill -0 "$store" || exit 1; done',
      'kill -9 "$store"',
      'wait "$store"',
      "exit 7",
    ].join("\n");
    writeFileSync(frail, script, { mode: 0o755 });
    const fault = { kind: "kill", scope: "tree", trigger: { kind: "after-acks", acks: 1_000_000 } };
    const result = await run(scenarioOf("kill/random", { fault }), "always", frail, { budget: { runs: 1 } });
    expect(result.run.verdict).to.equal("unknown");
    expect(result.run.why).to.include("the store ended by itself with exit code 7");
  });

  it("gives up after five cycles in a row that could not be judged", async function () {
    const needs = scenarioSchema.parse({
      name: "test",
      why: "test",
      presets: ["always"],
      directives: ["rename-command SCAN nothing"],
      fault: { kind: "kill", trigger: { kind: "after-acks", acks: 20 } },
      budget: { runs: 50 },
    });
    const result = await run(needs, "always", needExecutable(this, "redis-server"), { budget: { runs: 50 }, jobs: 1 });
    expect(result.run.verdict).to.equal("unknown");
    expect(result.run.why).to.include("could not be judged");
    expect(result.told).to.have.length(5);
  });

  it("ends early when it is interrupted, with what it has, and leaves nothing", async function () {
    const redis = needExecutable(this, "redis-server");
    const interruption = new AbortController();
    const scenario = scenarioOf("kill/random");
    const running = run(scenario, "everysec", redis, { budget: { runs: 10_000 }, signal: interruption.signal });
    setTimeout(() => interruption.abort(), 1_500);
    const result = await running;
    expect(result.cycles).to.be.lessThan(10_000);
    expect(left()).to.deep.equal([]);
    expect(storesBelow(folder)).to.deep.equal([]);
  });

  it("keeps the folders of the store for somebody who wants to look", async function () {
    const result = await run(scenarioOf("kill/random"), "always", needExecutable(this, "redis-server"), {
      budget: { runs: 1 },
      keep: true,
    });
    expect(existsSync(path.join(result.kept as string, "d2", "appendonlydir"))).to.equal(true);
    await sweep();
    expect(left()).to.deep.equal([path.basename(result.kept as string)]);
  });

  it("leaves nothing that the next start does not sweep, when the harness itself is killed half-way", async function () {
    const redis = needExecutable(this, "redis-server");
    const beside = (name: string) => new URL(`${name}${path.extname(import.meta.filename)}`, import.meta.url).href;
    const program = `
      const { runScenario } = await import(${JSON.stringify(beside("../../harness/run"))});
      const { Catalogue } = await import(${JSON.stringify(beside("../../scenarios/catalogue"))});
      const catalogue = new Catalogue();
      const request = {
        scenario: catalogue.scenario("kill/random").value, preset: catalogue.preset("everysec"),
        target: ${JSON.stringify(redis)}, seed: "s", budget: { runs: 10000 }, jobs: 2,
        bundlesDir: ${JSON.stringify(folder)}, keep: false, signal: new AbortController().signal };
      await runScenario(request, { cycleEnded: () => console.log("cycle") });`;
    const harness = spawn(process.execPath, ["--input-type=module", "--eval", program], {
      env: { ...process.env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(harness.stdout, "data");
    harness.kill("SIGKILL");
    await once(harness, "exit");
    expect(left()).to.have.length(1);
    await run(scenarioOf("kill/random"), "always", redis, { budget: { runs: 1 } });
    expect(left()).to.deep.equal([]);
    expect(storesBelow(folder)).to.deep.equal([]);
  });
});
