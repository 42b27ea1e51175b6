/**
 * What a kill within a recording took along. A store that holds writes back in its own memory loses them with the process:
 * acked, never written, and gone whatever the disk does afterwards. What the next life served shows which they were.
 *
 *     client 1   a b c d ✗        served: a b c        kept: a b c        d is no part of what later power cuts can lose
 *     client 5            e f g …
 *
 * Only what a kill may take by the preset's promise is taken out; where it took more, or where nobody can tell, the history
 * stays as it is, and every later crash state shows it.
 */
import { longestStallMs } from "../measure/stalls.ts";
import { longestSyncMs } from "../measure/sync-times.ts";
import { emptyModel } from "../operations/model.ts";
import type { CrashFacts, PresetPromise, ServedStart } from "../oracle/evidence.ts";
import { type Cut, explain, greatestCut } from "../oracle/explain.ts";
import type { Lane } from "../oracle/lane.ts";
import { completeLanes, type Lanes, readLanes } from "../oracle/lanes.ts";
import { lossAt } from "../oracle/loss.ts";
import { isBroken, promisesAt } from "../oracle/promises.ts";
import { readState } from "../oracle/reading.ts";
import type { CallRecord, History } from "../recording/history.ts";
import type { KillSeen, Recording } from "../recording/recording.ts";

export function withoutWhatKillsTook(recording: Recording, promise: PresetPromise): Recording {
  let { history } = recording;
  for (const kill of recording.kills ?? []) {
    const left = leftBy(kill, { ...recording, history }, promise);
    if (left === undefined) break;
    history = left;
  }
  return { ...recording, history };
}

/** Undefined where it took what it may not. */
function leftBy(kill: KillSeen, recording: Recording, promise: PresetPromise): History | undefined {
  const { atNs } = kill;
  const { history, journal, initial = emptyModel } = recording;
  const soFar = { clients: history.clients.map((calls) => calls.filter(({ invokedNs }) => invokedNs <= atNs)) };
  const { lanes, cut } = recoveryPoint(readLanes(soFar, { initial, trouble: false }), kill);
  if (cut.kind !== "found") return undefined;
  const crash: CrashFacts = {
    fault: "kill",
    longestSyncMs: longestSyncMs(journal, 0, atNs),
    longestStallMs: longestStallMs(soFar, atNs),
    saves: [],
    suspensions: [],
    place: "load",
  };
  const loss = lossAt(lanes, cut.lengths, atNs);
  const source = promisesAt(promise, crash, atNs).filter(({ level }) => level === "source");
  if (source.some(({ protects }) => isBroken(protects, loss, undefined, atNs))) return undefined;
  const keptOf = (client: number) => (lanes.lanes[client] as Lane).callsWithin(cut.lengths[client] as number);
  return {
    clients: history.clients.map((calls, client) =>
      soFar.clients[client]?.length === 0 ? calls : calls.slice(0, keptOf(client)).map((call) => endedBy(call, kill)),
    ),
  };
}

function recoveryPoint(known: Lanes, { atNs, served: state, readAtWallMs, deadlineErrorMs }: KillSeen) {
  const served: ServedStart = { kind: "served", state, readAtWallMs, deadlineErrorMs, tookMs: 0 };
  const lanes = completeLanes(known, served, atNs);
  const reading = readState(lanes, served);
  const nobodys = reading.strangers.length > 0;
  const cut: Cut = nobodys ? { kind: "unexplained", lane: 0 } : greatestCut(lanes, explain(lanes, reading), atNs);
  return { lanes, cut };
}

/** What was on its way, and came back, has surely taken effect. */
function endedBy(call: CallRecord, { atNs }: KillSeen): CallRecord {
  return call.completed === undefined ? { ...call, endedNs: atNs } : call;
}
