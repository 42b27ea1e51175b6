import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { execa } from "execa";
import { replayPlainly } from "../../tests/file-system/plain-replay.ts";
import { missing } from "../../tests/needs.ts";
import { RecordedGround } from "../../tests/recorded/ground.ts";
import { JournalReader } from "../recording/journal-file.ts";
import { sweepLeftovers } from "../run-folder.ts";
import { findProcess, listProcesses } from "../targets/process-table.ts";
import { abortConnectionsOf } from "./abort.ts";

describe("nothing of a recorded volume is left", () => {
  let ground: RecordedGround | undefined;
  let folder: string | undefined;

  afterEach(async () => {
    await ground?.clear();
    ground = undefined;
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    folder = undefined;
  });

  const alive = (pids: readonly number[]) => pids.filter((pid) => findProcess(pid) !== undefined);

  async function kill(child: ChildProcess): Promise<void> {
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  async function untilGone(pids: readonly number[]): Promise<void> {
    while (alive(pids).length > 0) await sleep(5);
  }

  /** Recorded volumes that some process of this machine has mounted, below this folder. */
  function mountsBelow(dir: string): string[] {
    return listProcesses()
      .map(({ pid }) => `/proc/${pid}/mountinfo`)
      .flatMap((file) => {
        try {
          return readFileSync(file, "utf8").split("\n");
        } catch (error) {
          // The process has ended since it was listed, or is ending.
          if (["ENOENT", "ESRCH", "EINVAL"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
          throw error;
        }
      })
      .filter((line) => line.includes("fuse.lossbound") && line.includes(dir));
  }

  it("after an orderly end, though a store runs on it and another one waits for a sync that hangs", async function () {
    ground = await RecordedGround.create(this);
    await ground.volume.arm([{ kind: "stall", name: "hang", when: { on: ["fsync"] } }], "seed");
    const programs = [
      ground.startShell("while :; do echo more >> log; done"),
      ground.startShell("echo x > f; exec sync f"),
    ];
    await ground.untilThere("f");
    const { pid, dir } = ground.volume;
    expect(mountsBelow(dir)).to.not.deep.equal([]);
    await ground.volume.dispose();
    expect(alive([pid, ...programs.map((program) => program.pid)])).to.deep.equal([]);
    expect(mountsBelow(dir)).to.deep.equal([]);
    expect(readdirSync(ground.folder)).to.deep.equal([]);
    await ground.volume.dispose();
  });

  it("after its process was killed: the store gets errors, the harness hears of it, and what was recorded is there", async function () {
    ground = await RecordedGround.create(this);
    const program = ground.startShell("i=0; while echo $((i += 1)) >> log; do :; done; echo 'gave up'");
    await ground.untilThere("log");
    const journal = await ground.volume.journal();
    journal.close();
    process.kill(ground.volume.pid, "SIGKILL");
    expect((await ground.volume.failed).message).to.match(/the process of the recorded volume died/);
    expect((await program.ended).stdout).to.equal("gave up\n");
    const after = await ground.volume.journal();
    expect(after.records.length).to.be.at.least(journal.records.length);
    expect(replayPlainly(after).has("log")).to.equal(true);
    after.close();
    expect(mountsBelow(ground.volume.dir)).to.deep.equal([]);
    await ground.volume.dispose();
    expect(readdirSync(ground.folder)).to.deep.equal([]);
  });

  it("and nobody else is ended: not who gets the namespace's number once its process is gone", async function () {
    ground = await RecordedGround.create(this);
    process.kill(ground.volume.pid, "SIGKILL");
    await ground.volume.failed;
    const namespaces = process.getuid?.() === 0 ? ["--mount"] : ["--user", "--map-root-user", "--mount"];
    // The lowest number that is free is given first, to whoever on this machine asks for one.
    const others = Array.from({ length: 8 }, () =>
      spawn("unshare", [...namespaces, "sh", "-c", "echo ready; exec sleep 60"], {
        stdio: ["ignore", "pipe", "inherit"],
      }),
    );
    try {
      for (const { stdout } of others) await once(stdout, "data");
      await ground.volume.dispose();
      expect(others.map(({ signalCode }) => signalCode)).to.deep.equal(others.map(() => null));
      expect(alive(others.map(({ pid }) => pid as number))).to.have.length(others.length);
    } finally {
      await Promise.all(others.filter((other) => other.signalCode === null).map(kill));
    }
  });

  for (const also of ["alone", "with the volume's process"] as const) {
    it(`after the harness was killed ${also}, once the next one has swept`, async function () {
      // Finds out whether this machine has FUSE, and skips if not.
      ground = await RecordedGround.create(this);
      folder = mkdtempSync(path.join(os.tmpdir(), "lossbound-test-"));
      const program = fileURLToPath(new URL("../../tests/recorded/killed-harness-main.js", import.meta.url));
      const harness = spawn(process.execPath, [program, folder], { stdio: ["ignore", "pipe", "inherit"] });
      const told = await new Promise<string>((resolve) => harness.stdout.setEncoding("utf8").once("data", resolve));
      const {
        folder: run,
        volumePid,
        storePids,
      } = JSON.parse(told) as {
        folder: string;
        volumePid: number;
        storePids: number[];
      };
      expect(alive([volumePid, ...storePids])).to.have.length(3);
      if (also === "with the volume's process") {
        process.kill(volumePid, "SIGSTOP");
        await kill(harness);
        process.kill(volumePid, "SIGKILL");
      } else {
        await kill(harness);
        // Nobody sweeps: the volume's process sees that the harness is gone.
        await untilGone([volumePid, ...storePids]);
        const journal = new JournalReader(path.join(run, "d1", "journal-1"));
        expect(journal.records.length).to.be.greaterThan(20);
        journal.close();
      }
      const swept = await sweepLeftovers(folder);
      expect(swept.map((leftover) => leftover.folder)).to.deep.equal([run]);
      expect(alive([volumePid, ...storePids])).to.deep.equal([]);
      expect(mountsBelow(folder)).to.deep.equal([]);
      expect(readdirSync(folder)).to.deep.equal([]);
    });
  }

  it("of a process that waits for a volume which does not answer: its connection is aborted, and it dies", async function () {
    ground = await RecordedGround.create(this);
    if (process.getuid?.() !== 0) missing(this, "only root may abort a connection");
    await ground.volume.arm([{ kind: "stall", name: "hang", when: { on: ["fsync"] } }], "seed");
    const stuck = ground.startShell("echo x > f; exec sync f");
    while (!(await ground.records()).some(({ kind }) => kind === "sync-start")) await sleep(5);
    process.kill(ground.volume.pid, "SIGSTOP");
    process.kill(stuck.pid, "SIGKILL");
    await sleep(100);
    expect(alive([stuck.pid]), "survives its SIGKILL").to.deep.equal([stuck.pid]);
    abortConnectionsOf([stuck.pid], ground.folder);
    expect((await stuck.ended).signal).to.equal("SIGKILL");
    process.kill(ground.volume.pid, "SIGCONT");
  });

  it("when the disk below is full: everything is refused from then on, and the journal holds what was done before", async function () {
    if (process.getuid?.() !== 0) missing(this, "only root may mount a small disk");
    folder = mkdtempSync(path.join(os.tmpdir(), "lossbound-test-"));
    await execa("mount", ["-t", "tmpfs", "-o", "size=6m", "lossbound-test", folder]);
    try {
      ground = await RecordedGround.create(this, folder);
      const program = ground.startShell(
        "while head -c 100000 /dev/zero >> f; do :; done; echo refused; echo x > g || echo still",
      );
      expect((await ground.volume.failed).message).to.match(/cannot go on: ENOSPC/);
      expect((await program.ended).stdout).to.equal("refused\nstill\n");
      const journal = await ground.volume.journal();
      const f = replayPlainly(journal).get("f");
      journal.close();
      expect(f?.kind === "file" && f.bytes.length).to.be.within(1 << 20, 6 << 20);
      await ground.clear();
      ground = undefined;
      expect(readdirSync(folder)).to.deep.equal([]);
    } finally {
      await ground?.clear();
      ground = undefined;
      await execa("umount", [folder]);
    }
    expect(existsSync(folder)).to.equal(true);
  });
});
