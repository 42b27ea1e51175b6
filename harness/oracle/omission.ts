/**
 * A key holds a value that no prefix gives it. Would leaving out a few of the requests that wrote it give that value?
 *
 *     asked       APPEND k a;   APPEND k b;   MULTI · APPEND k c; · APPEND k d; · EXEC   APPEND k e;
 *     recovered   a;c;d;e;      without the second: a hole
 *     recovered   a;b;d;e;      without one request of a transaction: half a transaction
 *     recovered   a;b;x;        nothing gives that: a wrong value
 *
 * One stretch of requests is left out, of any length, and the end may be anywhere, also within a transaction. Short and
 * late stretches are tried first, and only so many: a name is worth that much work and no more.
 */
import type { Model } from "../operations/model.ts";
import { ModelState } from "../operations/model-state.ts";
import { operationOf } from "../operations/operations.ts";
import { type CallRecord, fateOf, type Reply, type Request } from "../recording/history.ts";
import { databaseAfterAll } from "./global-calls.ts";
import type { KeyName } from "./key-table.ts";
import type { Element, Lane } from "./lane.ts";
import { runElement } from "./run-element.ts";

export interface Omission {
  /** False when the stretch, or the end, cuts through a call. */
  readonly wholeCalls: boolean;
  readonly lost: CallRecord;
  /** The last that is needed to give the value. */
  readonly kept: CallRecord;
}

interface Part {
  readonly element: Element;
  /** Where the client stood: a SELECT is never lost, because it is not the client's that a log holds. */
  readonly database: number;
  /** Which of its element's parts that are looked at here are the first and the last. */
  readonly first: boolean;
  readonly last: boolean;
}

/** A step is a request run, or the copying of so many elements. */
const stepsMax = 30_000;
const elementsAStep = 200;
const partsMax = 400;
const relatedKeysMax = 20;

/** @param isRecovered whether the key holds in that state what came back */
export function findOmission(
  lane: Lane,
  name: KeyName,
  lengthMax: number,
  isRecovered: (state: ModelState) => boolean,
): Omission | undefined {
  const elements = lane.input.elements.slice(0, lengthMax);
  const related = relatedKeys(elements, name);
  const databases = databasesAt(elements);
  const parts = elements.flatMap((element, index) => partsOf(element, databases[index] as number, related));
  const prefixes = prefixStates(lane, parts, related);
  return tornEnd(parts, prefixes, isRecovered) ?? leftOut(lane, name, parts, prefixes, isRecovered);
}

/** States after each number of parts, the last `partsMax` of them; those before are undefined. */
function prefixStates(lane: Lane, parts: readonly Part[], related: ReadonlySet<string>): (ModelState | undefined)[] {
  const state = new ModelState(onlyKeys(lane.input.initial, related), () => undefined);
  const states: (ModelState | undefined)[] = [];
  for (const [index, part] of parts.entries()) {
    states.push(parts.length - index > partsMax ? undefined : state.fork(() => undefined));
    run(lane, state, part);
  }
  states.push(state);
  return states;
}

function tornEnd(
  parts: readonly Part[],
  prefixes: readonly (ModelState | undefined)[],
  isRecovered: (state: ModelState) => boolean,
): Omission | undefined {
  for (let count = parts.length - 1; count > 0; count--) {
    const [kept, lost] = [parts[count - 1] as Part, parts[count] as Part];
    const state = prefixes[count];
    if (!kept.last && state !== undefined && isRecovered(state)) {
      return { wholeCalls: false, lost: lost.element.record, kept: kept.element.record };
    }
  }
  return undefined;
}

function leftOut(
  lane: Lane,
  { database, key }: KeyName,
  parts: readonly Part[],
  prefixes: readonly (ModelState | undefined)[],
  isRecovered: (state: ModelState) => boolean,
): Omission | undefined {
  let steps = 0;
  for (let length = 1; length < parts.length; length++) {
    for (let start = parts.length - 1 - length; start >= 0; start--) {
      const before = prefixes[start];
      if (before === undefined) break;
      const state = before.fork(() => undefined);
      steps += (state.entry(key, database)?.value.size ?? 0) / elementsAStep;
      for (let index = start + length; index < parts.length; index++) {
        const kept = parts[index] as Part;
        run(lane, state, kept);
        if (isRecovered(state)) {
          const [first, last] = [parts[start] as Part, parts[start + length - 1] as Part];
          const wholeCalls = first.first && last.last && kept.last;
          return { wholeCalls, lost: first.element.record, kept: kept.element.record };
        }
        if (++steps > stepsMax) return undefined;
      }
    }
  }
  return undefined;
}

function run(lane: Lane, state: ModelState, { element, database }: Part): void {
  state.database = database;
  // Whatever the reply was, a state that lost something need not give it: only what it says of a choice is used.
  runElement(state, element, lane.input, (model) => model.fork(() => undefined));
}

/** An element's requests that touch the keys, each as an element of its own. */
function partsOf(element: Element, database: number, related: ReadonlySet<string>): Part[] {
  const { record } = element;
  if (fateOf(record) === "refused") return [];
  const chosen = record.call.requests.flatMap((request, index) => (touches(request, related) ? [index] : []));
  return chosen.map((index, place) => ({
    element: { ...element, record: singleRequest(record, index) },
    database,
    first: place === 0,
    last: place === chosen.length - 1,
  }));
}

/** By element: the database in which its client stood before it. */
function databasesAt(elements: readonly Element[]): number[] {
  let database = 0;
  return elements.map(({ record, own }) => {
    const before = database;
    if (own && fateOf(record) !== "refused") database = databaseAfterAll(record.call.requests, database);
    return before;
  });
}

function singleRequest(record: CallRecord, index: number): CallRecord {
  const call = { requests: [record.call.requests[index] as Request], transaction: false };
  if (record.completed === undefined) return { ...record, call };
  return { ...record, call, completed: { ...record.completed, reply: replyAt(record, index) } };
}

function replyAt({ call, completed }: CallRecord, index: number): Reply {
  const whole = completed?.reply as Reply;
  return call.transaction && whole.kind === "array" ? (whole.items[index] ?? whole) : whole;
}

function touches(request: Request, related: ReadonlySet<string>): boolean {
  const operation = operationOf(request);
  if (operation.changes === "keys") return operation.keys(request).some((key) => related.has(key));
  return operation.changes === "everything";
}

/** The key, and those that requests bind to it: RENAME, LMOVE, SUNIONSTORE … */
function relatedKeys(elements: readonly Element[], { key }: KeyName): ReadonlySet<string> {
  const related = new Set([key]);
  const bundles = elements
    .flatMap(({ record }) => record.call.requests)
    .map((request) => (operationOf(request).changes === "keys" ? operationOf(request).keys(request) : []))
    .filter((names) => names.length > 1);
  for (let before = 0; before < related.size && related.size < relatedKeysMax; ) {
    before = related.size;
    for (const names of bundles) {
      if (names.some((name) => related.has(name))) for (const name of names) related.add(name);
    }
  }
  return related;
}

function onlyKeys(model: Model, wanted: ReadonlySet<string>): Model {
  return new Map(
    [...model].map(([database, keys]) => [database, new Map([...keys].filter(([key]) => wanted.has(key)))]),
  );
}
