/**
 * Damages a toy store's log or what came back of it, each in a way that has one right name. A damage that does not fit
 * the run at hand is undefined.
 */
import type { Model, ModelEntry } from "../harness/operations/model.ts";
import { operationOf } from "../harness/operations/operations.ts";
import type { ContradictionKind } from "../harness/oracle/contradiction.ts";
import type { Random } from "../harness/random.ts";
import type { Bytes, CallRecord } from "../harness/recording/history.ts";
import { type LogEntry, replayLog, type ToyRun } from "./toy-store.ts";

export interface Damaged {
  readonly state: Model;
  readonly kinds: readonly ContradictionKind[];
  /** Where the run is cut; usually at its end. */
  readonly endNs?: number;
}

export type Damage = (run: ToyRun, random: Random) => Damaged | undefined;

export const damages: Readonly<Record<string, Damage>> = {
  "a call in the middle is lost": loseCall,
  "a deletion in the middle is lost": loseDeletion,
  "a stretch of calls in the middle is lost": loseStretch,
  "a transaction is kept in part": splitTransaction,
  "clients are kept out of order": keepOutOfOrder,
  "a deadline is changed": changeDeadline,
  "a deadline is lost": loseDeadline,
  "two values change places": swapValues,
  "a push is applied twice": doublePush,
  "a byte is flipped": flipByte,
  "a key comes from nowhere": addKey,
  "a call comes from the future": keepFuture,
};

// ── Holes ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function loseCall(run: ToyRun, random: Random): Damaged | undefined {
  return losing(run, random, ({ effect }) => effect === "writes");
}

function loseDeletion(run: ToyRun, random: Random): Damaged | undefined {
  return losing(run, random, ({ effect }) => effect === "removes");
}

function losing(run: ToyRun, random: Random, suits: (call: LoggedCall) => boolean): Damaged | undefined {
  const calls = callsIn(run.log);
  const candidates = calls.filter((call, index) => {
    const later = calls.slice(index + 1).filter((other) => other.client === call.client);
    // Nothing touches its keys again, and something newer of the same client shows.
    return (
      suits(call) && later.every((other) => apart(call, other)) && later.some(({ effect }) => effect !== "nothing")
    );
  });
  if (candidates.length === 0) return undefined;
  const lost = random.pick(candidates);
  const state = replayLog(run.log.filter(({ callId }) => callId !== lost.callId));
  return { state, kinds: [lost.effect === "removes" ? "resurrection" : "hole"] };
}

function loseStretch(run: ToyRun, random: Random): Damaged | undefined {
  const calls = callsIn(run.log);
  if (calls.length < 6) return undefined;
  const first = 1 + random.below(calls.length - 4);
  const count = 2 + random.below(calls.length - first - 2);
  const lost = new Set(calls.slice(first, first + count).map(({ callId }) => callId));
  const state = replayLog(run.log.filter(({ callId }) => !lost.has(callId)));
  return { state, kinds: ["hole", "resurrection", "wrong-value", "half-transaction"] };
}

function keepOutOfOrder(run: ToyRun, random: Random): Damaged | undefined {
  const calls = callsIn(run.log).filter(({ effect }) => effect !== "nothing");
  const records = new Map(run.history.clients.flat().map((record) => [record.id, record]));
  const recordOf = ({ callId }: LoggedCall) => records.get(callId) as CallRecord;
  const pairs = calls.flatMap((lost) =>
    calls
      .filter((kept) => kept.client !== lost.client)
      .filter((kept) => (recordOf(lost).completed?.ns ?? run.endNs) < recordOf(kept).invokedNs)
      .map((kept) => ({ lost, kept })),
  );
  if (pairs.length === 0) return undefined;
  const { lost, kept } = random.pick(pairs);
  const firstLost = run.log.findIndex(({ callId }) => callId === lost.callId);
  const lastKept = run.log.findLastIndex(({ callId }) => callId === kept.callId);
  const entries = run.log.filter(
    ({ client }, index) => index <= lastKept && (client !== lost.client || index < firstLost),
  );
  return { state: replayLog(entries), kinds: ["hole", "resurrection", "wrong-value"] };
}

