/** This machine, for a backup: its files, its clock, its processes, and a store that was connected to. */
import { setTimeout as sleep } from "node:timers/promises";
import { findProcess, isAlive } from "../targets/process-table.ts";
import type { RespClient } from "../targets/target.ts";
import type { BackupWorld } from "./backup-world.ts";
import { realFiles } from "./real-files.ts";

export function realBackupWorld(store: Pick<RespClient, "send">): BackupWorld {
  return {
    files: realFiles,
    store,
    clock: { nowMs: () => Date.now(), sleep: (ms) => sleep(ms) },
    self: `process ${process.pid}, started at ${findProcess(process.pid)?.startTicks ?? 0}`,
    lives(name) {
      const [, pid, startTicks] = /^process (\d+), started at (\d+)$/.exec(name) ?? [];
      return pid !== undefined && isAlive({ pid: Number(pid), startTicks: Number(startTicks) });
    },
    enters: () => undefined,
  };
}
