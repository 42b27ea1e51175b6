/**
 * Nothing of a real file system on a recorded disk outlives its run, whatever happens to the harness: no mount, no loop
 * device, no process, no file.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { execa } from "execa";
import { FilesystemVolume, refuseWhereHopeless } from "../../harness/block/filesystem-volume.ts";
import { filesystems } from "../../harness/block/filesystems.ts";
import { VolumeUnavailable } from "../../harness/disk/volume.ts";
import { RunFolder, sweepLeftovers } from "../../harness/run-folder.ts";
import { findProcess } from "../../harness/targets/process-table.ts";
import { missing } from "../needs.ts";

const main = fileURLToPath(new URL("../../harness/cli/main.js", import.meta.url));
const killedMain = fileURLToPath(new URL("../recorded/killed-filesystem-main.js", import.meta.url));

const shortScenario = `
name: short
why: A store is recorded for a moment.
suits: { presets: [always] }
presets: [always]
workload: { profile: mixed, calls: 200 }
fault: { kind: power-cut, models: [ordered], lastsMs: [500, 500] }
budget: { runs: 1 }
`;

describe("nothing of a real file system on a recorded disk is left", function () {
  this.timeout(60_000);
  let folder: string;

  before(function () {
    try {
      refuseWhereHopeless(filesystems.ext4);
    } catch (error) {
      if (!(error instanceof VolumeUnavailable)) throw error;
      missing(this, error.message);
    }
  });

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "lossbound-test-"));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const isInUse = () =>
    `${execFileSync("losetup", ["--all"])}${readFileSync("/proc/self/mountinfo", "utf8")}`.includes(folder);
  const alive = (pids: readonly number[]) => pids.filter((pid) => findProcess(pid) !== undefined);

  async function until(holds: () => boolean): Promise<void> {
    while (!holds()) await sleep(20);
  }

  async function kill(child: ChildProcess): Promise<void> {
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  for (const also of ["alone", "with the process that serves its disk"] as const) {
    it(`after the harness was killed ${also}, once the next one has swept`, async () => {
      const harness = spawn(process.execPath, [killedMain, folder], { stdio: ["ignore", "pipe", "inherit"] });
      const text = await new Promise<string>((resolve) => harness.stdout.setEncoding("utf8").once("data", resolve));
      const told = JSON.parse(text) as { folder: string; volumePid: number; storePids: number[] };
      expect(isInUse()).to.equal(true);
      if (also === "alone") await kill(harness);
      else {
        // So that it cannot see that the harness is gone, and tidy up by itself.
        process.kill(told.volumePid, "SIGSTOP");
        await kill(harness);
        process.kill(told.volumePid, "SIGKILL");
      }
      const swept = await sweepLeftovers(folder);
      expect(swept.map((leftover) => leftover.folder)).to.deep.equal([told.folder]);
      await until(() => alive([told.volumePid, ...told.storePids]).length === 0 && !isInUse());
      expect(readdirSync(folder)).to.deep.equal([]);
    });
  }

  it("after Ctrl-C in the middle of a recording: exit code 130", async () => {
    const scenario = path.join(folder, "short.yaml");
    writeFileSync(scenario, shortScenario);
    const args = ["explore", scenario, "--filesystem", "ext4", "--target", "bundled"];
    const env = { TMPDIR: folder, NO_COLOR: "1" };
    const command = execa(process.execPath, [main, ...args, "--out", path.join(folder, "results")], {
      reject: false,
      env,
    });
    let over = false;
    void command.then(() => {
      over = true;
    });
    await until(() => over || isInUse());
    command.kill("SIGINT");
    const { exitCode, stderr } = await command;
    expect(exitCode, stderr).to.equal(130);
    await until(() => !isInUse());
    expect(readdirSync(folder).filter((name) => !["results", "short.yaml"].includes(name))).to.deep.equal([]);
    const ofIt = readdirSync("/dev/shm").filter((name) => name.startsWith(`lossbound-${command.pid}-`));
    expect(ofIt).to.deep.equal([]);
  });

  it("after the disk below the recording was full: the store is refused, and everything can be given back", async () => {
    const small = path.join(folder, "small");
    mkdirSync(small);
    await execa("mount", ["-t", "tmpfs", "-o", "size=12m", "lossbound-test", small]);
    try {
      const run = new RunFolder(small);
      const volume = await FilesystemVolume.create(run, filesystems.ext4);
      const fill = 'cd "$1"; while head -c 200000 /dev/urandom >> f && sync f; do :; done; echo refused';
      expect(await volume.run("sh", ["-c", fill, "sh", volume.dir])).to.equal("refused");
      expect((await volume.failed).message).to.match(/cannot go on: ENOSPC/);
      await volume.dispose();
      await run.dispose();
      const loops = () => execFileSync("losetup", ["--all"], { encoding: "utf8" });
      await until(() => !loops().includes(small));
      expect(readdirSync(small)).to.deep.equal([]);
    } finally {
      await execa("umount", [small]);
    }
  });
});
