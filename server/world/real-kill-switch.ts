/**
 * The kill switch of a real process, armed by the environment:
 *
 *     LOSSBOUND_KILL_AT=before:sync:3:*.incr.aof:tree
 */
import { readFileSync } from "node:fs";
import { KillOrderError, type KillScope, KillSwitch, parseKillOrder } from "./kill-switch.ts";
import type { Disk } from "./world.ts";

/** The disk as it is when nothing is ordered. @throws KillOrderError */
export function withKillSwitch(disk: Disk, environment: NodeJS.ProcessEnv): Disk {
  const text = environment.LOSSBOUND_KILL_AT;
  if (text === undefined || text === "") return disk;
  const order = parseKillOrder(text);
  // Whoever shares a group with a shell, or with the harness itself, must not take them along.
  if (order.scope === "tree" && !isOwnGroup()) {
    throw new KillOrderError(`'${text}': the server does not lead its process group, which 'tree' would kill`);
  }
  return new KillSwitch(disk, order, killNow);
}

function killNow(scope: KillScope): void {
  process.kill(scope === "tree" ? 0 : process.pid, "SIGKILL");
}

/** The process leads its group, or (a saver) its parent does. */
function isOwnGroup(): boolean {
  // pid (name) state ppid pgrp …; the name may hold anything, blanks and parentheses too.
  const stat = readFileSync("/proc/self/stat", "latin1");
  const group = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2]);
  return group === process.pid || group === process.ppid;
}
