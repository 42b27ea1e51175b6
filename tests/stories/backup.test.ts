/** Backups as their users take them: the command against a redis-server that is being written to, and back again. */
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { claimName } from "../../harness/backup/claim.ts";
import { RunFolder } from "../../harness/run-folder.ts";
import { bundledTarget } from "../../harness/targets/bundled.ts";
import { ProcessTarget, processDefaults } from "../../harness/targets/process.ts";
import type { RespClient } from "../../harness/targets/target.ts";
import { needExecutable } from "../needs.ts";

const main = path.resolve(import.meta.dirname, "../../harness/cli/main.js");
const keyCount = 500;

describe("the commands lossbound backup and lossbound restore", function () {
  this.timeout(120_000);
  let folder: string;
  let redis: string;
  let client: RespClient;
  let socket: string;
  let data: string;
  let cleanUp = () => Promise.resolve();

  before(async function () {
    redis = needExecutable(this, "redis-server");
    folder = mkdtempSync(path.join(tmpdir(), "backup-story-"));
    const run = new RunFolder(folder);
    cleanUp = async () => {
      await run.dispose();
      rmSync(folder, { recursive: true, force: true });
    };
    const volume = run.newVolume();
    data = volume.dir;
    const target = new ProcessTarget({ ...processDefaults, name: redis, kind: "executable", command: [redis] }, run);
    const instance = await target.start(volume, [
      ["save", ""],
      ["appendonly", "yes"],
      ["appendfsync", "always"],
      ["auto-aof-rewrite-percentage", "80"],
    ]);
    client = await instance.connect();
    const reply = await client.send(["CONFIG", "GET", "unixsocket"]);
    socket = reply.kind === "array" && reply.items[1]?.kind === "string" ? reply.items[1].value : "";
    for (let index = 0; index < keyCount; index++) await client.send(["SET", `key:${index}`, "x".repeat(index)]);
  });

  after(() => cleanUp());

  const lossbound = (...words: string[]) =>
    execa(process.execPath, [main, ...words], { reject: false, cwd: folder, env: { TMPDIR: folder, NO_COLOR: "1" } });
  const backUp = (to: string, ...words: string[]) =>
    lossbound("backup", "--from", `unix:${socket}`, "--to", to, ...words);
  const setting = async () => {
    const reply = await client.send(["CONFIG", "GET", "auto-aof-rewrite-percentage"]);
    return reply.kind === "array" && reply.items[1]?.kind === "string" ? reply.items[1].value : "";
  };
  /** A fresh folder with both kinds of backup in it. */
  const taken = async (name: string) => {
    const to = path.join(folder, name);
    const { stderr, exitCode } = await backUp(to);
    expect(exitCode, stderr).to.equal(0);
    const names = readdirSync(to).sort();
    const dump = names.find((each) => /^dump-\d{8}-\d{6}\.rdb$/.test(each)) ?? "";
    const log = names.find((each) => /^aof-\d{8}-\d{6}$/.test(each)) ?? "";
    expect(names).to.deep.equal([log, dump, `${dump}.sha256`].sort());
    return { to, dump: path.join(to, dump), log: path.join(to, log) };
  };

  it("leave a dump and a whole log, with checksums that sha256sum itself confirms, and the store as it was", async () => {
    const { to, dump, log } = await taken("plain");
    execFileSync("sha256sum", ["--check", "--strict", "--quiet", `${path.basename(dump)}.sha256`], { cwd: to });
    execFileSync("sha256sum", ["--check", "--strict", "--quiet", "SHA256SUMS"], { cwd: log });
    expect(await setting()).to.equal("80");
    expect(readdirSync(data).filter((name) => name.startsWith(".lossbound"))).to.deep.equal([]);
  });

  it("show that every key is in them, on redis-server and on the bundled store", async () => {
    const { dump, log } = await taken("verified");
    for (const backup of [dump, log]) {
      for (const target of [redis, "bundled"]) {
        const { stdout, stderr, exitCode } = await lossbound(
          "restore",
          backup,
          "--verify",
          "--target",
          target,
          "--json",
        );
        expect(exitCode, stderr).to.equal(0);
        expect(JSON.parse(stdout)).to.include({ keys: keyCount });
      }
    }
  });

  it("restore into an empty folder what a store then serves, and never into one that holds something", async () => {
    const { log } = await taken("restored");
    const to = path.join(folder, "data-again");
    const { stdout, exitCode } = await lossbound("restore", log, "--to", to);
    expect(exitCode, stdout).to.equal(0);
    const own = new RunFolder(folder);
    try {
      const volume = own.newVolume();
      execFileSync("cp", ["-a", `${to}/.`, volume.dir]);
      const again = await bundledTarget(own).start(volume, [["appendonly", "yes"]]);
      const reader = await again.connect();
      expect(await reader.send(["DBSIZE"])).to.deep.equal({ kind: "integer", value: keyCount });
      reader.close();
    } finally {
      await own.dispose();
    }
    writeFileSync(path.join(to, "precious"), "mine");
    const refused = await lossbound("restore", log, "--to", to);
    expect([refused.exitCode, refused.stderr]).to.deep.equal([
      2,
      `${to} is not empty (it holds appendonlydir): nothing of it is overwritten`,
    ]);
    expect(readFileSync(path.join(to, "precious"), "utf8")).to.equal("mine");
  });

  it("refuse a backup of which a byte was changed, and say which file", async () => {
    const { dump, log } = await taken("broken");
    appendFileSync(dump, "x");
    const manifest = path.join(log, "appendonly.aof.manifest");
    rmSync(manifest);
    for (const [backup, told] of [
      [dump, `this backup is broken: ${dump} is not what was backed up: sha256 `],
      [log, `this backup is broken: ${manifest} is missing`],
    ] as const) {
      const { exitCode, stderr } = await lossbound("restore", backup, "--verify");
      expect({ exitCode, told: stderr.slice(0, told.length) }).to.deep.equal({ exitCode: 1, told });
    }
  });

  it("keep so many days, and the last backup however old it is", async () => {
    const to = path.join(folder, "rotated");
    mkdirSync(to);
    const old = ["dump-20200101-000000.rdb", "dump-20200102-000000.rdb"];
    for (const name of old) for (const file of [name, `${name}.sha256`]) writeFileSync(path.join(to, file), "old");
    mkdirSync(path.join(to, "aof-20200103-000000"));
    writeFileSync(path.join(to, "notes.txt"), "not a backup");
    utimesSync(path.join(to, "notes.txt"), 1, 1);
    const { stdout, exitCode } = await backUp(to, "--what", "snapshot", "--keep-days", "7");
    expect(exitCode).to.equal(0);
    expect(stdout).to.match(/removed 2 old backups/);
    const left = readdirSync(to).filter(
      (name) => !/^dump-2\d{7}-\d{6}\.rdb(\.sha256)?$/.test(name) || old.includes(name),
    );
    expect(left).to.deep.equal(["aof-20200103-000000", "notes.txt"]);
  });

  it("switch rewrites back on after a backup that was killed, whenever that was", async () => {
    const to = path.join(folder, "killed");
    let foundHeld = 0;
    for (let attempt = 0; attempt < 40 && foundHeld < 1; attempt++) {
      const running = backUp(to, "--what", "log");
      // Not by time: it dies as soon as it has noted what it is about to change.
      while (running.exitCode === null && !readNote(to).includes("held"))
        await new Promise((turn) => setImmediate(turn));
      running.kill("SIGKILL");
      await running;
      if (readNote(to).includes("held")) foundHeld++;
    }
    expect(foundHeld, "backups that died while rewrites were held off").to.equal(1);
    const { exitCode, stderr } = await backUp(to, "--what", "log");
    expect(exitCode, stderr).to.equal(0);
    expect(await setting()).to.equal("80");
    expect(existsSync(path.join(to, claimName))).to.equal(false);
    expect(readdirSync(data).filter((name) => name.startsWith(".lossbound"))).to.deep.equal([]);
    expect(readdirSync(to).filter((name) => name.startsWith(".partial-"))).to.deep.equal([]);
  });

  it("say in one sentence why nothing was taken", async () => {
    const to = path.join(folder, "none");
    const nobody = await lossbound("backup", "--from", `unix:${folder}/nobody`, "--to", to);
    expect([nobody.exitCode, nobody.stderr.split("\n").length]).to.deep.equal([3, 1]);
    const elsewhere = await backUp(to, "--data", folder);
    expect([elsewhere.exitCode, elsewhere.stderr]).to.deep.equal([
      3,
      `the store has saved, and there is no ${folder}/dump.rdb: name its data folder with --data`,
    ]);
    expect(readdirSync(to)).to.deep.equal([]);
  });
});

function readNote(to: string): string {
  try {
    return readFileSync(path.join(to, claimName), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
