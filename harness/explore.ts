/**
 * A run whose fault is a power cut: one recording a cycle, explored everywhere. The whole story on one page.
 *
 *     sweep ─ target ─┬─ plan ─ record ─ explore ─ judge ─┐
 *                     ├─ plan ─ record ─ …                │ one after the other: each uses all jobs
 *                     └─ …                                ┘
 *                              └ in a chain: one crash is drawn, the store goes on from it, and is recorded again
 *                                                         └─▶ one entry of the outcome, a bundle for each new finding
 *
 * `lossbound run` and `lossbound explore` both come here; the second may also open a recording that was kept.
 */
import type { PowerCut, Scenario } from "../scenarios/scenario.ts";
import { refuseWhereHopeless } from "./block/filesystem-volume.ts";
import { type Filesystem, filesystems } from "./block/filesystems.ts";
import { NotMountable } from "./block/mounted-images.ts";
import { writeBundle } from "./bundle/write-bundle.ts";
import type { DiskModel } from "./disk/disk-model.ts";
import { diskModelNamed } from "./disk/disk-models.ts";
import type { Image } from "./disk/image.ts";
import { survivorsToText } from "./disk/survivors/survivors.ts";
import { VolumeUnavailable } from "./disk/volume.ts";
import type { Explorable, KeptRecording, LaterLink, Recoverer } from "./explore/explorable.ts";
import { drawCrash, type ExplorationOrder, exploreRecording, type JudgedPair } from "./explore/exploration.ts";
import { type BestExample, ExplorationSummary, mildestOf, type Replay } from "./explore/exploration-summary.ts";
import { forgetRecording, openRecording, planOfRecording, RecordedProcess } from "./explore/recorded-process.ts";
import { failingKinds } from "./failing-kinds.ts";
import type { FindingKind } from "./oracle/checker.ts";
import { configOf, type Plan } from "./plan.ts";
import { identify, mustSuit, planFor, todayIso } from "./preparation.ts";
import { randomFrom } from "./random.ts";
import { countFates } from "./recording/history.ts";
import type { Recording } from "./recording/recording.ts";
import { RunFolder } from "./run-folder.ts";
import type { RunRequest, RunResult, RunWatch } from "./run-request.ts";
import { tokenText } from "./simulated/token.ts";
import { sweep } from "./sweep.ts";
import { lastValue, savePointsOf } from "./targets/config-file.ts";
import { type StoreIdentity, type Target, TargetUnavailable } from "./targets/target.ts";
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
    const filesystem = filesystemOf(request, target);
    const world = target.explorable?.() ?? new RecordedProcess(target, run, request.bundlesDir, filesystem);
    const summary = new ExplorationSummary({
      scenario,
      preset: request.preset.name,
      target: request.target,
      seed: request.seed,
      engine: world.engine,
      filesystem: request.filesystem ?? "",
      store,
      models: modelsOf(request, scenario),
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

/**
 * On a real file system a model speaks of blocks: all up to the last flush, what came after it up to some moment, any of
 * its pages.
 */
const blockModels = ["ordered", "prefix", "pages"];

function modelsOf({ models, filesystem }: RunRequest, { fault }: PowerCutScenario): DiskModel[] {
  return (models ?? (filesystem === undefined ? fault.models : blockModels)).map(diskModelNamed);
}

/** @throws VolumeUnavailable, TargetUnavailable */
function filesystemOf({ filesystem, scenario, preset }: RunRequest, target: Target): Filesystem | undefined {
  if (filesystem === undefined) return undefined;
  if (target.explorable !== undefined) throw new TargetUnavailable(`${target.name} has no disk for ${filesystem}`);
  if (lastValue(configOf(scenario, preset), "no-appendfsync-on-rewrite") === "yes") {
    const why = "what it promises hangs on when a child runs, and blocks do not tell";
    throw new TargetUnavailable(`preset ${preset.name} cannot be judged on ${filesystem}: ${why}`);
  }
  refuseWhereHopeless(filesystems[filesystem]);
  return filesystems[filesystem];
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

/** One plan, from its first link to its last: each but the last ends in one crash, the last in every crash there is. */
async function exploreOne(room: Room, cycle: number, deadlineMs: number) {
  const { request, store, target, world, summary } = room;
  const { recording: again } = request;
  const plan = again === undefined ? planFor(request, store, target, cycle) : planOfRecording(again).plan;
  const kept: KeptRecording[] = [];
  const recoverer = await world.recoverer(plan.config, request.jobs);
  const kinds = new Set<FindingKind>();
  let acked = 0;
  try {
    let later: LaterLink | undefined;
    for (let link = again === undefined ? 0 : plan.links.length - 1; link < plan.links.length; link++) {
      const made = again === undefined ? await world.record(plan, later) : openRecording(again);
      kept.push(made);
      const { recording } = made;
      acked += countFates(recording.history).acked;
      const order = orderFor(room, plan, link, recording, recoverer, deadlineMs);
      const note = (pair: JudgedPair) => {
        for (const kind of failingKinds([pair.judgement])) kinds.add(kind);
        summary.add(pair, { link, ...(made.dir !== undefined && { dir: made.dir }) });
      };
      if (link === plan.links.length - 1) {
        summary.endLink(recording, await exploreRecording(order, note));
        break;
      }
      const crash = await drawCrash(order, note);
      if (crash === undefined) throw new Error("no disk model that was asked for leaves a crash to go on from");
      summary.endLink(recording, crash.explored);
      // What does not start, or came back wrong, has been judged: nobody could say what the next link stands on.
      if (crash.pair.judgement.refused || crash.pair.judgement.recoveryPoint === undefined) break;
      later = { link: link + 1, image: await filesOf(world, crash.pair.state.image()) };
    }
    const verdict = summary.endTrial(await keepEvidence(room, plan, summary.newFindings()));
    return { acked, verdict, kinds: [...kinds] };
  } catch (error) {
    if (error instanceof VolumeUnavailable) throw error;
    const why = error instanceof Error ? error.message : String(error);
    return { acked, verdict: summary.addTrouble(why), kinds: [] };
  } finally {
    await recoverer.close();
    for (const { dir, close } of kept) {
      await close();
      if (dir !== undefined && again === undefined && request.keepRecordings !== true) forgetRecording(dir);
    }
  }
}

function orderFor(
  { request, scenario, store }: Room,
  plan: Plan,
  link: number,
  recording: Recording,
  recoverer: Recoverer,
  deadlineMs: number,
): ExplorationOrder {
  return {
    recording,
    config: plan.config,
    store,
    promise: { row: request.preset.promise.row, store, savePoints: savePointsOf(plan.config) },
    documentedCounts: scenario.expect.documented,
    models: modelsOf(request, scenario),
    setsMax: scenario.fault.setsMax,
    random: randomFrom(plan.seed).fork(`explore ${plan.cycle} link ${link}`),
    recoverer,
    jobs: request.jobs,
    deadlineMs,
    signal: request.signal,
  };
}

/** How each can be seen again, by fingerprint: with its bundle, or, where the seed brings everything back, with a token. */
async function keepEvidence(
  { request, scenario, target, store, world }: Room,
  plan: Plan,
  examples: readonly BestExample[],
): Promise<Map<string, Replay>> {
  const replays = new Map<string, Replay>();
  for (const { finding, pair, from } of examples) {
    const { state, evidence, judgement } = pair;
    if (world.engine === "simulated") replays.set(finding.fingerprint, replayOf({ finding, pair, from }, plan));
    if (from.dir === undefined || evidence === undefined) continue;
    const { index, interval, last } = state.point;
    const point = {
      place: evidence.crash.place,
      operation: `power cut after ${last?.kind ?? "nothing"}`,
      path: (last !== undefined && "path" in last && last.path) || "",
      journalIndex: index,
      stampNs: interval.startNs,
    };
    const image = await filesOf(world, state.image());
    const crashed = { cut: interval, point, fault: "power-cut", windows: [], image } as const;
    const historyFile = `${from.dir}/history.jsonl`;
    const result = { link: from.link, state: crashed, historyFile, evidence, judgement };
    const room = { target, store, documentedCounts: scenario.expect.documented };
    const bundle = await writeBundle({ plan, result, findings: [finding], room, dir: request.bundlesDir });
    replays.set(finding.fingerprint, { bundle, command: `lossbound replay ${bundle}` });
  }
  return replays;
}

/** What does not fit into a token, and what a chain came to, is found again where it was found. */
function replayOf({ pair: { state }, from }: BestExample, plan: Plan): Replay {
  const { scenario, preset, scenarioDigest, seed, cycle, links } = plan;
  const { index } = state.point;
  const model = mildestOf(state.models).name;
  const survivors = survivorsToText(state.survivors);
  const token = tokenText({ scenario, preset, scenarioDigest, seed, cycle, pointIndex: index, model, survivors });
  const again = `lossbound run ${scenario} --target simulated --preset ${preset} --seed ${seed} --runs ${cycle}`;
  if (from.link > 0 || links.length > 1) return { bundle: "", command: `${again} --chain ${links.length}` };
  return { bundle: "", command: token === undefined ? again : `lossbound replay ${token}` };
}

/** A disk that cannot be mounted any more has no files to show. */
async function filesOf(world: Explorable, disk: Image): Promise<Image> {
  try {
    return (await world.filesIn?.(disk)) ?? disk;
  } catch (error) {
    if (error instanceof NotMountable) return new Map();
    throw error;
  }
}