// ── Halves ────────────────────────────────────────────────────────────────────────────────────────────────────────

function splitTransaction(run: ToyRun, random: Random): Damaged | undefined {
  const calls = callsIn(run.log);
  const candidates = calls.flatMap((call, index) => {
    const later = calls.slice(index + 1).filter((other) => other.client === call.client);
    if (!later.every((other) => apart(call, other))) return [];
    // Both parts show, and on keys of their own.
    return call.entries.flatMap((entry, place) => {
      const parts = [describe(run.log, call.entries.slice(0, place)), describe(run.log, call.entries.slice(place))];
      const [kept, lost] = parts as [LoggedCall, LoggedCall];
      // A key that is gone may also never have been there: only what was written says that the call ran.
      const tells = kept.effect === "writes" && (lost.effect === "writes" || lost.effect === "removes");
      return apart(kept, lost) && tells ? [entry] : [];
    });
  });
  if (candidates.length === 0) return undefined;
  const firstLost = random.pick(candidates);
  const entries = run.log.filter(
    ({ callId, requestIndex }) => callId !== firstLost.callId || requestIndex < firstLost.requestIndex,
  );
  return { state: replayLog(entries), kinds: ["half-transaction"] };
}

// ── Values ────────────────────────────────────────────────────────────────────────────────────────────────────────

function changeDeadline(run: ToyRun, random: Random): Damaged | undefined {
  return changing(
    run,
    random,
    ({ deadlineMs }) => deadlineMs !== undefined,
    (entry) => ({
      ...entry,
      deadlineMs: (entry.deadlineMs as number) + 3_600_000,
    }),
  );
}

function loseDeadline(run: ToyRun, random: Random): Damaged | undefined {
  return changing(
    run,
    random,
    ({ deadlineMs }) => deadlineMs !== undefined,
    ({ value }) => ({ value }),
  );
}

function flipByte(run: ToyRun, random: Random): Damaged | undefined {
  const suits = ({ value }: ModelEntry) => value.type === "string" && value.value.length > 2;
  return changing(run, random, suits, (entry) => {
    const text = entry.value.type === "string" ? entry.value.value : "";
    const at = random.below(text.length);
    const flipped = String.fromCharCode(text.charCodeAt(at) ^ 0x40);
    return { ...entry, value: { type: "string", value: text.slice(0, at) + flipped + text.slice(at + 1) } };
  });
}

function changing(
  run: ToyRun,
  random: Random,
  suits: (entry: ModelEntry) => boolean,
  change: (entry: ModelEntry) => ModelEntry,
): Damaged | undefined {
  const state = replayLog(run.log);
  const candidates = namesIn(state).filter(({ entry }) => suits(entry));
  if (candidates.length === 0) return undefined;
  const { database, key, entry } = random.pick(candidates);
  return { state: withEntry(state, database, key, change(entry)), kinds: ["wrong-value"] };
}

/** Long texts, which no other call gives by chance. */
function swapValues(run: ToyRun, random: Random): Damaged | undefined {
  const state = replayLog(run.log);
  const texts = namesIn(state).filter(
    ({ key, entry }) => entry.value.type === "string" && entry.value.value.length >= 6 && key.includes("string"),
  );
  if (texts.length < 2) return undefined;
  const [one, other] = random.shuffled(texts) as [KeyEntry, KeyEntry];
  const once = withEntry(state, one.database, one.key, { ...one.entry, value: other.entry.value });
  const twice = withEntry(once, other.database, other.key, { ...other.entry, value: one.entry.value });
  return { state: twice, kinds: ["wrong-value"] };
}

function doublePush(run: ToyRun, random: Random): Damaged | undefined {
  const pushes = run.log.filter(
    ({ request, client }, index) =>
      (request[0] === "RPUSH" || request[0] === "LPUSH") &&
      // Or taking elements away again may look as if it had been done in part.
      run.log
        .slice(index + 1)
        .every((later) => later.client !== client || !later.request.includes(request[1] as Bytes)),
  );
  if (pushes.length === 0) return undefined;
  const push = random.pick(pushes);
  const entries = run.log.flatMap((entry) => (entry === push ? [entry, entry] : [entry]));
  return { state: replayLog(entries), kinds: ["wrong-value"] };
}

