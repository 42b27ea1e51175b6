/**
 * The Savers of the real world: each is a child process, fed through a pipe (see saver-main.ts).
 *
 *     server ── job, segments ──► child ── how it went ──► server          8 MiB under way at most
 *
 * The child is the server's own, found as such by whoever looks, and its pid is in the names of its files. It takes some
 * 40 ms to start; what it is fed meanwhile waits in the pipe, so nobody waits for it.
 *
 * To fork a process that holds much memory stops it, some 10 ms for every 300 MB. So a large server keeps one child that
 * waits for a job: started while the server was still small where possible, and kept after a job that went well.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { saverNames } from "../saver.ts";
import { type SaveJob, type Saver, type SaverEnding, SaverError, type Savers } from "./world.ts";

const underWayBytesMax = 8 * 1024 * 1024;
const underWayBytesLow = underWayBytesMax / 2;
/** From this size of the server on, a fork costs more than a child that waits. */
const largeBytes = 160 * 1024 * 1024;
/** What a saver ends with when it was told to, so that nobody takes it for a failure. */
const endedOnPurpose = 255;

type Child = ChildProcessByStdio<Writable, Readable, null>;

/** The child that waits for a job. */
let spare: Child | undefined;

const ownSizeIsLarge = () => process.memoryUsage.rss() > largeBytes;

/**
 * @param program of the child: saver-main.js
 * @param isLarge whether this process is so large that a child is worth keeping after its job.
 */
export function realSavers(program: string, isLarge: () => boolean = ownSizeIsLarge): Savers {
  return {
    start(job, ended) {
      const child = spare === undefined || isLeaving(spare) ? startChild(program) : spare;
      spare = undefined;
      return new ChildSaver(child, job, ended, isLarge);
    },
    prepare() {
      if (spare !== undefined) return;
      try {
        keepWaiting(startChild(program));
      } catch (error) {
        // Nobody needs it yet; when somebody does, the start will fail again and say so.
        if (!(error instanceof SaverError)) throw error;
      }
    },
  };
}

class ChildSaver implements Saver {
  readonly pid: number;
  private readonly child: Child;
  private readonly ended: (ending: SaverEnding) => void;
  private readonly isLarge: () => boolean;
  private answer = "";
  private killedWith: string | undefined;
  private drained: (() => void) | undefined;

  constructor(child: Child, job: SaveJob, ended: (ending: SaverEnding) => void, isLarge: () => boolean) {
    this.child = child;
    this.isLarge = isLarge;
    this.pid = child.pid as number;
    this.ended = ended;
    takeName(saverNames(job, this.pid).atWork);
    child.ref();
    child.stdout.on("data", this.hear);
    child.on("close", this.closed);
    child.stdin.write(`${JSON.stringify(job)}\n`);
  }

  feed(bytes: Uint8Array, taken: () => void): boolean {
    const { stdin } = this.child;
    stdin.write(bytes, () => {
      taken();
      this.tellDrained();
    });
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

  private readonly hear = (text: string): void => {
    this.answer += text;
    if (!this.answer.endsWith("\n")) return;
    const ending = JSON.parse(this.answer) as SaverEnding;
    // Of one that is not kept the end is told when it is gone: whoever looks then finds no child.
    if (ending.kind !== "saved" || !this.isLarge() || spare !== undefined || this.killedWith !== undefined) {
      this.child.stdin.end();
      return;
    }
    this.child.stdout.off("data", this.hear);
    this.child.off("close", this.closed);
    keepWaiting(this.child);
    this.ended(ending);
  };

  private readonly closed = (code: number | null, signal: string | null): void => {
    this.ended(this.endingOf(code, signal));
  };

  private endingOf(code: number | null, signal: string | null): SaverEnding {
    if (signal !== null) return { kind: "killed", signal: this.killedWith ?? signal };
    if (code === endedOnPurpose) return { kind: "killed", signal: "SIGUSR1" };
    if (this.answer.endsWith("\n")) return JSON.parse(this.answer) as SaverEnding;
    return { kind: "failed", why: `the saver ended with code ${code}` };
  }
}

/** PF_EXITING among the flags in /proc/<pid>/stat. */
const exitingFlag = 4;

/**
 * Whether a child was killed, and this process has not been told yet: a job given to it would fail for nothing. Where
 * there is no /proc nobody can say, and the job's failure will.
 */
function isLeaving(child: Child): boolean {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${child.pid}/stat`, "latin1");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return process.platform === "linux";
  }
  // Behind the program's name, which may hold anything: state, five numbers, flags.
  const [state = "", ...numbers] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return state === "Z" || state === "X" || (Number(numbers[5]) & exitingFlag) !== 0;
}

function keepWaiting(child: Child): void {
  spare = child;
  // Not a reason for the server to stay.
  child.unref();
  child.once("close", () => {
    if (spare === child) spare = undefined;
  });
}

/** @throws SaverError */
function startChild(program: string): Child {
  let child: Child;
  try {
    child = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "inherit"] });
  } catch (error) {
    throw new SaverError((error as Error).message);
  }
  // Reported here when there is no memory or no process number left; `pid` is undefined then.
  child.on("error", () => undefined);
  // A saver that died takes no more; its exit says so.
  child.stdin.on("error", () => undefined);
  if (child.pid === undefined) throw new SaverError("no process could be started");
  child.stdout.setEncoding("utf8");
  return child;
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
