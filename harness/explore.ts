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
import type { CrashState } from "./disk/crash-states.ts";
import type { DiskModel } from "./disk/disk-model.ts";
import { diskModelNamed } from "./disk/disk-models.ts";
import type { Image } from "./disk/image.ts";
import { survivorsToText } from "./disk/survivors/survivors.ts";
import { VolumeUnavailable } from "./disk/volume.ts";
import type { Explorable, KeptRecording, LaterLink, Recoverer } from "./explore/explorable.ts";
import { drawCrash, type ExplorationOrder, exploreRecording, type JudgedPair } from "./explore/exploration.ts";
import { ExplorationSummary } from "./explore/exploration-summary.ts";
import type { BestExample, ExplorationTitle, Replay } from "./explore/exploration-title.ts";
import { mildestOf } from "./explore/grades.ts";
import { resultOf } from "./explore/kept-evidence.ts";
import { withoutWhatKillsTook } from "./explore/killed-calls.ts";
import { forgetRecording, openRecording, planOfRecording, RecordedProcess } from "./explore/recorded-process.ts";
import type { FindingKind } from "./oracle/checker.ts";
import type { PresetPromise } from "./oracle/evidence.ts";
import { configOf, type Plan } from "./plan.ts";
import { identify, mustSuit, planFor, promiseOf, todayIso } from "./preparation.ts";
import { randomFrom } from "./random.ts";
import { countFates } from "./recording/history.ts";
import { writeHistoryFile } from "./recording/history-file.ts";
import type { Recording } from "./recording/recording.ts";
import { makeStateIndex } from "./recover/index.ts";
import { RunFolder } from "./run-folder.ts";
import type { RunRequest, RunResult, RunWatch } from "./run-request.ts";
import { type CyclePart, cyclesOf, type PartTitle, wholeNight } from "./shard.ts";
import { rotIn, rotting } from "./simulated/rot-recoverer.ts";
import { type CrashName, tokenText } from "./simulated/token.ts";
import { sweep } from "./sweep.ts";
import { lastValue } from "./targets/config-file.ts";
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
  readonly run: RunFolder;
  readonly summary: ExplorationSummary;
  /** Each cycle by itself, where that was asked for. */
  readonly parts: CyclePart[];
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
    const parts: CyclePart[] = [];
    await exploreAll({ request, scenario, target, store, world, run, summary, parts, deadlineMs }, watch);
    const { name, version } = store;
    result = {
      run: summary.outcome(),
      detail: summary.detail(),
      target: { name, version },
      cycles: summary.recordings,
      cyclesViolated: summary.recordingsViolated,
      ...(request.tallies && { parts: { title: partTitle(summary.title), cycles: parts } }),
    };
  } finally {
    run.giveUp();
    await target?.close();
    kept = await run.dispose();
  }
  return { ...result, ...(kept !== undefined && { kept }) };
}

function partTitle({ models, ...title }: ExplorationTitle): PartTitle {
  return { ...title, models: models.map(({ name }) => name) };
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
  const { budget, signal, failuresMax = Number.POSITIVE_INFINITY, recording, shard = wholeNight } = request;
  const total = recording === undefined ? cyclesOf(shard, budget.runs ?? Number.POSITIVE_INFINITY) : 1;
  let troublesInARow = 0;
  let neededMs = 0;
  for (let done = 0; done < total && !signal.aborted; ) {
    // One that could not be explored any more would leave the others in doubt.
    const over = done > 0 && performance.now() + neededMs > deadlineMs;
    if (over || summary.recordingsViolated >= failuresMax || troublesInARow >= troublesInARowMax) return;
    const shareMs = shareOf(deadlineMs - performance.now(), total - done, room.scenario);
    const { recordingMs, ...explored } = await exploreOne(
      room,
      shard.index + done * shard.count,
      performance.now() + shareMs,
      watch,
    );
    neededMs = Math.max(neededMs, 2 * recordingMs);
    done++;
    troublesInARow = explored.verdict === "unknown" ? troublesInARow + 1 : 0;
    watch.cycleEnded({ done, ...(Number.isFinite(total) && { total }), ...explored });
  }
}

