/**
 * The bundled store, as what its users run: a process of its own, with real files. The harness knows its command line and
 * nothing else of it.
 */
import { existsSync } from "node:fs";
import path from "node:path";
import { packageFolder } from "../package.ts";
import type { RunFolder } from "../run-folder.ts";
import { ProcessTarget, processDefaults } from "./process.ts";
import { TargetUnavailable } from "./target.ts";

/** @throws TargetUnavailable when it was never built */
export function bundledTarget(run: RunFolder): ProcessTarget {
  const main = path.join(packageFolder(), "dist", "server", "main.js");
  if (!existsSync(main)) throw new TargetUnavailable("the bundled store is not built: run npm run build");
  return new ProcessTarget(
    {
      ...processDefaults,
      name: "bundled",
      kind: "bundled",
      command: [process.execPath, main],
      diesAtDiskOperation: true,
    },
    run,
  );
}
