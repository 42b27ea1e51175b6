/**
 * Shrink: from a finding to the smallest plan that still fails in the same way, in a bundle that `lossbound replay`
 * confirms. Where the finding comes from decides who plays:
 *
 *     token                 the simulated world: the same play for the same plan
 *     bundle, power cut     its own recording first, then the store again on a recorded volume
 *     bundle, else          the store again, killed again: k of n runs fail
 */
import type { Preset } from "../scenarios/preset.ts";
import type { Scenario } from "../scenarios/scenario.ts";
import type { Bundle } from "./bundle/bundle.ts";
import { readBundle, unpackRecording } from "./bundle/read-bundle.ts";
import { writeBundle } from "./bundle/write-bundle.ts";
import type { Grade } from "./disk/disk-model.ts";
import { diskModelNamed, diskModels } from "./disk/disk-models.ts";
import { rankOf } from "./explore/grades.ts";
import { openRecording, RecordedProcess } from "./explore/recorded-process.ts";
import { SyncProbe } from "./measure/sync-probe.ts";
import type { Finding } from "./oracle/checker.ts";
import { writeHistoryFile } from "./recording/history-file.ts";
import { judgeAgain, replayBundle } from "./replay.ts";
import { RunFolder } from "./run-folder.ts";
import { ExploredPlayer } from "./shrink/explored-player.ts";
import { LivePlayer } from "./shrink/live-player.ts";
import { withLinks } from "./shrink/plan-edits.ts";
import type { Failure, Player } from "./shrink/player.ts";
import { type PlanSize, type ShrinkOptions, type Shrunk, shrinkPlan, sizeOf } from "./shrink/shrink-plan.ts";
import { findingOf, gravestOf } from "./shrink/trouble.ts";
import type { Token } from "./simulated/token.ts";
import { sweep } from "./sweep.ts";
import { type StoreIdentity, type Target, TargetUnavailable } from "./targets/target.ts";
import { openTarget } from "./targets/targets.ts";

export interface ShrinkRequest {
  readonly of: TokenSource | BundleSource;
  /** Absent: the one that the token or bundle names. */
  readonly target?: string;
  readonly timeMs: number;
  readonly jobs: number;
  /** Where the new bundle goes; exists. */
  readonly dir: string;
  readonly signal: AbortSignal;
  onSmaller(what: string, failure: Failure): void;
}

export interface TokenSource {
  readonly token: Token;
  readonly scenario: Scenario;
  readonly preset: Preset;
}

export interface BundleSource {
  /** A path. */
  readonly bundle: string;
}

export interface ShrinkResult {
  readonly target: string;
  readonly store: StoreIdentity;
  /** What was shrunk; absent when the finding is not there any more. */
  readonly finding?: Finding;
  readonly before?: { readonly size: PlanSize; readonly crash?: Failure["crash"] };
  readonly shrunk?: Shrunk & { readonly size: PlanSize; readonly isSmaller: boolean };
  /** Path of the new one; absent when nothing failed again. */
  readonly bundle?: string;
  /** Whether a replay of the new bundle finds the same. */
  readonly isConfirmed?: boolean;
}

/** A single play takes longer only when something is wrong with it. */
const playMsMax = { exact: 5_000, live: 60_000 };

interface Start {
  readonly first: Failure;
  readonly player: Player;
  readonly documentedCounts: boolean;
}

/** @throws BadToken, BadBundle, TargetUnavailable */
export async function shrinkFinding(request: ShrinkRequest): Promise<ShrinkResult> {
  await sweep();
  const run = new RunFolder();
  let target: Target | undefined;
  let player: Player | undefined;
  try {
    const { of } = request;
    const bundle = "bundle" in of ? await readBundle(of.bundle) : undefined;
    target = await openTarget(request.target ?? bundle?.header.target.name ?? "simulated", run);
    const store = await target.identify();
    const start =
      "token" in of
        ? await startFromToken(of, request, target, store, run)
        : await startFromBundle(bundle as Bundle, of.bundle, request, target, store, run);
    const about = { target: target.name, store };
    if (start === undefined) return about;
    player = start.player;
    return { ...about, ...(await shrinkFrom(start, request, target, store)) };
  } finally {
    run.giveUp();
    await player?.close();
    await target?.close();
    await run.dispose();
  }
}