/**
 * What is left of the time is shared by the recordings that are left, and none has less than its scenario thinks fit: of
 * more recordings than there is time for, some are explored as they should be, and not all of them too little.
 */
function shareOf(leftMs: number, recordingsLeft: number, { budget }: Scenario): number {
  // Where their number is open, each has it all.
  if (!Number.isFinite(recordingsLeft)) return leftMs;
  const fitMs = budget.timeMs === undefined ? leftMs : budget.timeMs / (budget.runs ?? 1);
  return Math.max(leftMs / recordingsLeft, Math.min(leftMs, fitMs));
}

/** One plan, from its first link to its last: each but the last ends in one crash, the last in every crash there is. */
async function exploreOne(room: Room, cycle: number, deadlineMs: number, watch: RunWatch) {
  const { request, store, target, world, summary, parts } = room;
  const { recording: again } = request;
  const plan = again === undefined ? planFor(request, store, target, cycle) : planOfRecording(again).plan;
  const own = request.tallies === true ? new ExplorationSummary(summary.title) : undefined;
  const kept: KeptRecording[] = [];
  const recoverer = rotting(await world.recoverer(plan.config, request.jobs), plan);
  const kinds = new Set<FindingKind>();
  let acked = 0;
  let recordingMs = 0;
  try {
    let later: LaterLink | undefined;
    const before: CrashName[] = [];
    for (let link = again === undefined ? 0 : plan.links.length - 1; link < plan.links.length; link++) {
      const begunMs = performance.now();
      const made = again === undefined ? await world.record(plan, later) : openRecording(again);
      recordingMs += performance.now() - begunMs;
      kept.push(made);
      const recording = withoutWhatKillsTook(made.recording, promiseFor(room, plan));
      acked += countFates(recording.history).acked;
      const order = orderFor(room, plan, link, recording, recoverer, deadlineMs);
      const note = (pair: JudgedPair) => {
        const source = { link, before: [...before], ...(made.dir !== undefined && { dir: made.dir }) };
        const failing = summary.add(pair, source);
        own?.add(pair, source);
        for (const kind of failing) kinds.add(kind);
        watch.judged?.(failing);
      };
      if (link === plan.links.length - 1) {
        const explored = await exploreRecording(order, note);
        summary.endLink(recording, explored);
        own?.endLink(recording, explored);
        break;
      }
      const crash = await drawCrash(order, note);
      if (crash === undefined) throw new Error("no disk model that was asked for leaves a crash to go on from");
      summary.endLink(recording, crash.explored);
      own?.endLink(recording, crash.explored);
      // What does not start, or came back wrong, has been judged: nobody could say what the next link stands on.
      if (crash.pair.judgement.refused || crash.pair.judgement.recoveryPoint === undefined) break;
      before.push(nameOf(crash.pair.state));
      later = { link: link + 1, image: await filesOf(world, crash.pair.state.image()) };
    }
    const replays = await keepEvidence(room, plan, summary.newFindings());
    const verdict = summary.endTrial(replays);
    own?.endTrial(replays);
    return { acked, verdict, kinds: [...kinds], recordingMs };
  } catch (error) {
    if (error instanceof VolumeUnavailable) throw error;
    const why = error instanceof Error ? error.message : String(error);
    own?.addTrouble(why);
    return { acked, verdict: summary.addTrouble(why), kinds: [], recordingMs };
  } finally {
    if (own !== undefined) parts.push({ cycle, tally: own.tally() });
    await recoverer.close();
    for (const { dir, close } of kept) {
      await close();
      if (dir !== undefined && again === undefined && request.keepRecordings !== true) forgetRecording(dir);
    }
  }
}

function promiseFor({ request, store }: Room, { config }: Plan): PresetPromise {
  return promiseOf(request.preset.promise.row, store, config);
}

