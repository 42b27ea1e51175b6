import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { needExecutable } from "../tests/needs.ts";
import { RunFolder, sweepLeftovers } from "./run-folder.ts";
import { findProcess } from "./targets/process-table.ts";

/** A harness that starts a store with a saver at work, says who they are, and waits to be killed. */
const harness = `
const { RunFolder } = await import(process.env.RUN_FOLDER);
const { ProcessTarget, processDefaults } = await import(process.env.PROCESS);
const run = new RunFolder(process.env.PARENT);
const redis = new ProcessTarget(
  { ...processDefaults, name: "redis", kind: "executable", command: [process.env.REDIS] }, run);
const instance = await redis.start(run.newVolume(), [["save", ""], ["rdb-key-save-delay", "100000"]]);
const client = await instance.connect();
for (let key = 0; key < 100; key++) await client.send(["SET", "k" + key, "v"]);
await client.send(["BGSAVE"]);
console.log(JSON.stringify({ store: instance.pid, saver: instance.savers()[0] }));
`;

/** The module beside this test, compiled or not, whichever runs. */
const beside = (name: string) => new URL(`${name}${path.extname(import.meta.filename)}`, import.meta.url).href;

describe("what a dead harness leaves", () => {
  let parent: string;
  beforeEach(() => {
    parent = mkdtempSync(path.join(tmpdir(), "sweep-"));
  });
  afterEach(() => rmSync(parent, { recursive: true }));

  async function startHarness(
    redis: string,
  ): Promise<{ pid: number; store: number; saver: number; kill(): Promise<void> }> {
    const child = spawn(process.execPath, ["--input-type=module", "--eval", harness], {
      env: {
        ...process.env,
        PARENT: parent,
        REDIS: redis,
        RUN_FOLDER: beside("./run-folder"),
        PROCESS: beside("./targets/process"),
      },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    return {
      pid: child.pid as number,
      ...(JSON.parse(line.toString()) as { store: number; saver: number }),
      kill: async () => {
        child.kill("SIGKILL");
        await once(child, "exit");
      },
    };
  }

  it("is swept by the next start: the store, its saver and the folder", async function () {
    const first = await startHarness(needExecutable(this, "redis-server"));
    await first.kill();
    expect(findProcess(first.store), "the store outlives its harness").to.not.equal(undefined);
    const [swept] = await sweepLeftovers(parent);
    expect(swept?.pids).to.have.members([first.store, first.saver]);
    expect(findProcess(first.store)).to.equal(undefined);
    expect(findProcess(first.saver)).to.equal(undefined);
    expect(readdirSync(parent)).to.deep.equal([]);
  });

  it("is swept also when the store is dead and only its saver lives", async function () {
    const first = await startHarness(needExecutable(this, "redis-server"));
    await first.kill();
    process.kill(first.store, "SIGKILL");
    const [swept] = await sweepLeftovers(parent);
    expect(swept?.pids).to.include(first.saver);
    expect(findProcess(first.saver)).to.equal(undefined);
  });

  it("is found by its folder when the harness died before it could write down the pid", async function () {
    const first = await startHarness(needExecutable(this, "redis-server"));
    await first.kill();
    const [folder] = readdirSync(parent);
    rmSync(path.join(parent, folder as string, "processes"));
    await sweepLeftovers(parent);
    expect(findProcess(first.store)).to.equal(undefined);
  });

  it("is all that is swept: a run whose harness lives, and folders of others, are left alone", async function () {
    const living = await startHarness(needExecutable(this, "redis-server"));
    mkdirSync(path.join(parent, "lossbound-notes"));
    mkdirSync(path.join(parent, "dump"));
    const bystander = spawn("sleep", ["600"], { cwd: parent, detached: true, stdio: "ignore" });
    try {
      expect(await sweepLeftovers(parent)).to.deep.equal([]);
      expect(findProcess(living.store)).to.not.equal(undefined);
      expect(findProcess(bystander.pid as number)).to.not.equal(undefined);
      expect(readdirSync(parent)).to.have.length(3);
    } finally {
      bystander.kill("SIGKILL");
      await living.kill();
      await sweepLeftovers(parent);
    }
    expect(readdirSync(parent)).to.have.members(["dump", "lossbound-notes"]);
  });

  it("never costs a process its life that only got the number of one that was written down", async function () {
    const first = await startHarness(needExecutable(this, "redis-server"));
    const bystander = spawn("sleep", ["600"], { detached: true, stdio: "ignore" });
    try {
      await first.kill();
      const [folder] = readdirSync(parent);
      const list = path.join(parent, folder as string, "processes");
      writeFileSync(list, `${JSON.stringify({ pid: bystander.pid, startTicks: 1 })}\n`);
      await sweepLeftovers(parent);
      expect(findProcess(bystander.pid as number)).to.not.equal(undefined);
      expect(findProcess(first.store)).to.equal(undefined);
    } finally {
      bystander.kill("SIGKILL");
    }
  });

  it("is asked for its containers only when it had some", async () => {
    const run = new RunFolder(parent);
    const dead = path.join(parent, "lossbound-1-1-dead");
    mkdirSync(dead);
    const asked: string[] = [];
    const swept = await sweepLeftovers(parent, async (runId) => {
      asked.push(runId);
      return [];
    });
    expect(asked).to.deep.equal([]);
    expect(swept.map(({ folder }) => folder)).to.deep.equal([dead]);
    await run.dispose();
    expect(existsSync(run.dir)).to.equal(false);
  });
});
