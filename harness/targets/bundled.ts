/**
 * The bundled store, as what its users run: a process of its own, with real files. The harness knows its command line and
 * nothing else of it.
 */
import { existsSync } from "node:fs";
import path from "node:path";
import { packageFolder } from "../package.ts";
import type { RunFolder } from "../run-folder.ts";
import { ProcessTarget, processDefaults } from "./process.ts";
import type { Spawn } from "./spawn.ts";
import { TargetUnavailable } from "./target.ts";

/** @throws TargetUnavailable when it was never built */
export function bundledTarget(run: RunFolder, spawn?: Spawn): ProcessTarget {
  return bundledProcess("bundled", ["server", "main.js"], [], run, spawn);
}

/** The bundled store as another program composes it. @throws TargetUnavailable when that was never built */
export function bundledProcess(
  name: string,
  program: readonly string[],
  args: readonly string[],
  run: RunFolder,
  spawn?: Spawn,
): ProcessTarget {
  const main = path.join(packageFolder(), "dist", ...program);
  if (!existsSync(main)) throw new TargetUnavailable("the bundled store is not built: run npm run build");
  return new ProcessTarget(
    {
      ...processDefaults,
      name,
      kind: "bundled",
      command: [process.execPath, main, ...args],
      diesAtDiskOperation: true,
    },
    run,
    spawn,
  );
}
