/**
 * What a test needs of the machine. Missing on a user's machine, the test is skipped and says so; under CI everything is
 * there by agreement, so a missing tool is a failure and not a test that quietly never ran.
 */
import { execFileSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import path from "node:path";

/** The path of an executable; skips the test when this machine has none. */
export function needExecutable(context: Mocha.Context, name: string): string {
  const found = (process.env.PATH ?? "")
    .split(path.delimiter)
    .map((folder) => path.join(folder, name))
    .find(isExecutable);
  return found ?? missing(context, `${name} is not installed`);
}

/** Skips the test when no container engine answers. */
export function needContainerEngine(context: Mocha.Context): void {
  const docker = needExecutable(context, "docker");
  try {
    execFileSync(docker, ["version", "--format", "{{.Server.Version}}"], { stdio: "ignore", timeout: 20_000 });
  } catch (error) {
    missing(context, `no container engine answers (${(error as Error).message.split("\n")[0]})`);
  }
}

/** Skips the test, or fails it under CI, with the reason. */
export function missing(context: Mocha.Context, reason: string): never {
  if (process.env.CI) throw new Error(`${reason}, and under CI nothing may be missing`);
  console.log(`      skipped: ${reason}`);
  return context.skip();
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
}
