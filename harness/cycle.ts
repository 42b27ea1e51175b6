/**
 * One cycle: a plan is played, the store dies, is started again and judged. This file is the story; every step is a room.
 *
 *     volume ─ start ─ clients connect ─ driver plays ──┐
 *                                        fault strikes ─┴─▶ crash state ─▶ recover ─▶ evidence ─▶ judgement
 *                                                              └ a chain goes on from what was recovered
 */
import type { Preset } from "../scenarios/preset.ts";
import type { Image } from "./disk/image.ts";
import type { BackedUp, CrashState, LiveRun } from "./faults/fault.ts";
import { faultOf } from "./faults/faults.ts";
import { askForSaves } from "./faults/trigger.ts";
import { type Ground, makeGround } from "./ground.ts";
import { MemoryWatch } from "./measure/memory-watch.ts";
import { SaveWatch } from "./measure/save-watch.ts";
import { longestStallMs } from "./measure/stalls.ts";
import type { SyncProbe } from "./measure/sync-probe.ts";
import type { Model } from "./operations/model.ts";
import { clockOf, killBoundMs } from "./oracle/everysec.ts";
import type { CrashFacts, Evidence, PresetPromise, RecoveryFacts, Save, ServedStart } from "./oracle/evidence.ts";
import { judge } from "./oracle/judge.ts";
import type { Judgement } from "./oracle/judgement.ts";
import type { LinkPlan, Plan } from "./plan.ts";
import { promiseOf } from "./preparation.ts";
import type { History } from "./recording/history.ts";
import { HistoryWriter } from "./recording/history-file.ts";
import { MonotonicClock } from "./recording/monotonic-clock.ts";
import { recover } from "./recover/recover.ts";
import type { RunFolder } from "./run-folder.ts";
import { lastValue } from "./targets/config-file.ts";
import type { Config, Instance, StoreIdentity, Target } from "./targets/target.ts";
import { Driver } from "./workload/driver.ts";

/** What all cycles of a run share. */
export interface Room {
  readonly run: RunFolder;
  readonly target: Target;
  readonly store: StoreIdentity;
  readonly probe: SyncProbe;
  readonly promise: Preset["promise"]["row"];
  /** Findings of level `documented` fail the verdict too. */
  readonly documentedCounts: boolean;
}

/** One crash, and what came back. */
export interface LinkResult {
  /** Counted from 0 along the chain. */
  readonly link: number;
  readonly state: CrashState;
  /** Where the history was written as it happened; the caller's to remove. */
  readonly historyFile: string;
  readonly evidence: Evidence;
  readonly judgement: Judgement;
  /** The most that the store held in memory while its clients played; 0: the kernel does not tell. Absent: nobody asked. */
  readonly memoryBytesMax?: number;
}

/** All crashes of one plan, in order. Each goes on from what the one before left. */
export async function playCycle(plan: Plan, room: Room): Promise<LinkResult[]> {
  const results: LinkResult[] = [];
  let ground = await groundFor(plan, 0, room);
  let initial: Model | undefined;
  for (const [index, link] of plan.links.entries()) {
    const crashed = await playLink(plan, link, ground, room);
    // What reads wrong is in the copy only.
    const inPlace = plan.recovery === "in-place" && crashed.state.damage === undefined;
    const next = inPlace ? ground : await groundFor(plan, index + 1, room, crashed.state.image);
    try {
      const recovery = await recoverFrom(crashed, next, plan, room);
      const evidence: Evidence = {
        history: crashed.history,
        ...(initial !== undefined && { initial }),
        cut: crashed.state.cut,
        crash: crashed.facts,
        promise: crashed.state.backup === undefined ? promiseFor(plan.config, room) : promiseOfBackup(room),
        recovery,
      };
      const judgement = judge(evidence, { documentedCounts: room.documentedCounts });
      const { state, historyFile, memoryBytesMax } = crashed;
      results.push({ link: index, state, historyFile, evidence, judgement, memoryBytesMax });
      initial = lastServed(recovery)?.state;
    } finally {
      // Orphans of the store that died live until here: they may disturb whoever comes after it (S8).
      await crashed.instance.dispose();
      if (next !== ground) await ground.leave();
    }
    ground = next;
    if (initial === undefined) break;
  }
  await ground.leave();
  return results;
}

