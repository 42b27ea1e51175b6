/**
 * A run: one scenario with one preset on one target, as many cycles as its budget allows. The whole story on one page.
 *
 *     sweep ─ target ─ probe ─┬─ plan ─ play ─ judge ─┐
 *                             ├─ plan ─ play ─ judge ─┤ `jobs` at a time, until the budget is used
 *                             └─ …                    ┘
 *                                                     └─▶ one entry of the outcome, a bundle for each new finding
 */
import { writeBundle } from "./bundle/write-bundle.ts";
import { type LinkResult, playCycle, type Room } from "./cycle.ts";
import { VolumeUnavailable } from "./disk/volume.ts";
import { exploreScenario, isPowerCut } from "./explore.ts";
import { failingKinds } from "./failing-kinds.ts";
import { SyncProbe } from "./measure/sync-probe.ts";
import type { FindingKind } from "./oracle/checker.ts";
import type { Plan } from "./plan.ts";
import { identify, mustSuit, planFor, todayIso } from "./preparation.ts";
import { countFates } from "./recording/history.ts";
import { RunFolder } from "./run-folder.ts";
import type { CycleSummary, RunRequest, RunResult, RunScenario, RunWatch } from "./run-request.ts";
import { RunSummary, type RunTally, type RunTitle } from "./run-summary.ts";
import { type CyclePart, cyclesOf, type PartTitle, wholeNight } from "./shard.ts";
import { sweep } from "./sweep.ts";
import type { StoreIdentity, Target } from "./targets/target.ts";
import { openTarget } from "./targets/targets.ts";

/** After so many cycles in a row that the harness could not judge, more of them would say the same. */
const troublesInARowMax = 5;

export const runScenario: RunScenario = async (request, watch) => {
  const { scenario } = request;
  return isPowerCut(scenario) ? exploreScenario(request, scenario, watch) : runLive(request, watch);
};

/** Every cycle a run of the store of its own: what befalls it happens to a living process. */
async function runLive(request: RunRequest, watch: RunWatch): Promise<RunResult> {
  await sweep();
  const run = new RunFolder(undefined, request.keep);
  const probe = new SyncProbe(run.dir);
  let target: Target | undefined;
  let kept: string | undefined;
  let result: Omit<RunResult, "kept">;
  try {
    target = await openTarget(request.target, run);
    const store = await identify(target, request);
    mustSuit(planFor(request, store, target, 1), target);
    const { scenario, preset, seed } = request;
    const title = { scenario, preset: preset.name, target: request.target, seed, store };
    const summary = new RunSummary(title, todayIso());
    const parts: CyclePart[] = [];
    const note = (cycle: number, tally: RunTally) => void (request.tallies && parts.push({ cycle, tally }));
    const room: Room = {
      run,
      target,
      store,
      probe,
      promise: preset.promise.row,
      documentedCounts: scenario.expect.documented,
    };
    await untilBudgetIsUsed(request, summary, (cycle) => oneCycle(cycle, request, room, summary, watch, note));
    const { name, version } = store;
    result = {
      run: summary.outcome(),
      detail: summary.detail(),
      target: { name, version },
      cycles: summary.cycles,
      cyclesViolated: summary.cyclesViolated,
      ...(request.tallies && { parts: { title: partTitle(title), cycles: parts } }),
    };
  } finally {
    await probe.close();
    run.giveUp();
    await target?.close();
    kept = await run.dispose();
  }
  return { ...result, ...(kept !== undefined && { kept }) };
}

async function oneCycle(
  cycle: number,
  request: RunRequest,
  room: Room,
  summary: RunSummary,
  watch: RunWatch,
  note: (cycle: number, tally: RunTally) => void,
): Promise<void> {
  const { budget, signal } = request;
  const own = new RunSummary(summary.title, todayIso());
  const plan = planFor(request, room.store, room.target, cycle);
  let verdict: CycleSummary["verdict"];
  let acked = 0;
  let kinds: readonly FindingKind[] = [];
  try {
    const results = await playCycle(plan, room);
    if (signal.aborted) return;
    const bundles: string[] = [];
    for (const result of results) bundles.push(await keepEvidence(plan, result, request, room, summary));
    verdict = summary.addCycle(results, bundles);
    own.addCycle(results, bundles);
    acked = results.reduce((sum, { evidence }) => sum + countFates(evidence.history).acked, 0);
    kinds = failingKinds(results.map(({ judgement }) => judgement));
  } catch (error) {
    if (signal.aborted) return;
    // The next cycle would have none either.
    if (error instanceof VolumeUnavailable) throw error;
    const why = error instanceof Error ? error.message : String(error);
    verdict = summary.addTrouble(why);
    own.addTrouble(why);
  }
  note(cycle, own.tally());
  const done = summary.cyclesPlayed;
  const total = budget.runs === undefined ? undefined : cyclesOf(request.shard ?? wholeNight, budget.runs);
  watch.cycleEnded({ done, ...(total !== undefined && { total }), acked, verdict, kinds });
}

function partTitle({ store, ...title }: RunTitle & { readonly store: StoreIdentity }): PartTitle {
  return { ...title, store, engine: "live", models: [], filesystem: "", todayIso: todayIso() };
}

/** A bundle for what no cycle before has shown; its path, or nothing. */
async function keepEvidence(
  plan: Plan,
  result: LinkResult,
  request: RunRequest,
  room: Room,
  summary: RunSummary,
): Promise<string> {
  const findings = summary.newFindings(result.judgement);
  const bundle =
    findings.length === 0
      ? ""
      : await writeBundle({ plan: asRestored(plan, result), result, findings, room, dir: request.bundlesDir });
  room.run.remove(result.historyFile);
  return bundle;
}

/** A backup is started on with directives of its own. */
function asRestored(plan: Plan, { state }: LinkResult): Plan {
  return { ...plan, config: state.backup?.config ?? plan.config };
}

async function untilBudgetIsUsed(
  { budget, jobs, failuresMax = Number.POSITIVE_INFINITY, signal, shard = wholeNight }: RunRequest,
  summary: RunSummary,
  play: (cycle: number) => Promise<void>,
): Promise<void> {
  const { runs = Number.POSITIVE_INFINITY, timeMs = Number.POSITIVE_INFINITY } = budget;
  const deadlineMs = performance.now() + timeMs;
  let next = shard.index;
  const goesOn = () =>
    !signal.aborted &&
    next <= runs &&
    performance.now() < deadlineMs &&
    summary.cyclesViolated < failuresMax &&
    summary.troublesInARow < troublesInARowMax;
  const job = async () => {
    while (goesOn()) {
      const cycle = next;
      next += shard.count;
      await play(cycle);
    }
  };
  // The signal outlives this run: it must not remember every run of a night.
  const over = new AbortController();
  const interrupted = new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true, signal: over.signal });
  });
  try {
    await Promise.race([interrupted, Promise.all(Array.from({ length: jobs }, job))]);
  } finally {
    over.abort();
  }
}
