/**
 * Power cuts, disk faults and exact kills of a store in a container: it lives on a recorded volume that the engine binds
 * into it, and its crash states are booted inside one container of the same image. Nothing of that is left, whatever
 * happens to the harness.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { VolumeUnavailable } from "../../harness/disk/volume.ts";
import { openRecording } from "../../harness/explore/recorded-process.ts";
import { mountsOf } from "../../harness/fuse/mount-table.ts";
import { memoryFolder } from "../../harness/memory-folder.ts";
import { packageFolder } from "../../harness/package.ts";
import { runScenario } from "../../harness/run.ts";
import { sweepLeftovers } from "../../harness/run-folder.ts";
import type { RunRequest, RunResult } from "../../harness/run-request.ts";
import { removeContainers } from "../../harness/targets/container-engine.ts";
import { belongsTo, listProcesses } from "../../harness/targets/process-table.ts";
import { Catalogue } from "../../scenarios/catalogue.ts";
import { type PowerCut, scenarioSchema } from "../../scenarios/scenario.ts";
import { makeImageWithUser, makeLiarImage, makeRedisImage, removeImage } from "../local-image.ts";
import { missing, needContainerEngine, needExecutable } from "../needs.ts";

const catalogue = new Catalogue();
const main = path.join(packageFolder(), "dist/harness/cli/main.js");

describe("a store in a container, on a disk that remembers", function () {
  this.timeout(240_000);
  const made: string[] = [];
  let redis: string;
  let tools: ReadonlyMap<string, string>;
  let folder: string;
  let seed: string;

  before(function () {
    redis = needExecutable(this, "redis-server");
    needContainerEngine(this);
    tools = new Map(["sh", "find", "chown", "setpriv"].map((name) => [name, needExecutable(this, name)]));
  });
  after(() => {
    for (const image of made) removeImage(image);
  });
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "container-power-"));
    mkdirSync(path.join(folder, "bundles"));
    seed = `story-${Date.now()}`;
  });
  afterEach(function () {
    if (this.currentTest?.state === "failed") console.log(`      seed ${seed}`);
    rmSync(folder, { recursive: true, force: true });
  });

  const keep = (image: string) => {
    made.push(image);
    return image;
  };
  let plainImage: string | undefined;
  const plain = () => {
    plainImage ??= keep(makeRedisImage(redis));
    return plainImage;
  };

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
      setsMax: 2,
    },
    budget: { runs: 1 },
    needs: { acks: 1, windows: ["load"] },
  });

  async function play(context: Mocha.Context, image: string, changes: Partial<RunRequest> = {}): Promise<RunResult> {
    const request: RunRequest = {
      scenario,
      preset: catalogue.preset("always"),
      target: `docker:${image}`,
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
      expect(containersOf(image), "containers that are left").to.equal("");
      return result;
    } catch (error) {
      if (error instanceof VolumeUnavailable) missing(context, error.message);
      throw error;
    }
  }

  const containersOf = (image: string) =>
    execFileSync("docker", ["ps", "--all", "--quiet", "--filter", `ancestor=${image}`], { encoding: "utf8" });
  const named = (name: string) => catalogue.scenario(name).value;

  it("loses nothing that it acked with appendfsync always, as a user of the image's own", async function () {
    const { run } = await play(this, keep(makeImageWithUser(redis, tools)));
    expect(run.why).to.equal(undefined);
    expect(run.verdict, JSON.stringify(run.findings)).to.equal("held");
    expect(run).to.deep.include({ fault: "power-cut", engine: "recorded" });
    expect(run.loss).to.deep.include({ ackedMax: 0 });
    expect(run.crashStates.booted).to.be.greaterThan(5);
  });

  it("shows that its syncs are lies", async function () {
    const { run } = await play(this, keep(makeLiarImage(redis, tools)));
    expect(run.verdict, run.why).to.equal("violated");
    const finding = run.findings.find(({ level }) => level === "source");
    expect(finding).to.deep.include({ kind: "loss-beyond-bound", model: "ordered" });
  });

  it("tells its main thread, its thread that syncs and its saver apart, by pids of this machine", async function () {
    const everysec = { preset: catalogue.preset("everysec"), keepRecordings: true };
    const fault = { ...scenario.fault, lastsMs: { least: 1_500, most: 1_500 } } as PowerCut;
    const directives = ["auto-aof-rewrite-min-size 1kb", "auto-aof-rewrite-percentage 10"];
    const { run } = await play(this, plain(), {
      ...everysec,
      scenario: { ...scenario, fault, directives: [...directives] },
    });
    expect(run.verdict, run.why).to.not.equal("violated");
    const [dir = ""] = readdirSync(path.join(folder, "bundles"));
    const { recording, close } = openRecording(path.join(folder, "bundles", dir));
    const records = [...recording.journal.records];
    await close();
    const tidsOf = (kind: string, name: RegExp) =>
      new Set(
        records.flatMap((record) =>
          record.kind === kind && "path" in record && name.test(record.path) && record.tid > 0 ? [record.tid] : [],
        ),
      );
    const writers = tidsOf("write", /\.incr\.aof$/);
    // The first one is made by the store itself, whose pid is 1 where it lives.
    const savers = tidsOf("write", /temp-rewriteaof-(?!1\.aof)/);
    const syncers = tidsOf("sync-start", /\.incr\.aof$/);
    expect([writers.size, savers.size > 0]).to.deep.equal([1, true]);
    for (const tid of writers) expect(savers.has(tid)).to.equal(false);
    expect([...syncers].some((tid) => !writers.has(tid) && !savers.has(tid))).to.equal(true);
  });

  it("goes on from a power cut to the next one, its process killed in between", async function () {
    const fault = { ...scenario.fault, lastsMs: { least: 300, most: 300 }, kills: { least: 1, most: 1 } } as PowerCut;
    const { run } = await play(this, plain(), { scenario: { ...scenario, fault, chain: 2 } });
    expect(run.why).to.equal(undefined);
    expect(run.verdict, JSON.stringify(run.findings)).to.equal("held");
  });

  it("lives on a real file system, whose blocks are recorded", async function () {
    const { run } = await play(this, plain(), { filesystem: "ext4", models: ["ordered"] });
    expect(run.verdict, `${run.why} ${JSON.stringify(run.findings)}`).to.not.equal("violated");
    expect(run).to.deep.include({ fault: "power-cut", engine: "filesystem" });
    expect(run.crashStates.booted).to.be.greaterThan(0);
    expect(
      mountsOf("self").filter(
        ({ mountPoint }) => mountPoint.includes("/lossbound-") && mountPoint.includes(`-${process.pid}-`),
      ),
    ).to.deep.equal([]);
  });

  for (const name of ["disk-fault/full", "disk-fault/fsync-error", "kill/manifest-switch", "kill/slow-disk"]) {
    it(`is struck by ${name} as an executable is, and keeps its promise`, async function () {
      const preset = catalogue.preset(name.startsWith("kill/slow") ? "everysec" : "always");
      const { run } = await play(this, plain(), { scenario: named(name), preset });
      expect(run.findings.filter(({ level }) => level !== "documented")).to.deep.equal([]);
      expect(run.verdict, run.why).to.equal("held");
      expect(run.crashStates.judged).to.equal(1);
    });
  }

  // ── What is left ────────────────────────────────────────────────────────────────────────────────────────────────

  interface Killed {
    readonly harness: ChildProcess;
    readonly parent: string;
    readonly run: string;
    readonly volumePids: readonly number[];
  }

  /** A harness on a container whose volume is being written to. */
  async function whileItRecords(context: Mocha.Context): Promise<Killed> {
    const parent = path.join(folder, "tmp");
    mkdirSync(parent);
    writeFileSync(
      path.join(folder, "long.yaml"),
      `name: long
why: It is killed before it is over.
presets: [always]
workload: { calls: 100000, clients: 2 }
fault: { kind: power-cut, lastsMs: 120000, models: [ordered] }
budget: { runs: 1 }
`,
    );
    const words = [
      "run",
      path.join(folder, "long.yaml"),
      "--target",
      `docker:${plain()}`,
      "--out",
      path.join(folder, "out"),
    ];
    const harness = spawn(process.execPath, [main, ...words], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, TMPDIR: parent, TESTCONTAINERS_RYUK_DISABLED: "true" },
    });
    let said = "";
    harness.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    for (;;) {
      if (harness.exitCode !== null) {
        if (said.includes("no recorded volume here")) missing(context, said);
        throw new Error(said);
      }
      const run = readdirSync(parent).find((name) => name.startsWith("lossbound-"));
      const mount = mountsOf("self").find(({ mountPoint }) => mountPoint.startsWith(`${parent}/`));
      const guests = mount === undefined ? [] : processesOn(mount.device, mount.mountPoint);
      if (run !== undefined && guests.length > 0) {
        // The volume's process stands in its folder; nobody else does.
        const volumePids = standingIn(parent);
        return { harness, parent, run, volumePids };
      }
      await sleep(20);
    }
  }

  const standingIn = (parent: string) =>
    listProcesses()
      .filter((entry) => belongsTo(parent, entry))
      .map(({ pid }) => pid);
  const processesOn = (device: string, elsewhere: string) =>
    listProcesses().filter(({ pid }) =>
      mountsOf(pid).some((entry) => entry.device === device && entry.mountPoint !== elsewhere),
    );

  for (const also of ["alone", "with the volume's process"] as const) {
    it(`leaves no container, mount or process when the harness is killed ${also}, once the next one has swept`, async function () {
      const { harness, parent, run, volumePids } = await whileItRecords(this);
      expect(volumePids).to.have.length(1);
      const ended = once(harness, "exit");
      if (also === "with the volume's process") {
        for (const pid of volumePids) process.kill(pid, "SIGSTOP");
        harness.kill("SIGKILL");
        for (const pid of volumePids) process.kill(pid, "SIGKILL");
      } else {
        harness.kill("SIGKILL");
      }
      await ended;
      // Crash states are booted in memory, out of a container that stays: its run is another one.
      for (const each of [parent, memoryFolder() ?? parent]) await sweepLeftovers(each, removeContainers);
      expect(readdirSync(parent)).to.not.include(run);
      expect(readdirSync(parent).filter((name) => name.startsWith("lossbound-"))).to.deep.equal([]);
      expect(containersOf(plain())).to.equal("");
      expect(mountsOf("self").filter(({ mountPoint }) => mountPoint.startsWith(`${parent}/`))).to.deep.equal([]);
      expect(standingIn(parent)).to.deep.equal([]);
    });
  }
});
