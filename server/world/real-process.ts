/** The Process of the real world. */
import { randomBytes } from "node:crypto";
import { readFileSync, writeSync } from "node:fs";
import type { Process } from "./world.ts";

export const realProcess: Process = {
  pid: process.pid,
  isAlive(pid) {
    try {
      process.kill(pid, 0);
    } catch (error) {
      // Somebody else's is alive as well.
      return (error as NodeJS.ErrnoException).code === "EPERM";
    }
    return !isZombie(pid);
  },
  onSignal(run) {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => run(signal));
  },
  exit: (code) => process.exit(code),
  log(line) {
    // Straight to the descriptor: the last line before an end is the one that matters.
    try {
      writeSync(1, `${line}\n`);
    } catch (error) {
      // A reader that is slow, or gone, must not end the store.
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "EAGAIN" && code !== "EPIPE") throw error;
    }
  },
  setTitle(title) {
    process.title = title;
  },
  secretBytes: (count) => randomBytes(count),
  memoryBytes: () => process.memoryUsage.rss(),
  cpu() {
    const { user, system } = process.cpuUsage();
    return { userS: user / 1e6, systemS: system / 1e6 };
  },
};

/** Dead, but nobody has asked how it ended: in a container often for ever. Known on Linux alone. */
function isZombie(pid: number): boolean {
  if (process.platform !== "linux") return false;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
  } catch (error) {
    // It ended just now.
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return true;
    throw error;
  }
}
