/**
 * Does the steps of a drill in a folder, prints when each began and ended (`StepTimes`, a JSON line each), and ends as a
 * killed process does. A step that needs the disk to fail is announced, and waits for a line on stdin.
 *
 *     node drill-main.js DIR ORIGIN-NS STEPS-AS-JSON
 */
import { spawnSync } from "node:child_process";
import { closeSync, fsync, fsyncSync, mkdirSync, openSync, readSync, renameSync, writeSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { fillOf, type Step, type StepTimes } from "./drill.ts";

const [dir = "", origin = "0", text = "[]"] = process.argv.slice(2);
const originNs = BigInt(origin);
/** Into the time that a sync takes on the disk below, which is made slow. */
const meanwhileMs = 15;

const nowNs = (): number => Number(process.hrtime.bigint() - originNs);
const tell = (line: object): void => {
  writeSync(1, `${JSON.stringify(line)}\n`);
};
const told = (step: number, part: StepTimes["part"], startNs: number, ok = true): void => {
  tell({ step, part, startNs, endNs: nowNs(), ok } satisfies StepTimes);
};

function append(file: string, bytes: number, fill: number): void {
  const fd = openSync(path.join(dir, file), "a");
  writeSync(fd, Buffer.alloc(bytes, fill));
  closeSync(fd);
}

/** Whether it ended well. */
async function sync(step: number, name: string, appendMeanwhile?: number): Promise<boolean> {
  const fd = openSync(path.join(dir, name), "r");
  try {
    if (appendMeanwhile === undefined) fsyncSync(fd);
    else {
      const synced = promisify(fsync)(fd);
      await sleep(meanwhileMs);
      const startNs = nowNs();
      append(name, appendMeanwhile, fillOf(step, "append-meanwhile"));
      told(step, "append-meanwhile", startNs);
      await synced;
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EIO") throw error;
    return false;
  } finally {
    closeSync(fd);
  }
}

/** posix_fadvise(DONTNEED), by way of dd: the kernel begins to write the dirty pages, and does not wait for them. */
function writeBack(file: string): void {
  const args = [`of=${path.join(dir, file)}`, "oflag=nocache", "conv=notrunc", "count=0", "status=none"];
  const { status, stderr } = spawnSync("dd", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`dd: ${stderr}`);
}

function untilTheDiskIsReady(step: number): void {
  tell({ ready: step });
  readSync(0, Buffer.alloc(1));
}

for (const [index, step] of (JSON.parse(text) as Step[]).entries()) {
  if (step.do === "sync-badly") untilTheDiskIsReady(index);
  const startNs = nowNs();
  let ok = true;
  if (step.do === "append") append(step.file, step.bytes, fillOf(index));
  else if (step.do === "wait") await sleep(step.ms);
  else if (step.do === "write-back") writeBack(step.file);
  else if (step.do === "rename") renameSync(path.join(dir, step.from), path.join(dir, step.to));
  else if (step.do === "sync") ok = await sync(index, step.path, step.appendMeanwhile);
  else if (step.do === "sync-badly") ok = await sync(index, step.path);
  else if (step.do === "create") closeSync(openSync(path.join(dir, step.path), "wx"));
  else mkdirSync(path.join(dir, step.path));
  told(index, "step", startNs, ok);
}
process.kill(process.pid, "SIGKILL");
