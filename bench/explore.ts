/**
 * What it costs to explore a real store: booted states and judged pairs a second, on one recording of some 200 KB.
 *
 *     node dist/bench/explore.js [STORE …]          default: redis-server
 */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import path from "node:path";
import { runScenario } from "../harness/run.ts";
import { Catalogue } from "../scenarios/catalogue.ts";

const catalogue = new Catalogue();
const bundlesDir = mkdtempSync(path.join(tmpdir(), "lossbound-bench-"));
try {
  for (const target of process.argv.length > 2 ? process.argv.slice(2) : ["redis-server"]) {
    const { run } = await runScenario(
      {
        scenario: catalogue.scenario("power-cut/everysec").value,
        preset: catalogue.preset("everysec"),
        target,
        seed: "bench",
        budget: { runs: 1, timeMs: 40_000 },
        jobs: availableParallelism(),
        bundlesDir,
        keep: false,
        signal: new AbortController().signal,
      },
      { cycleEnded: () => undefined },
    );
    const { considered, distinct, judged, booted, perSecond } = run.crashStates;
    const boots = (booted / judged) * perSecond;
    console.log(
      `${target}: ${considered} pairs, ${distinct} distinct; ${judged} judged, ${booted} starts of the store`,
    );
    console.log(`  ${boots.toFixed(1)} starts a second, ${perSecond.toFixed(0)} pairs a second`);
  }
} finally {
  rmSync(bundlesDir, { recursive: true });
}