async function shrinkFrom(
  { first, player, documentedCounts }: Start,
  request: ShrinkRequest,
  target: Target,
  store: StoreIdentity,
): Promise<Omit<ShrinkResult, "target" | "store">> {
  const options: ShrinkOptions = {
    untilMs: performance.now() + request.timeMs,
    playMsMax: player.isExact ? playMsMax.exact : playMsMax.live,
    signal: request.signal,
    onSmaller: request.onSmaller,
  };
  const before = { size: sizeOf(first.plan), ...(first.crash && { crash: first.crash }) };
  const shrunk = await shrinkPlan(first, player, options);
  const { failure } = shrunk;
  const size = sizeOf(failure.plan);
  const isSmaller = JSON.stringify([size, failure.crash]) !== JSON.stringify([before.size, before.crash]);
  const found = { finding: failure.finding, before, shrunk: { ...shrunk, size, isSmaller } };
  // Nobody saw it fail but the bundle that there is already.
  if (!isSmaller && shrunk.again?.failed === 0) return found;
  const room = { target, store, documentedCounts };
  const { plan, result, finding } = failure;
  const bundle = await writeBundle({ plan, result, findings: [finding], room, dir: request.dir });
  await failure.release();
  const { reproduced } = await replayBundle({ bundle, target: target.name, keep: false });
  return { ...found, bundle, isConfirmed: reproduced };
}

// ── Where it starts ───────────────────────────────────────────────────────────────────────────────────────────────

async function startFromToken(
  { token, scenario, preset }: TokenSource,
  request: ShrinkRequest,
  target: Target,
  store: StoreIdentity,
  run: RunFolder,
): Promise<Start | undefined> {
  const world = target.explorable?.();
  if (world === undefined)
    throw new TargetUnavailable(`${target.name} cannot play a token: only a simulated store can`);
  // The store's own code: loaded only for who asks for it.
  const { replayToken } = await import("./simulated/replay-token.ts");
  const { plan, recording, state, evidence, judgement } = await replayToken(token, scenario, preset, world);
  const finding = gravestOf(judgement.findings);
  if (finding === undefined) return undefined;
  const { fault, expect } = scenario;
  const model = diskModelNamed(token.crashes.at(-1)?.model ?? "");
  const player = new ExploredPlayer({
    ...{ world, run, store, trouble: finding, jobs: request.jobs, signal: request.signal },
    promise: evidence.promise,
    documentedCounts: expect.documented,
    models: modelsUpTo(model.grade),
    setsMax: fault.kind === "power-cut" ? fault.setsMax : setsMaxDefault,
  });
  const kept = { recording, close: async () => undefined };
  const first = await player.known(plan, kept, { state, crash: evidence.crash, evidence, judgement });
  return first && { first, player, documentedCounts: expect.documented };
}

const setsMaxDefault = 12;

async function startFromBundle(
  bundle: Bundle,
  file: string,
  request: ShrinkRequest,
  target: Target,
  store: StoreIdentity,
  run: RunFolder,
): Promise<Start | undefined> {
  const { header, image } = bundle;
  const { documentedCounts, promise, cut, point, link } = header;
  const plan = withLinks(bundle.plan, 0, link + 1);
  const { evidence, judgement } = await judgeAgain(bundle, target, run);
  const trouble = gravestOf(header.findings);
  const finding = trouble && findingOf(judgement, trouble);
  if (trouble === undefined || finding === undefined) return undefined;
  const fault = plan.links[link]?.fault.kind ?? "kill";
  const historyFile = run.newFile("history", "jsonl");
  writeHistoryFile(historyFile, evidence.history);
  const state = { cut, point, fault: header.crash.fault, windows: [], image };
  const result = { link, state, historyFile, evidence, judgement };
  const itself: Failure = { plan, finding, result, release: async () => undefined };
  if (fault !== "power-cut") {
    const probe = new SyncProbe(run.dir);
    const room = { run, target, store, probe, promise: promise.row, documentedCounts };
    return { first: itself, player: new LivePlayer(room, trouble), documentedCounts };
  }
  const player = new ExploredPlayer({
    ...{ world: target.explorable?.() ?? new RecordedProcess(target, run, run.dir), run, store, trouble, promise },
    ...{ documentedCounts, models: modelsUpTo("realistic"), setsMax: setsMaxDefault },
    ...{ jobs: request.jobs, signal: request.signal },
  });
  const dir = await unpackRecording(file, run.dir);
  const untilMs = performance.now() + request.timeMs / 4;
  const recorded = dir === undefined ? undefined : await player.failureIn(plan, openRecording(dir), untilMs);
  return { first: recorded ?? itself, player, documentedCounts };
}

function modelsUpTo(grade: Grade) {
  return diskModels.filter((model) => rankOf(model.grade) <= rankOf(grade));
}
