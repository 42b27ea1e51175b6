import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { Catalogue } from "../../scenarios/catalogue.ts";
import { makeRedisImage, removeImage } from "../../tests/local-image.ts";
import { needContainerEngine, needExecutable } from "../../tests/needs.ts";
import { runScenario } from "../run.ts";
import { RunFolder } from "../run-folder.ts";
import { sweep } from "../sweep.ts";
import { RefusedToStart, type Target, TargetUnavailable } from "./target.ts";
import { openTarget } from "./targets.ts";

// `always`: with `everysec` an ack may still be in memory while a sync runs, and these tests kill right after one.
const appendonly = [["appendonly", "yes"] as const, ["appendfsync", "always"] as const, ["save", ""] as const];

/** Dies after so many acks, not so many milliseconds: a busy machine takes longer and judges the same. */
const kills = `
name: kills
why: A store dies while it is being written to.
presets: [always]
workload: { calls: 5000 }
fault: { kind: kill, trigger: { kind: after-acks, acks: [100, 300] } }
budget: { runs: 2 }
needs: { acks: 100 }
`;

/** The modules beside this test, compiled or not, whichever runs. */
const beside = (name: string) => new URL(`${name}${path.extname(import.meta.filename)}`, import.meta.url).href;

describe("a store in a container", function () {
  this.timeout(120_000);
  let image: string | undefined;
  let parent: string;
  let run: RunFolder;
  before(function () {
    const redis = needExecutable(this, "redis-server");
    needContainerEngine(this);
    image = makeRedisImage(redis);
  });
  after(() => {
    if (image !== undefined) removeImage(image);
  });
  beforeEach(() => {
    parent = mkdtempSync(path.join(tmpdir(), "containers-"));
    run = new RunFolder(parent);
  });
  afterEach(async () => {
    await run.dispose();
    rmSync(parent, { recursive: true, force: true });
  });

  const open = (): Promise<Target> => openTarget(`docker:${image}`, run);
  const containersOf = (label: string) =>
    execFileSync("docker", ["ps", "--all", "--quiet", "--filter", `label=lossbound.run=${label}`], { encoding: "utf8" })
      .split("\n")
      .filter((id) => id !== "");

  it("is killed from outside, and started again on what it left", async () => {
    const target = await open();
    const volume = run.newVolume();
    const instance = await target.start(volume, appendonly);
    const client = await instance.connect();
    expect(await client.send(["SET", "k", "v"])).to.deep.equal({ kind: "string", value: "OK" });
    await instance.kill("tree");
    expect(instance.ending()).to.deep.equal({ exitCode: null, signal: "SIGKILL" });
    await instance.dispose();
    expect([...(await volume.image()).keys()]).to.include("appendonlydir/appendonly.aof.1.incr.aof");

    const next = await target.start(volume, appendonly);
    expect(await (await next.connect()).send(["GET", "k"])).to.deep.equal({ kind: "string", value: "v" });
    expect(await next.stop()).to.deep.equal({ exitCode: 0, signal: null });
    await next.dispose();
    expect(containersOf(run.id)).to.deep.equal([]);
  });

  it("says its name and version itself, and refuses with its last words", async () => {
    const target = await open();
    expect(await target.identify()).to.include({ name: "redis-server" });
    const refusal = await target.start(run.newVolume(), [["no-such-directive", "yes"]]).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refusal).to.be.instanceOf(RefusedToStart);
    expect((refusal as RefusedToStart).lastLogLines.join("\n")).to.include("no-such-directive");
    expect(containersOf(run.id)).to.deep.equal([]);
  });

  it("cannot be had without its image, or without an engine, and that is told", async () => {
    const missing = await openTarget("docker:local/no-such-image:1", run).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(missing).to.be.instanceOf(TargetUnavailable);
    expect((missing as Error).message).to.include("local/no-such-image:1 is not here and cannot be had");

    const program = `
      const { openTarget } = await import(${JSON.stringify(beside("./targets"))});
      await openTarget("docker:redis", undefined).catch((error) => console.log(error.name, error.message));`;
    const env = { ...process.env, DOCKER_HOST: "tcp://127.0.0.1:9" };
    const said = execFileSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8", env });
    expect(said).to.match(/^TargetUnavailable no container engine answers/);
  });

  it("is swept by its label when the harness was killed, with its files", async () => {
    const program = `
      const { RunFolder } = await import(${JSON.stringify(beside("../run-folder"))});
      const { openTarget } = await import(${JSON.stringify(beside("./targets"))});
      const run = new RunFolder(${JSON.stringify(parent)});
      const target = await openTarget(${JSON.stringify(`docker:${image}`)}, run);
      await target.start(run.newVolume(), []);
      console.log(run.id);
      setInterval(() => {}, 1000);`;
    const harness = spawn(process.execPath, ["--input-type=module", "--eval", program], {
      stdio: ["ignore", "pipe", "inherit"],
      // So that nobody but the next start can be the one who sweeps.
      env: { ...process.env, TESTCONTAINERS_RYUK_DISABLED: "true" },
    });
    const [line] = (await once(harness.stdout, "data")) as [Buffer];
    const label = line.toString().trim();
    harness.kill("SIGKILL");
    await once(harness, "exit");
    expect(containersOf(label)).to.have.length(1);
    const [swept] = await sweep(parent);
    expect(swept?.containers).to.have.length(1);
    expect(containersOf(label)).to.deep.equal([]);
    expect(readdirSync(parent)).to.deep.equal([run.id]);
    expect(existsSync(run.dir)).to.equal(true);
  });

  it("is gone when its run is given up, also while it was being made", async () => {
    const target = await open();
    const volume = run.newVolume();
    await target.start(volume, []);
    const late = target.start(run.newVolume(), []).then(
      () => "served",
      () => "ended",
    );
    run.giveUp();
    await target.close();
    expect(containersOf(run.id)).to.deep.equal([]);
    await late;
    const after = await target.start(volume, []).then(
      () => "started",
      (error: Error) => error.message,
    );
    expect(after).to.equal("the run was given up: nothing more is started");
  });

  const play = async (name: string, preset: string, runs: number) => {
    const catalogue = new Catalogue();
    const bundlesDir = path.join(parent, "bundles");
    mkdirSync(bundlesDir);
    const { run: outcome, detail } = await runScenario(
      {
        scenario: catalogue.scenario(name).value,
        preset: catalogue.preset(preset),
        target: `docker:${image}`,
        seed: `containers-${Date.now()}`,
        budget: { runs },
        jobs: 2,
        bundlesDir,
        keep: false,
        signal: new AbortController().signal,
      },
      { cycleEnded: () => undefined },
    );
    const all = execFileSync("docker", ["ps", "--all", "--quiet", "--filter", `ancestor=${image}`], {
      encoding: "utf8",
    });
    expect(all, "containers that are left").to.equal("");
    return { outcome, detail, about: `${outcome.why ?? ""} ${JSON.stringify(outcome.findings)} seed ${outcome.seed}` };
  };

  it("holds what it promises when it is killed under load, and leaves no container", async () => {
    const file = path.join(parent, "kills.yaml");
    writeFileSync(file, kills);
    const { outcome, detail, about } = await play(file, "always", 2);
    expect(outcome.verdict, about).to.equal("held");
    const operations = new Set(detail?.crashMap.flatMap(({ cells }) => cells.map(({ operation }) => operation)));
    // Whichever was possible here: the report says which.
    for (const operation of operations) expect(operation).to.match(/^SIGKILL by (its pid|the engine)$/);
  });

  for (const [name, operation] of [
    ["kill/after-pause", /^SIGKILL by /],
    ["kill/on-stop", /^SIGTERM/],
    ["kill/out-of-memory", /^SIGKILL by the kernel, out of memory$/],
  ] as const) {
    it(`holds what it promises in ${name} too`, async () => {
      const { outcome, detail, about } = await play(name, "always", 1);
      expect([outcome.verdict, outcome.crashStates.judged], about).to.deep.equal(["held", 1]);
      expect(detail?.crashMap[0]?.cells[0]?.operation).to.match(operation);
    });
  }
});
