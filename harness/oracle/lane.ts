/**
 * A lane: one client's calls, and what every prefix of them leaves. It is worked out once for a history, and then answers
 * for any recovered state which prefixes explain it, at the price of an addition for each change:
 *
 *     calls         SET a 1      INCR n       DEL a       SET a 2
 *     length    0 ──────────▶ 1 ─────────▶ 2 ────────▶ 3 ─────────▶ 4
 *     changes      a: – ▸ v1    n: – ▸ v2   a: v1 ▸ –   a: – ▸ v3        v: a version, known by its digest
 *     recovered    a: –, n: v2
 *     mismatches 1            2            1           0            1    a prefix of length 3 explains it, and no other
 *
 * A length counts the elements of the lane: the client's calls, and those of others that change everything. Where the
 * store had a choice and nobody knows which way it went, the line forks: a node for each way, with a parent. Nodes come
 * after their parents, so one pass over all of them is enough.
 */
import type { Hindsight } from "../operations/choices.ts";
import type { Model } from "../operations/model.ts";
import { ModelState } from "../operations/model-state.ts";
import type { OddReply } from "../operations/run-call.ts";
import { type Bytes, type CallRecord, fateOf } from "../recording/history.ts";
import type { StampNs } from "../recording/stamp.ts";
import { saysDurable } from "./durable-reply.ts";
import type { KeyTable } from "./key-table.ts";
import type { Wanted } from "./open-end.ts";
import { runElement } from "./run-element.ts";

/** One element of a lane. */
export interface Element {
  readonly record: CallRecord;
  /** False for another client's call that changes everything: it takes place here too, but is judged there. */
  readonly own: boolean;
  /** It changes keys that it does not name, and took place while nothing else was under way. */
  readonly global: boolean;
  /** The database in which the other client stood. */
  readonly database?: number;
}

export interface LaneInput {
  readonly client: number;
  readonly elements: readonly Element[];
  /** The part of the initial state that belongs to this lane. */
  readonly initial: Model;
  /** The latest moment at which a call without completion can have run. */
  readonly lastWallMs: number;
  /** Whether calls may have been refused whose reply never came: a store that is out of disk or memory does that. */
  readonly refusalsPossible: boolean;
  /** Whether others write that key too: then a reply says nothing of this lane's part of it. */
  readonly isForeign: (key: Bytes) => boolean;
  /** For calls that were never answered: what came back, once it is known. */
  readonly hindsight?: Hindsight;
  /** Ways that are followed at a time. */
  readonly waysMax?: number;
}

/**
 * What came of following a lane's calls. Without hindsight that may end early, where the store had a choice and its
 * answer never came: what follows, a few calls in flight, is followed for each recovered state anew. All lists grow
 * together: nodes by node, changes by change, and so on.
 */
export interface Unfolded {
  readonly keys: KeyTable;
  readonly nodes: {
    readonly parent: readonly number[];
    readonly length: readonly number[];
    /** Where the changes of a node begin; one more than there are nodes, for the end of the last. */
    readonly firstChange: readonly number[];
  };
  readonly changes: {
    readonly key: readonly number[];
    readonly before: readonly number[];
    readonly after: readonly number[];
  };
  readonly versions: Versions;
  /** By key: its version at length 0; missing when it did not exist. */
  readonly initialVersions: readonly (number | undefined)[];
  /** By element: whether it changed anything, in any way that it may have gone. */
  readonly effective: readonly boolean[];
  readonly oddAnswers: readonly OddAnswer[];
  /** So many elements were followed. */
  readonly followed: number;
  /** Follows the rest, with hindsight. */
  goOn(hindsight: Hindsight, wanted: Wanted): Unfolded;
}

/** Versions: what a key holds at some time. Number 0 is its absence. */
export interface Versions {
  readonly digestA: readonly number[];
  readonly digestB: readonly number[];
  /** The span of its deadline; NaN without one. */
  readonly earliestMs: readonly number[];
  readonly latestMs: readonly number[];
}

export const absent = 0;

/** An answer that no lawful keyspace gives, and whose it is. */
export interface OddAnswer {
  readonly record: CallRecord;
  readonly oddReply: OddReply;
}

export class Lane {
  readonly input: LaneInput;
  readonly unfolded: Unfolded;
  /** By element. */
  readonly invokedNs: Float64Array;
  /** By length: the earliest stamp at which an element that a prefix of that length leaves out had surely taken place. */
  readonly firstLostNs: Float64Array;
  /** Elements whose loss would be one: own, acked and with an effect, in order; and when they were acked. */
  readonly promised: Int32Array;
  readonly promisedNs: Float64Array;
  /** By length: how many of the promised a prefix of that length holds. */
  readonly promisedWithin: Int32Array;
  /** Own elements that were told that all before them is synced, in order; and when they were told. */
  readonly durable: Int32Array;
  readonly durableNs: Float64Array;

