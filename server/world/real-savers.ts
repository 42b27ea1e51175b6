/**
 * The Savers of the real world: each is a child process, fed through a pipe (see saver-main.ts).
 *
 *     server ── job, segments ──► child ── how it went ──► server          8 MiB under way at most
 *
 * The child is the server's own, found as such by whoever looks, and its pid is in the names of its files. It takes some
 * 40 ms to start; what it is fed meanwhile waits in the pipe, so nobody waits for it.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { saverNames } from "../saver.ts";
import { type SaveJob, type Saver, type SaverEnding, SaverError, type Savers } from "./world.ts";

const program = fileURLToPath(new URL("../saver-main.js", import.meta.url));
const underWayBytesMax = 8 * 1024 * 1024;
const underWayBytesLow = underWayBytesMax / 2;
/** What a saver ends with when it was told to, so that nobody takes it for a failure. */
const endedOnPurpose = 255;

export const realSavers: Savers = {
  start: (job, ended) => new ChildSaver(job, ended),
};

class ChildSaver implements Saver {
  readonly pid: number;
  private readonly child: ChildProcessByStdio<Writable, Readable, null>;
  private killedWith: string | undefined;
  private drained: (() => void) | undefined;

  constructor(job: SaveJob, ended: (ending: SaverEnding) => void) {
    this.child = start();
    if (this.child.pid === undefined) throw new SaverError("no process could be started");
    this.pid = this.child.pid;
    takeName(saverNames(job, this.pid).atWork);
    let answer = "";
    this.child.stdout.setEncoding("utf8");
    this.child.stdout.on("data", (text: string) => {
      answer += text;
    });
    // A saver that died takes no more; its exit says so.
    this.child.stdin.on("error", () => undefined);
    this.child.on("close", (code, signal) => ended(this.endingOf(code, signal, answer)));
    this.child.stdin.write(`${JSON.stringify(job)}\n`);
  }

  feed(bytes: Uint8Array): boolean {
    const { stdin } = this.child;
    stdin.write(bytes, () => this.tellDrained());
    return stdin.writableLength < underWayBytesMax;
  }

  onDrain(run: () => void): void {
    this.drained = run;
  }

  kill(signal: "SIGKILL" | "SIGTERM" | "SIGUSR1"): void {
    this.killedWith = signal;
    // Whatever it is doing, also while Node starts up in it.
    this.child.kill("SIGKILL");
  }

  private tellDrained(): void {
    if (this.drained === undefined || this.child.stdin.writableLength > underWayBytesLow) return;
    const run = this.drained;
    this.drained = undefined;
    run();
  }

  private endingOf(code: number | null, signal: string | null, answer: string): SaverEnding {
    if (signal !== null) return { kind: "killed", signal: this.killedWith ?? signal };
    if (code === endedOnPurpose) return { kind: "killed", signal: "SIGUSR1" };
    if (answer.endsWith("\n")) return JSON.parse(answer) as SaverEnding;
    return { kind: "failed", why: `the saver ended with code ${code}` };
  }
}

/** The file is there from the first moment, for whoever watches a snapshot in progress, and not only when Node is up. */
function takeName(path: string): void {
  try {
    closeSync(openSync(path, "w"));
  } catch (error) {
    // The saver will find the same, and report it.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}

function start(): ChildProcessByStdio<Writable, Readable, null> {
  try {
    const child = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "inherit"] });
    // Reported here when there is no memory or no process number left; `pid` is undefined then.
    child.on("error", () => undefined);
    return child;
  } catch (error) {
    throw new SaverError((error as Error).message);
  }
}
