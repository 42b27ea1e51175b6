/**
 * A due save must also complete (O8): a store that never saves would otherwise lose without limit and keep its promise.
 *
 *     save 60 100     at least 100 changes, and more than 60 s since the last save
 *
 *     ──[save]──────c c c c … c──────────╎ due ─ patience ─▶ a save must have begun ─ patience ─▶ and be done
 *             └────────── 60 s ──────────┘
 *
 * An acked call with an effect counts as one change, though it may be several: so a save may be due earlier than is
 * thought here, never later.
 */
import type { StampNs } from "../recording/stamp.ts";
import type { CrashFacts, Save, SavePoint } from "./evidence.ts";
import type { Lanes } from "./lanes.ts";
import { lastCompleted } from "./promises.ts";

/** "More than" a whole second, a tick of the store's timer, and five seconds' wait after a save that failed. */
const patienceToBeginMs = 7_000;
const patienceToEndMsMin = 60_000;
/** A save may take so many times as long as the slowest that was seen. */
const slowerFactor = 10;

export interface OverdueSave {
  readonly point: SavePoint;
  readonly dueNs: StampNs;
}

export function findOverdueSave(
  lanes: Lanes,
  points: readonly SavePoint[],
  crash: CrashFacts,
  endNs: StampNs,
): OverdueSave | undefined {
  const last = lastCompleted(crash.saves, endNs);
  const sinceNs = last?.startedNs ?? lanes.startNs;
  const changesNs = changesSince(lanes, sinceNs, endNs);
  for (const point of points) {
    const changedNs = changesNs[point.changes - 1];
    if (changedNs === undefined) continue;
    const dueNs = Math.max(changedNs, (last?.completedNs ?? lanes.startNs) + point.seconds * 1e9);
    if (isOverdue(dueNs, crash, endNs)) return { point, dueNs };
  }
  return undefined;
}

function isOverdue(dueNs: StampNs, crash: CrashFacts, endNs: StampNs): boolean {
  const mustHaveBegunNs = dueNs + (patienceToBeginMs + crash.longestStallMs) * 1e6;
  if (endNs <= mustHaveBegunNs) return false;
  const running = crash.saves.filter((save) => save.startedNs <= endNs && !isDone(save, endNs));
  const latestNs = Math.max(...running.map((save) => save.startedNs));
  return running.length === 0 || endNs > latestNs + patienceToEndNs(crash.saves);
}

function patienceToEndNs(saves: readonly Save[]): number {
  const tookNs = saves.map((save) => (save.completedNs ?? save.startedNs) - save.startedNs);
  return Math.max(patienceToEndMsMin * 1e6, slowerFactor * Math.max(0, ...tookNs));
}

function isDone(save: Save, endNs: StampNs): boolean {
  return save.completedNs !== undefined && save.completedNs <= endNs;
}

function changesSince(lanes: Lanes, sinceNs: StampNs, endNs: StampNs): number[] {
  const stamps = lanes.lanes.flatMap((lane) => [...lane.promisedNs.filter((ns) => ns > sinceNs && ns <= endNs)]);
  return stamps.sort((one, other) => one - other);
}
