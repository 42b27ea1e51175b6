/** Processes as children of the harness itself. */
import { closeSync, openSync } from "node:fs";
import { execa } from "execa";
import { NotStarted, type Spawned, type SpawnOrder } from "./spawn.ts";

/** @throws NotStarted */
export async function spawnHere({ command, args, cwd, logFile, environment }: SpawnOrder): Promise<Spawned> {
  // Any descriptor will do; the library's types name only the first few.
  const log = openSync(logFile, "a") as 3;
  try {
    const child = execa(command, [...args], {
      cwd,
      env: environment,
      stdin: "ignore",
      stdout: log,
      stderr: log,
      detached: true,
      cleanup: false,
      buffer: false,
      reject: false,
    });
    if (child.pid === undefined) {
      const result = await child;
      throw new NotStarted("shortMessage" in result ? String(result.shortMessage) : "no reason given");
    }
    const ended = child.then((result) => ({ exitCode: result.exitCode ?? null, signal: result.signal ?? null }));
    return { pid: child.pid, ended };
  } finally {
    closeSync(log);
  }
}
