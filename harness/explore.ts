/**
 * A run whose fault is a power cut: one recording a cycle, explored everywhere. The whole story on one page.
 *
 *     sweep ─ target ─┬─ plan ─ record ─ explore ─ judge ─┐
 *                     ├─ plan ─ record ─ …                │ one after the other: each uses all jobs
 *                     └─ …                                ┘
 *                                                         └─▶ one entry of the outcome, a bundle for each new finding
 *
 * `lossbound run` and `lossbound explore` both come here; the second may also open a recording that was kept.
 */
import type { PowerCut, Scenario } from "../scenarios/scenario.ts";
import { writeBundle } from "./bundle/write-bundle.ts";
import { diskModelNamed } from "./disk/disk-models.ts";
import { VolumeUnavailable } from "./disk/volume.ts";
import type { Explorable, KeptRecording } from "./explore/explorable.ts";
import { exploreRecording } from "./explore/exploration.ts";
import { type BestExample, ExplorationSummary } from "./explore/exploration-summary.ts";
import { forgetRecording, openRecording, planOfRecording, RecordedProcess } from "./explore/recorded-process.ts";
import { failingKinds } from "./failing-kinds.ts";
import type { FindingKind } from "./oracle/checker.ts";
import type { Plan } from "./plan.ts";
import { identify, mustSuit, planFor, todayIso } from "./preparation.ts";
import { randomFrom } from "./random.ts";
import { countFates } from "./recording/history.ts";
import { RunFolder } from "./run-folder.ts";
import type { RunRequest, RunResult, RunWatch } from "./run-request.ts";
import { sweep } from "./sweep.ts";
import { savePointsOf } from "./targets/config-file.ts";
import type { StoreIdentity, Target } from "./targets/target.ts";
import { openTarget } from "./targets/targets.ts";

export type PowerCutScenario = Scenario & { readonly fault: PowerCut };

export function isPowerCut(scenario: Scenario): scenario is PowerCutScenario {
  return scenario.fault.kind === "power-cut";
}

/** After so many recordings in a row that could not be made or judged, more of them would say the same. */
const troublesInARowMax = 3;

interface Room {
  readonly request: RunRequest;
  readonly scenario: PowerCutScenario;
  readonly target: Target;
  readonly store: StoreIdentity;
  readonly world: Explorable;
  readonly summary: ExplorationSummary;
  readonly deadlineMs: number;
}

export async function exploreScenario(
  request: RunRequest,
  scenario: PowerCutScenario,
  watch: RunWatch,
): Promise<RunResult> {
  await sweep();
  const run = new RunFolder(undefined, request.keep);
  let target: Target | undefined;
  let kept: string | undefined;
  let result: Omit<RunResult, "kept">;
  try {
    target = await openTarget(request.target, run);
    const store = await identify(target, request);
    mustSuit(planFor(request, store, target, 1), target);
    const world = new RecordedProcess(target, run, request.bundlesDir);
    const summary = new ExplorationSummary({
      scenario,
      preset: request.preset.name,
      target: request.target,
      seed: request.seed,
      engine: world.engine,
      store,
      models: (request.models ?? scenario.fault.models).map(diskModelNamed),
      todayIso: todayIso(),
    });
    const deadlineMs = performance.now() + (request.budget.timeMs ?? Number.POSITIVE_INFINITY);
    await exploreAll({ request, scenario, target, store, world, summary, deadlineMs }, watch);
    const { name, version } = store;
    result = {
      run: summary.outcome(),
      target: { name, version },
      cycles: summary.recordings,
      cyclesViolated: summary.recordingsViolated,
    };
  } finally {
    run.giveUp();
    await target?.close();
    kept = await run.dispose();
  }
  return { ...result, ...(kept !== undefined && { kept }) };
}

