/**
 * Loaded into a store beside its own code (`node --import`), this notes how long its longest turn was: how long nobody
 * was served. A timer is due every millisecond; what it comes late, some turn took.
 *
 *     timer ─ 1 ms ─ timer ──── a turn of 4 ms ──── timer          between two of them: at least the turn, at most 1 ms more
 *
 * It is told in two measures: `wallMs` is what clients see, `cpuMs` what the store itself took of it, which does not
 * change when the machine has other things to do. At SIGUSR2 both go to the file named in TURN_WATCH_FILE, and it begins
 * anew.
 */
import { openSync, readSync, renameSync, writeFileSync } from "node:fs";

export interface LongestTurn {
  readonly wallMs: number;
  readonly cpuMs: number;
}

const path = process.env["TURN_WATCH_FILE"] as string;
/** Nanoseconds that this thread has run, then other numbers. */
const schedstat = openSync("/proc/thread-self/schedstat", "r");
const text = Buffer.alloc(64);

function threadCpuMs(): number {
  // Of a thread that runs the number is as old as the last tick of the kernel, unless somebody asks for its process.
  process.cpuUsage();
  const length = readSync(schedstat, text, 0, text.length, 0);
  return Number.parseInt(text.toString("latin1", 0, length), 10) / 1e6;
}

let longest = { wallMs: 0, cpuMs: 0 };
let lastWallMs = performance.now();
let lastCpuMs = threadCpuMs();

setInterval(() => {
  const wallMs = performance.now();
  const cpuMs = threadCpuMs();
  longest.wallMs = Math.max(longest.wallMs, wallMs - lastWallMs);
  longest.cpuMs = Math.max(longest.cpuMs, cpuMs - lastCpuMs);
  lastWallMs = wallMs;
  lastCpuMs = cpuMs;
}, 1).unref();

process.on("SIGUSR2", () => {
  writeFileSync(`${path}.new`, JSON.stringify(longest satisfies LongestTurn));
  renameSync(`${path}.new`, path);
  longest = { wallMs: 0, cpuMs: 0 };
});
