/**
 * Explains a state the slow way: every choice of lengths, each computed anew, each compared in full. What the oracle
 * answers with digests and arithmetic must be the same.
 */
import { emptyModel, type Model, modelToJson, valueToJson } from "../harness/operations/model.ts";
import { ModelState } from "../harness/operations/model-state.ts";
import { runCall } from "../harness/operations/run-call.ts";
import { compareIds, firstId, nextId } from "../harness/operations/stream-value.ts";
import type { Call, CallRecord, History, Reply, Request } from "../harness/recording/history.ts";

const staleClockMs = 1_000;

/** The greatest choice of lengths that explains the state, or undefined when there is none. */
export function explainByForce(
  history: History,
  state: Model,
  endNs: number,
  lastWallMs: number,
): number[] | undefined {
  const refused = JSON.stringify(history.clients).includes("MISCONF");
  const lengths = history.clients.map((sequence, client) =>
    explainingLengths(sequence, keysOf(state, client), endNs, lastWallMs, refused),
  );
  // A key that belongs to no client can be explained by nobody.
  if (modelToJson(state).some(({ key }) => !/^c\d+:/.test(key))) return undefined;
  const lawful = combinations(lengths).filter((choice) => respectsRealTime(history, choice));
  return lawful.sort((one, other) => sum(other) - sum(one))[0];
}

function explainingLengths(
  sequence: readonly CallRecord[],
  wanted: KeysFound,
  endNs: number,
  lastWallMs: number,
  refused: boolean,
): number[] {
  const invoked = sequence.filter(({ invokedNs }) => invokedNs <= endNs);
  let ways = [new ModelState(emptyModel, nobody)];
  const found: number[] = [];
  for (const [length, record] of [undefined, ...invoked].entries()) {
    if (record !== undefined) ways = ways.flatMap((way) => after(way, record, wanted, lastWallMs, refused));
    if (ways.some((way) => holds(way, wanted))) found.push(length);
  }
  return found;
}

function after(
  way: ModelState,
  record: CallRecord,
  wanted: KeysFound,
  lastWallMs: number,
  refused: boolean,
): ModelState[] {
  const moment = {
    earliestMs: record.invokedWallMs - staleClockMs,
    latestMs: (record.completed?.wallMs ?? lastWallMs) + 1,
  };
  const run = (from: ModelState, call: Call, reply: Reply | undefined) =>
    runCall(from.fork(nobody), call, reply, { moment, fork: (model) => model.fork(nobody) }).map(({ model }) => model);
  if (record.completed !== undefined) return run(way, record.call, record.completed.reply);
  // Where the store refused some calls it may have refused this one too, and one that watched may have aborted.
  const onlySelects = record.call.requests.every(([name]) => name === "SELECT");
  const untouched = (refused && !onlySelects) || record.call.watch !== undefined ? [way] : [];
  let ways = [way];
  for (const request of record.call.requests) {
    const call = { requests: [request], transaction: false };
    ways = ways.flatMap((from) =>
      repliesTo(from, request, wanted, moment.latestMs).flatMap((reply) => run(from, call, reply)),
    );
  }
  return [...untouched, ...ways];
}

/** Every answer of a command that leaves the store a choice; for the others, that nothing is known. */
function repliesTo(
  state: ModelState,
  [name, key = "", count, ...args]: Request,
  recovered: KeysFound,
  latestMs: number,
): (Reply | undefined)[] {
  const members = state.entry(key)?.value.plain();
  if (name === "XADD" && [count, ...args].includes("*")) {
    const last = members?.type === "stream" ? members.lastId : firstId;
    // Any id that came back, or one that left no trace; in the future of the clock the model knows it by itself.
    const found = [...recovered.values()].flatMap(({ text }) => text.match(/\d+-\d+/g) ?? []);
    const ids = [...new Set([...found, `${latestMs}-0`, nextId(last)])].filter((id) => compareIds(id, last) > 0);
    return ids.map((value) => ({ kind: "string", value }));
  }
  if (name !== "SPOP" || members?.type !== "set") return [undefined];
  const wanted = Math.min(Number(count ?? 1), members.members.size);
  let choices: string[][] = [[]];
  for (const member of members.members) {
    choices = choices.flatMap((chosen) => (chosen.length < wanted ? [chosen, [...chosen, member]] : [chosen]));
  }
  const texts = choices
    .filter((chosen) => chosen.length === wanted)
    .map((chosen) => chosen.map((value): Reply => ({ kind: "string", value })));
  return texts.map((items) => (count === undefined ? items[0] : { kind: "array", items }));
}

/** By database and key. */
type KeysFound = ReadonlyMap<string, { readonly text: string; readonly deadlineMs: number | undefined }>;

function keysOf(state: Model, client: number): KeysFound {
  const own = modelToJson(state).filter(({ key }) => key.startsWith(`c${client}:`));
  return new Map(
    own.map(({ database, key, value, deadlineMs }) => [
      `${database} ${key}`,
      { text: JSON.stringify(value), deadlineMs },
    ]),
  );
}

function holds(way: ModelState, values: KeysFound): boolean {
  const entries = [...way.keys()];
  return (
    entries.length === values.size &&
    entries.every(([database, key, { value, deadline }]) => {
      const found = values.get(`${database} ${key}`);
      if (found === undefined || found.text !== JSON.stringify(valueToJson(value.plain()))) return false;
      if (deadline === undefined || found.deadlineMs === undefined) return deadline === found.deadlineMs;
      return found.deadlineMs >= deadline.earliestMs && found.deadlineMs <= deadline.latestMs;
    })
  );
}

function combinations(choices: readonly (readonly number[])[]): number[][] {
  let all: number[][] = [[]];
  for (const choice of choices) all = all.flatMap((before) => choice.map((length) => [...before, length]));
  return all;
}

/** If a call was over before another was sent and the other was kept, it was kept too. */
function respectsRealTime(history: History, lengths: readonly number[]): boolean {
  const kept = history.clients.flatMap((sequence, client) => sequence.slice(0, lengths[client]));
  const lost = history.clients.flatMap((sequence, client) => sequence.slice(lengths[client]));
  return lost.every(
    ({ completed }) => completed === undefined || kept.every(({ invokedNs }) => completed.ns >= invokedNs),
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function nobody(): void {
  // Nobody needs to know what changes.
}