async function exploreAll(room: Room, watch: RunWatch): Promise<void> {
  const { request, summary, deadlineMs } = room;
  const { budget, signal, failuresMax = Number.POSITIVE_INFINITY, recording } = request;
  const total = recording === undefined ? (budget.runs ?? Number.POSITIVE_INFINITY) : 1;
  let troublesInARow = 0;
  for (let cycle = 1; cycle <= total && !signal.aborted; cycle++) {
    const over = cycle > 1 && performance.now() > deadlineMs;
    if (over || summary.recordingsViolated >= failuresMax || troublesInARow >= troublesInARowMax) return;
    // What is left of the time is shared by the recordings that are left; where their number is open, each has it all.
    const shareMs = (deadlineMs - performance.now()) / (Number.isFinite(total) ? total - cycle + 1 : 1);
    const untilMs = performance.now() + shareMs;
    const done = await exploreOne(room, cycle, untilMs);
    troublesInARow = done.verdict === "unknown" ? troublesInARow + 1 : 0;
    watch.cycleEnded({ done: cycle, ...(Number.isFinite(total) && { total }), ...done });
  }
}

async function exploreOne(room: Room, cycle: number, deadlineMs: number) {
  const { request, scenario, target, store, world, summary } = room;
  let kept: KeptRecording | undefined;
  try {
    const plan =
      request.recording === undefined
        ? planFor(request, store, target, cycle)
        : planOfRecording(request.recording).plan;
    kept = request.recording === undefined ? await world.record(plan) : openRecording(request.recording);
    const { recording } = kept;
    const recoverer = await world.recoverer(plan.config, request.jobs);
    const kinds = new Set<FindingKind>();
    try {
      const explored = await exploreRecording(
        {
          recording,
          config: plan.config,
          promise: { row: request.preset.promise.row, store, savePoints: savePointsOf(plan.config) },
          documentedCounts: scenario.expect.documented,
          models: (request.models ?? scenario.fault.models).map(diskModelNamed),
          setsMax: scenario.fault.setsMax,
          random: randomFrom(plan.seed).fork(`explore ${plan.cycle}`),
          recoverer,
          jobs: request.jobs,
          deadlineMs,
          signal: request.signal,
        },
        (pair) => {
          for (const kind of failingKinds([pair.judgement])) kinds.add(kind);
          summary.add(pair);
        },
      );
      const bundles = await keepEvidence(room, plan, kept, summary.newFindings());
      const verdict = summary.endRecording(recording, explored, bundles);
      return { acked: countFates(recording.history).acked, verdict, kinds: [...kinds] };
    } finally {
      await recoverer.close();
    }
  } catch (error) {
    if (error instanceof VolumeUnavailable) throw error;
    return { acked: 0, verdict: summary.addTrouble(error instanceof Error ? error.message : String(error)), kinds: [] };
  } finally {
    await kept?.close();
    const isOurs = kept?.dir !== undefined && request.recording === undefined;
    if (isOurs && request.keepRecordings !== true) forgetRecording(kept?.dir as string);
  }
}

/** A bundle for each, by fingerprint. */
async function keepEvidence(
  { request, scenario, target, store }: Room,
  plan: Plan,
  kept: KeptRecording,
  examples: readonly BestExample[],
): Promise<Map<string, string>> {
  const bundles = new Map<string, string>();
  if (kept.dir === undefined) return bundles;
  for (const { finding, pair } of examples) {
    const { state, evidence, judgement } = pair;
    const { index, interval, last } = state.point;
    const point = {
      place: evidence.crash.place,
      operation: `power cut after ${last?.kind ?? "nothing"}`,
      path: (last !== undefined && "path" in last && last.path) || "",
      journalIndex: index,
      stampNs: interval.startNs,
    };
    const crashed = { cut: interval, point, fault: "power-cut", windows: [], image: state.image() } as const;
    const result = { link: 0, state: crashed, historyFile: `${kept.dir}/history.jsonl`, evidence, judgement };
    const room = { target, store, documentedCounts: scenario.expect.documented };
    const bundle = await writeBundle({ plan, result, findings: [finding], room, dir: request.bundlesDir });
    bundles.set(finding.fingerprint, bundle);
  }
  return bundles;
}
