/**
 * The contract of a promise of a file system, and what promises are kept with. Every promise gets an empty folder of its
 * own. What Node cannot ask for (shared mappings, renameat2, locks between processes) is asked by small tools that Linux
 * machines have.
 */
import { execFileSync } from "node:child_process";
import fs from "node:fs";

export interface FileSystemPromise {
  readonly name: string;
  /** Executables that it needs. */
  readonly tools?: readonly string[];
  keep(dir: string, seed: string): void | Promise<void>;
}

/** `no error` where there was none. */
export function errorCode(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
  return "no error";
}

export function run(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** Opens, and closes whatever happens. */
export function withFile<T>(file: string, flags: string | number, use: (fd: number) => T): T {
  const fd = fs.openSync(file, flags);
  try {
    return use(fd);
  } finally {
    fs.closeSync(fd);
  }
}