  constructor(input: LaneInput, unfolded: Unfolded) {
    this.input = input;
    this.unfolded = unfolded;
    this.invokedNs = Float64Array.from(input.elements, ({ record }) => record.invokedNs);
    this.firstLostNs = earliestFrom(input.elements.map(settledNs));
    const promised = input.elements.flatMap((element, index) =>
      isPromise(element) && unfolded.effective[index] === true ? [index] : [],
    );
    this.promised = Int32Array.from(promised);
    this.promisedNs = Float64Array.from(promised, (index) => this.elementAt(index).record.completed?.ns as StampNs);
    this.promisedWithin = countsWithin(promised, input.elements.length);
    this.durable = Int32Array.from(
      input.elements.flatMap(({ own, record }, index) => (own && saysDurable(record) ? [index] : [])),
    );
    this.durableNs = Float64Array.from(this.durable, (index) => this.elementAt(index).record.completed?.ns as StampNs);
  }

  /** This lane followed to its end; itself, unless it needs hindsight for that. */
  completeWith(recovered: Model, wanted: Wanted): Lane {
    const { followed } = this.unfolded;
    if (followed === this.length) return this;
    const open = this.input.elements.slice(followed).flatMap(({ record }) => record.call.requests.flat());
    const named = new Set(open);
    const hindsight: Hindsight = { recovered, names: (text) => named.has(text) };
    return new Lane({ ...this.input, hindsight }, this.unfolded.goOn(hindsight, wanted));
  }

  get client(): number {
    return this.input.client;
  }

  get length(): number {
    return this.input.elements.length;
  }

  elementAt(index: number): Element {
    return this.input.elements[index] as Element;
  }

  /** How many elements had been invoked by then: a longer prefix comes from the future (S1). */
  lengthAt(stampNs: StampNs): number {
    return countUpTo(this.invokedNs, stampNs);
  }

  /** How many of the promised had been acked by then. */
  promisedAt(stampNs: StampNs): number {
    return countUpTo(this.promisedNs, stampNs);
  }

  /** The last element that was told by then that all before it is synced. */
  lastDurableAt(stampNs: StampNs): number | undefined {
    return this.durable[countUpTo(this.durableNs, stampNs) - 1];
  }

  /** The oldest promise that a prefix leaves out although the client had been told by then that it is synced. */
  brokenDurable(length: number, stampNs: StampNs): number | undefined {
    const last = this.lastDurableAt(stampNs);
    const lost = this.promised[this.promisedWithin[length] as number];
    return last === undefined || lost === undefined || lost >= last ? undefined : lost;
  }

  /** How many of a prefix's elements are the client's own calls. */
  callsWithin(length: number): number {
    return this.input.elements.slice(0, length).filter(({ own }) => own).length;
  }

  /** The model after a prefix, computed anew: to show it to people, not to judge. Where ways fork, one of them. */
  stateAt(length: number): ModelState {
    let state = new ModelState(this.input.initial, () => undefined);
    const fork = (model: ModelState) => model.fork(() => undefined);
    for (const element of this.input.elements.slice(0, length)) {
      state = runElement(state, element, this.input, fork)[0]?.model ?? state;
    }
    return state;
  }
}

/**
 * When an element had surely taken place. A call with a reply had by then; one that changes everything took place while
 * nothing else was under way, so for the others it is a moment: whoever holds a trace of what came after holds it too.
 */
function settledNs({ record, global }: Element): StampNs {
  if (global) return record.invokedNs - 1;
  return record.completed?.ns ?? record.endedNs ?? Number.POSITIVE_INFINITY;
}

function isPromise({ record, own }: Element): boolean {
  return own && fateOf(record) === "acked";
}

/** By length, the least of what lies beyond it. */
function earliestFrom(stamps: readonly StampNs[]): Float64Array {
  const earliest = new Float64Array(stamps.length + 1).fill(Number.POSITIVE_INFINITY);
  for (let index = stamps.length - 1; index >= 0; index--) {
    earliest[index] = Math.min(earliest[index + 1] as number, stamps[index] as number);
  }
  return earliest;
}

function countsWithin(chosen: readonly number[], length: number): Int32Array {
  const counts = new Int32Array(length + 1);
  for (const index of chosen) counts[index + 1] = 1;
  for (let index = 1; index <= length; index++)
    counts[index] = (counts[index] as number) + (counts[index - 1] as number);
  return counts;
}

/** In a rising row, how many are not above the limit. */
function countUpTo(rising: Float64Array, limit: number): number {
  let low = 0;
  let high = rising.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rising[middle] as number) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
