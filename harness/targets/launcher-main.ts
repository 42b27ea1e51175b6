/** The launcher's own process (launcher.ts). When the harness is gone it goes too; what it started stays for a sweep. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { FromLauncher, ToLauncher } from "./launcher-protocol.ts";

process.on("message", ({ id, start }: ToLauncher) => {
  const log = openSync(start.logFile, "a");
  try {
    const child = spawn(start.command, start.args, {
      cwd: start.cwd,
      env: { ...process.env, ...start.environment },
      stdio: ["ignore", log, log],
      detached: true,
    });
    watch(id, child);
  } finally {
    closeSync(log);
  }
});
process.on("disconnect", () => process.exit());

function watch(id: number, child: ChildProcess): void {
  if (child.pid !== undefined) say({ id, pid: child.pid });
  child.on("error", (error) => say({ id, failed: error.message }));
  child.on("exit", (exitCode, signal) => say({ id, ended: { exitCode, signal } }));
}

/** A harness that is gone has nobody to tell; that it is gone is heard by itself. */
function say(message: FromLauncher): void {
  process.send?.(message, undefined, undefined, () => undefined);
}
