/**
 * How many live kills are played and judged in a minute: start, load, SIGKILL, recover twice, judge.
 *
 *     node dist/bench/live-cycles.js [STORE …]          default: redis-server
 *
 * Each cycle kills once 200 calls were acked, so that what is measured is the harness and the store, not the waiting.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import path from "node:path";
import { runScenario } from "../harness/run.ts";
import { Catalogue } from "../scenarios/catalogue.ts";
import { scenarioSchema } from "../scenarios/scenario.ts";

const cycles = 60;
const scenario = scenarioSchema.parse({
  name: "bench/live-cycles",
  why: "bench",
  presets: ["everysec"],
  workload: { calls: 2_000 },
  fault: { kind: "kill", trigger: { kind: "after-acks", acks: 200 } },
  budget: { runs: cycles },
});

const bundlesDir = mkdtempSync(path.join(tmpdir(), "lossbound-bench-"));
try {
  for (const target of process.argv.length > 2 ? process.argv.slice(2) : ["redis-server"]) {
    for (const jobs of [1, availableParallelism(), 2 * availableParallelism()]) {
      const startedMs = performance.now();
      const { run } = await runScenario(
        {
          scenario,
          preset: new Catalogue().preset("everysec"),
          target,
          seed: "bench",
          budget: { runs: cycles },
          jobs,
          bundlesDir,
          keep: false,
          signal: new AbortController().signal,
        },
        { cycleEnded: () => undefined },
      );
      const minutes = (performance.now() - startedMs) / 60_000;
      const perMinute = Math.round(run.crashStates.judged / minutes);
      console.log(
        `${target}, ${jobs} at a time: ${perMinute} cycles a minute (${run.verdict}, ${run.calls.acked} acked)`,
      );
    }
  }
} finally {
  rmSync(bundlesDir, { recursive: true });
}
