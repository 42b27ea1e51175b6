/**
 * Engines that cannot do what is asked: exit 3, at once, with the reason and what to do. Nothing is left with them.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { packageFolder } from "../../harness/package.ts";
import { makeRedisImage, removeImage } from "../local-image.ts";
import { missing, needContainerEngine, needExecutable } from "../needs.ts";

const main = path.join(packageFolder(), "dist/harness/cli/main.js");

describe("an engine of containers that lives elsewhere", function () {
  this.timeout(240_000);
  const folder = mkdtempSync(path.join(tmpdir(), "engine-"));
  const runs = path.join(folder, "runs");
  let image: string | undefined;
  let engine: ChildProcess | undefined;

  before(function () {
    const redis = needExecutable(this, "redis-server");
    needContainerEngine(this);
    needExecutable(this, "dockerd");
    if (process.getuid?.() !== 0 || !existsSync("/dev/fuse")) missing(this, "it takes root and FUSE");
    mkdirSync(runs);
    image = makeRedisImage(redis);
  });
  afterEach(async () => {
    if (engine === undefined || engine.exitCode !== null) return;
    const gone = once(engine, "exit");
    engine.kill("SIGTERM");
    await gone;
  });
  after(() => {
    if (image !== undefined) removeImage(image);
    rmSync(folder, { recursive: true, force: true });
  });

  /** Its images are its own, and so are its mounts. @param script is run in its mount namespace before it starts */
  async function start(name: string, script: string): Promise<string> {
    const dir = path.join(folder, name);
    mkdirSync(dir);
    const host = `unix://${dir}/sock`;
    const words = [
      "--data-root",
      `${dir}/data`,
      "--exec-root",
      `${dir}/exec`,
      "--pidfile",
      `${dir}/pid`,
      "--host",
      host,
    ];
    const plain = ["--bridge=none", "--iptables=false", "--ip6tables=false", "--storage-driver=vfs"];
    const log = openSync(path.join(dir, "log"), "a");
    // A network of its own: an engine without a bridge takes docker0 away from whoever has one.
    const started = spawn(
      "unshare",
      ["--mount", "--net", "sh", "-c", `${script}\nexec dockerd "$@"`, "sh", ...words, ...plain],
      {
        stdio: ["ignore", log, log],
      },
    );
    engine = started;
    const answers = () => spawnSync("docker", ["--host", host, "version"], { stdio: "ignore" }).status === 0;
    while (!answers()) {
      if (started.exitCode !== null) throw new Error(readFileSync(path.join(dir, "log"), "utf8"));
      await sleep(100);
    }
    const saved = execFileSync("docker", ["save", image ?? ""], { maxBuffer: 2 ** 30 });
    execFileSync("docker", ["--host", host, "load"], { input: saved, stdio: ["pipe", "ignore", "inherit"] });
    return host;
  }

  function ask(host: string, scenario: string) {
    const words = ["run", scenario, "--target", `docker:${image}`, "--runs", "1", "--out", path.join(folder, "out")];
    const env = { ...process.env, DOCKER_HOST: host, TMPDIR: runs, TESTCONTAINERS_RYUK_DISABLED: "true" };
    const { status, stderr } = spawnSync(process.execPath, [main, ...words], { encoding: "utf8", env });
    return { status, stderr };
  }

  const left = (host: string) =>
    execFileSync("docker", ["--host", host, "ps", "--all", "--quiet"], { encoding: "utf8" });

  it("and does not see what is mounted here is given no power cuts", async () => {
    const host = await start("apart", "true");
    const { status, stderr } = ask(host, "power-cut/always");
    expect(stderr).to.include(
      "the engine of containers does not see what is mounted here. Run lossbound on the machine",
    );
    expect(status).to.equal(3);
    expect(left(host)).to.equal("");
    expect(readdirSync(runs).filter((name) => name.startsWith("lossbound-"))).to.deep.equal([]);
  });

  it("and does not see the folders of this machine is given nothing", async () => {
    const host = await start("far", `mount -t tmpfs tmpfs '${runs}'`);
    const { status, stderr } = ask(host, "kill/random");
    expect(stderr).to.include("the engine does not see the folders of this machine. Run lossbound on the machine");
    expect(status).to.equal(3);
    expect(left(host)).to.equal("");
  });

  it("and does not answer is not replaced by another one that does", () => {
    for (const host of ["tcp://127.0.0.1:9", `unix://${folder}/nobody`]) {
      const { status, stderr } = ask(host, "kill/random");
      expect(stderr).to.include("no container engine answers").and.to.include("start dockerd");
      expect(status).to.equal(3);
    }
  });

  it("and has no such image, nor a registry to get it from, says how to bring it", () => {
    const words = ["run", "kill/random", "--target", "docker:local/no-such-image:1", "--out", path.join(folder, "out")];
    const { status, stderr } = spawnSync(process.execPath, [main, ...words], { encoding: "utf8" });
    expect(stderr).to.include("local/no-such-image:1 is not here and cannot be had").and.to.include("docker load");
    expect(status).to.equal(3);
  });
});