/** What a link stands on. Behind the last one only a recovery follows, which needs no slow disk. */
function groundFor(plan: Plan, index: number, { run, probe, target }: Room, image?: Image): Promise<Ground> {
  const link = plan.links[index];
  const recorded = link !== undefined && faultOf(link).volume(link, target) === "recorded";
  const syncs = link?.fault.kind === "kill" ? link.fault.syncs : undefined;
  const seed = `${plan.seed}/${plan.cycle}/${index}`;
  const exposed = target.needsExposedVolumes;
  return makeGround({ run, probe, recorded, exposed, syncs, seed, ...(image && { image }) });
}

interface Crashed {
  readonly instance: Instance;
  readonly state: CrashState;
  readonly history: History;
  readonly historyFile: string;
  readonly facts: CrashFacts;
  readonly memoryBytesMax: number;
}

/** From the start of the store to its death. Orphans may be left; the instance's `dispose` ends them. */
async function playLink(plan: Plan, link: LinkPlan, { volume, longestSyncMs }: Ground, room: Room): Promise<Crashed> {
  const { target, run } = room;
  const fault = faultOf(link);
  const clock = new MonotonicClock();
  const historyFile = run.newFile("history", "jsonl");
  const file = new HistoryWriter(historyFile);
  const instance = await target.start(volume, plan.config, fault.prepare(link));
  let memory: MemoryWatch | undefined;
  try {
    const saves = keepsLog(plan.config) ? undefined : new SaveWatch(await instance.connect(), clock);
    const clients = await Promise.all(link.clients.map(({ protocol }) => instance.connect({ protocol })));
    memory = new MemoryWatch(instance.pid);
    const driver = new Driver(clients, link.clients, { clock, file });
    const live: LiveRun = { plan, link, target, volume, config: plan.config, instance, driver, clock };
    const [state] = await Promise.all([fault.crash(live), askForSaves(live)]);
    const history = driver.history();
    const syncMs = await longestSyncMs(clock.originNs, clock.originNs + BigInt(state.cut.endNs));
    const watched = (await saves?.stop()) ?? [];
    const facts: CrashFacts = {
      fault: state.fault,
      longestSyncMs: syncMs,
      longestStallMs: longestStallMs(history, state.cut.endNs),
      saves: state.backup === undefined ? watched : [saveOf(state.backup, room, syncMs)],
      suspensions: state.suspensions ?? [],
      ...(state.damage !== undefined && { damage: state.damage }),
      place: state.point.place,
    };
    return { instance, state, history, historyFile, facts, memoryBytesMax: memory.stop() };
  } catch (error) {
    memory?.stop();
    await instance.dispose();
    throw error;
  } finally {
    file.close();
  }
}

function recoverFrom({ state }: Crashed, { volume }: Ground, plan: Plan, { target }: Room): Promise<RecoveryFacts> {
  const { config = plan.config, broken } = state.backup ?? {};
  if (broken === undefined) return recover(target, volume, config);
  return Promise.resolve({ starts: [{ kind: "refused", exitCode: null, lastLogLines: [broken] }] });
}

/** A backup is a save of its own: nothing older than its beginning may be missing, whatever the preset promises. */
function promiseOfBackup({ store }: Room): PresetPromise {
  return { row: "rdb-only", store, savePoints: [] };
}

/** What is acked and not yet in the log is not in its copy either, just as it would not outlive a kill. */
function saveOf({ beganNs, completedNs, isLog }: BackedUp, { store, promise }: Room, longestSyncMs: number): Save {
  const lags = isLog && promise !== "always" && promise !== "os-decides";
  const lagMs = lags ? killBoundMs({ longestSyncMs, longestStallMs: 0 }, clockOf(store)) : 0;
  return { startedNs: Math.max(0, beganNs - lagMs * 1e6), completedNs };
}

function keepsLog(config: Config): boolean {
  return lastValue(config, "appendonly") === "yes";
}

function promiseFor(config: Config, room: Room): PresetPromise {
  return promiseOf(room.promise, room.store, config);
}

function lastServed(recovery: RecoveryFacts): ServedStart | undefined {
  const last = recovery.starts.at(-1);
  return last?.kind === "served" ? last : undefined;
}