function orderFor(
  room: Room,
  plan: Plan,
  link: number,
  recording: Recording,
  recoverer: Recoverer,
  deadlineMs: number,
): ExplorationOrder {
  const { request, scenario, store, world } = room;
  return {
    recording,
    config: plan.config,
    store,
    promise: promiseFor(room, plan),
    documentedCounts: scenario.expect.documented,
    models: modelsOf(request, scenario),
    failsUpTo: scenario.fault.failsUpTo,
    setsMax: scenario.fault.setsMax,
    sampleMax: sampleMaxFor(room, plan),
    random: randomFrom(plan.seed).fork(`explore ${plan.cycle} link ${link}`),
    recoverer,
    ...(isIndexed(world, plan) && { makeIndex: makeStateIndex }),
    jobs: request.jobs,
    deadlineMs,
    signal: request.signal,
  };
}

/**
 * Of a real file system blocks were recorded, and an index of files has nothing to say of those; nor of bits that rot once
 * it has read them.
 */
function isIndexed({ engine, readsLogWrongly }: Explorable, plan: Plan): boolean {
  return engine !== "filesystem" && readsLogWrongly !== true && rotIn(plan).length === 0;
}

/** Of what the index acquits, so many are booted all the same. What the first recording has shown need not be shown again. */
function sampleMaxFor({ scenario, summary, world }: Room, { cycle }: Plan): number {
  const { booted } = scenario.needs;
  const share = Math.ceil(booted / 4);
  // There nothing may hang on what else this process has played: a shard judges a cycle as any other would.
  if (world.engine === "simulated") return cycle === 1 ? booted : share;
  return Math.max(booted - summary.bootedStates, share);
}

/** How each can be seen again, by fingerprint: with a token, where the seed brings everything back; else with its bundle. */
async function keepEvidence(room: Room, plan: Plan, examples: readonly BestExample[]): Promise<Map<string, Replay>> {
  const replays = new Map<string, Replay>();
  for (const example of examples) {
    // What the seed brings back is the correct store, not one with a planted bug.
    const token = room.target.name === "simulated" ? tokenOf(example, plan) : undefined;
    const replay =
      token === undefined ? await bundleOf(room, plan, example) : { bundle: "", command: `lossbound replay ${token}` };
    if (replay !== undefined) replays.set(example.finding.fingerprint, replay);
  }
  return replays;
}

/** Undefined when nothing was started on the crash state: then there is nothing to show. */
async function bundleOf(
  { request, scenario, target, store, world, run }: Room,
  plan: Plan,
  { finding, pair, from, exposure }: BestExample,
): Promise<Replay | undefined> {
  const { evidence } = pair;
  if (evidence === undefined) return undefined;
  // As it was judged: what a kill within the recording took along is no part of it.
  const historyFile = run.newFile("history", "jsonl");
  writeHistoryFile(historyFile, evidence.history);
  const image = await filesOf(world, pair.state.image());
  const result = resultOf({ pair: { ...pair, evidence }, link: from.link, historyFile, image });
  const room = { target, store, documentedCounts: scenario.expect.documented };
  const bundle = await writeBundle({
    ...{ plan, result, findings: [finding], room, dir: request.bundlesDir },
    ...(from.dir !== undefined && world.engine === "recorded" && { recordingDir: from.dir }),
    ...(exposure !== undefined && { exposure }),
  });
  return { bundle, command: `lossbound replay ${bundle}` };
}

/** Undefined when it would be too long. */
function tokenOf({ pair: { state }, from }: BestExample, plan: Plan): string | undefined {
  const { scenario, preset, scenarioDigest, seed, cycle } = plan;
  const crashes = [...(from.before ?? []), nameOf(state)];
  return tokenText({ scenario, preset, scenarioDigest, seed, cycle, crashes });
}

function nameOf({ point, models, survivors }: CrashState): CrashName {
  return { pointIndex: point.index, model: mildestOf(models).name, survivors: survivorsToText(survivors) };
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
