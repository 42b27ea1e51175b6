/**
 * How long what was acked under `appendfsync everysec` may stay undurable, beside the bound that is judged: one recording
 * for each store and length of a sync, without a rewrite and with one. Constants of `harness/oracle/everysec.ts` are fitted
 * to this, and the table in docs/verdicts.md is its output.
 *
 *     npm run bench -- everysec [--stores bundled,redis-server] [--syncs 0,200,700,900,1500,2500,3500] [--seconds 12]
 *
 * Worst acked → durable: the age of the oldest lost ack at the worst crash point, on a disk that keeps nothing unsynced.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { exploreScenario, type PowerCutScenario } from "../harness/explore.ts";
import type { Run } from "../reports/outcome.ts";
import { Catalogue } from "../scenarios/catalogue.ts";

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    stores: { type: "string", default: "redis-server,.peers/redis-server,.peers/valkey-server,bundled" },
    syncs: { type: "string", default: "0,200,700,900,1500,2500,3500" },
    rewrites: { type: "string", default: "0,1" },
    seconds: { type: "string", default: "12" },
    recordings: { type: "string", default: "1" },
    seed: { type: "string", default: "everysec" },
  },
});

const catalogue = new Catalogue();
const { value: ordinary } = catalogue.scenario("power-cut/everysec");
const bundlesDir = mkdtempSync(path.join(tmpdir(), "lossbound-bench-"));

async function measure(target: string, syncMs: number, rewrites: number): Promise<{ run: Run; store: string }> {
  const lastsMs = Number(values.seconds) * 1_000;
  const scenario = {
    ...ordinary,
    name: `syncs of ${syncMs} ms, ${rewrites} rewrites`,
    fault: {
      ...ordinary.fault,
      lastsMs: { least: lastsMs, most: lastsMs },
      syncs: { kind: "fixed", ms: syncMs },
      rewrites: { least: rewrites, most: rewrites },
      models: ["ordered"],
    },
    workload: { ...ordinary.workload, waitaofPercent: 0 },
    needs: { acks: 0, booted: 0, windows: [] },
  } as unknown as PowerCutScenario;
  const { run, target: store } = await exploreScenario(
    {
      scenario,
      preset: catalogue.preset("everysec"),
      target,
      seed: values.seed,
      budget: { runs: Number(values.recordings), timeMs: 600_000 },
      jobs: availableParallelism(),
      bundlesDir,
      keep: false,
      signal: new AbortController().signal,
    },
    scenario,
    { cycleEnded: () => undefined },
  );
  return { run, store: `${store.name} ${store.version}` };
}

/** Only the levels that hang on time are asked about, so a window of a rewrite in which nothing was booted is no matter. */
function row({ run, store }: { readonly run: Run; readonly store: string }, syncMs: number, rewrites: number): string {
  const source = run.promises.find(({ level }) => level === "source");
  const { longestSyncMs, longestStallMs, ageMsMax } = run.loss;
  const numbers = [syncMs, rewrites, longestSyncMs, longestStallMs, ageMsMax, source?.boundMs ?? Number.NaN];
  return [store, ...numbers.map(Math.round), run.calls.acked, source?.verdict ?? "unknown"].join(" | ");
}

try {
  console.log(
    "| store | F (ms) | rewrites | longest sync | longest stall | acked → durable | bound | acked calls | source |",
  );
  console.log("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
  for (const target of values.stores.split(",")) {
    for (const rewrites of values.rewrites.split(",").map(Number)) {
      for (const syncMs of values.syncs.split(",").map(Number)) {
        const measured = await measure(target, syncMs, rewrites);
        console.log(`| ${row(measured, syncMs, rewrites)} |`);
        if (measured.run.calls.acked === 0) console.error(measured.run.why);
      }
    }
  }
} finally {
  rmSync(bundlesDir, { recursive: true });
}