// ── Phantoms ──────────────────────────────────────────────────────────────────────────────────────────────────────

function addKey(run: ToyRun, random: Random): Damaged {
  const key = random.pick(["nobody's", "c0:ghost", "c1:string:77"]);
  const state = withEntry(replayLog(run.log), random.below(3), key, { value: { type: "string", value: "boo" } });
  return { state, kinds: ["phantom"] };
}

function keepFuture(run: ToyRun, random: Random): Damaged | undefined {
  const records = new Map(run.history.clients.flat().map((record) => [record.id, record]));
  const calls = callsIn(run.log).filter(({ effect }) => effect !== "nothing");
  if (calls.length < 2) return undefined;
  const call = calls[1 + random.below(calls.length - 1)] as LoggedCall;
  const end = run.log.findLastIndex(({ callId }) => callId === call.callId) + 1;
  const endNs = (records.get(call.callId) as CallRecord).invokedNs - 1;
  return { state: replayLog(run.log.slice(0, end)), kinds: ["phantom", "hole"], endNs };
}

// ── What a log did ────────────────────────────────────────────────────────────────────────────────────────────────

interface LoggedCall {
  readonly callId: number;
  readonly client: number;
  readonly entries: readonly LogEntry[];
  readonly keys: ReadonlySet<Bytes>;
  readonly effect: "nothing" | "removes" | "expires" | "writes";
}

function callsIn(log: readonly LogEntry[]): LoggedCall[] {
  const ids = [...new Set(log.map(({ callId }) => callId))];
  return ids.map((id) =>
    describe(
      log,
      log.filter(({ callId }) => callId === id),
    ),
  );
}

function describe(log: readonly LogEntry[], entries: readonly LogEntry[]): LoggedCall {
  const [first] = entries;
  const keys = new Set(entries.flatMap(({ request }) => operationOf(request).keys(request)));
  if (first === undefined) return { callId: -1, client: -1, entries, keys, effect: "nothing" };
  const start = log.indexOf(first);
  const before = replayLog(log.slice(0, start));
  const after = replayLog(log.slice(0, start + entries.length));
  return { callId: first.callId, client: first.client, entries, keys, effect: effectOf(before, after, keys) };
}

function effectOf(before: Model, after: Model, keys: ReadonlySet<Bytes>): LoggedCall["effect"] {
  const places = [...new Set([...before.keys(), ...after.keys()])].flatMap((database) =>
    [...keys].map((key) => ({ was: before.get(database)?.get(key), is: after.get(database)?.get(key) })),
  );
  const changed = places.filter(({ was, is }) => textOf(was) !== textOf(is));
  if (changed.length === 0) return "nothing";
  if (changed.every(({ is }) => is === undefined)) return "removes";
  return changed.every(({ was, is }) => textOf(was && { value: was.value }) === textOf(is && { value: is.value }))
    ? "expires"
    : "writes";
}

function apart(one: LoggedCall, other: LoggedCall): boolean {
  return [...one.keys].every((key) => !other.keys.has(key));
}

interface KeyEntry {
  readonly database: number;
  readonly key: Bytes;
  readonly entry: ModelEntry;
}

function namesIn(state: Model): KeyEntry[] {
  return [...state].flatMap(([database, keys]) => [...keys].map(([key, entry]) => ({ database, key, entry })));
}

function withEntry(state: Model, database: number, key: Bytes, entry: ModelEntry): Model {
  return new Map([...state, [database, new Map([...(state.get(database) ?? []), [key, entry]])]]);
}

function textOf(entry: ModelEntry | undefined): string {
  if (entry === undefined) return "";
  return JSON.stringify(entry, (_, value) =>
    value instanceof Map || value instanceof Set ? [...value].sort() : value,
  );
}
