/**
 * A recorded volume for tests, and programs that run on it. Everything is gone after `clear`, whatever the test did.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { VolumeUnavailable } from "../../harness/disk/volume.ts";
import { RecordedVolume } from "../../harness/fuse/recorded-volume.ts";
import type { JournalRecord } from "../../harness/recording/journal.ts";
import { missing } from "../needs.ts";

export interface Program {
  readonly pid: number;
  readonly ended: Promise<ProgramEnd>;
}

export interface ProgramEnd {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | null;
  readonly signal: string | null;
}

const patienceMs = 20_000;

export class RecordedGround {
  readonly folder: string;
  readonly volume: RecordedVolume;
  readonly #programs: Program[] = [];

  /** Skips the test where this machine has no FUSE for us; under CI it fails. */
  static async create(context: Mocha.Context, parent = os.tmpdir()): Promise<RecordedGround> {
    const folder = mkdtempSync(path.join(parent, "lossbound-test-"));
    const dir = path.join(folder, "volume");
    mkdirSync(dir);
    try {
      return new RecordedGround(folder, await RecordedVolume.create(dir));
    } catch (error) {
      rmSync(folder, { recursive: true });
      if (error instanceof VolumeUnavailable) missing(context, error.message);
      throw error;
    }
  }

  private constructor(folder: string, volume: RecordedVolume) {
    this.folder = folder;
    this.volume = volume;
  }

  /** Runs a shell script in the volume's folder, and resolves when it is over, however that was. */
  async shell(script: string): Promise<ProgramEnd> {
    return this.startShell(script).ended;
  }

  startShell(script: string): Program {
    return this.start("sh", ["-c", `cd '${this.volume.dir}'\n${script}`]);
  }

  /**
   * Runs a Node script, in which `at(name)` is a path on the volume, and resolves with what it prints.
   * @throws Error with what it printed, when it does not end well.
   */
  async node(script: string): Promise<string> {
    const { stdout, stderr, exitCode, signal } = await this.startNode(script).ended;
    if (exitCode !== 0) throw new Error(`the script ended with ${exitCode ?? signal}: ${stderr}`);
    return stdout;
  }

  startNode(script: string): Program {
    const at = `const at = (name) => ${JSON.stringify(this.volume.dir)} + "/" + name;`;
    return this.start(process.execPath, ["-e", `const fs = require("node:fs"); ${at}\n${script}`]);
  }

  start(command: string, args: readonly string[]): Program {
    const line = this.volume.enter(command, args);
    const child = spawn(line.command, line.args, {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: patienceMs,
      killSignal: 9,
    });
    const printed = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (text: string) => {
        printed[name] += text;
      });
    }
    const ended = new Promise<ProgramEnd>((resolve) => {
      child.once("close", (exitCode, signal) => resolve({ ...printed, exitCode, signal }));
    });
    const program = { pid: child.pid as number, ended };
    this.#programs.push(program);
    return program;
  }

  /** Resolves when there is such a file: how a program says that it has come so far. */
  async untilThere(name: string): Promise<void> {
    while (!(await this.volume.image()).has(name)) await sleep(5);
  }

  async records(): Promise<readonly JournalRecord[]> {
    const journal = await this.volume.journal();
    journal.close();
    return journal.records;
  }

  async clear(): Promise<void> {
    await this.volume.dispose();
    await Promise.all(this.#programs.map(({ ended }) => ended));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
