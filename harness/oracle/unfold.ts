/**
 * Follows a lane's calls, all ways that they may have gone, and writes down what changes on each step.
 */
import { type Hindsight, OpenChoice } from "../operations/choices.ts";
import { join, numberDigest } from "../operations/digest.ts";
import { type Entry, ModelState, type Touched } from "../operations/model-state.ts";
import type { OddReply } from "../operations/run-call.ts";
import type { Bytes } from "../recording/history.ts";
import { KeyTable } from "./key-table.ts";
import { absent, type Element, type LaneInput, type OddAnswer, type Unfolded } from "./lane.ts";
import {
  begins,
  mayBeRefused,
  Outlook,
  openEndOf,
  type Part,
  partsOf,
  type Wanted,
  type WantedEntry,
} from "./open-end.ts";
import { runElement } from "./run-element.ts";

/** The history leaves so many ways open that following them all would not end. The verdict is then unknown. */
export class TooManyWays extends Error {
  override readonly name = "TooManyWays";
}

/** Ways that are followed at a time. */
const waysMaxDefault = 1_000;

/** @throws TooManyWays, UnknownCommand */
export function unfold(input: LaneInput): Unfolded {
  return new Unfolding(input).run();
}

/** A way through the calls so far: a state, the node that stands for it, and what changed since that node. */
interface Way {
  readonly model: ModelState;
  /** By key: its version at that node. */
  readonly versions: number[];
  readonly touched: Set<number>;
  node: number;
}

interface Arrival {
  readonly way: Way;
  readonly oddReply: OddReply | undefined;
}

/** A way through some calls of a part, and which outcome of each it took. */
interface Trail {
  readonly way: Way;
  readonly taken: readonly number[];
}

class Unfolding {
  private readonly input: LaneInput;
  private readonly keys: KeyTable;
  private readonly nodes: { parent: number[]; length: number[]; firstChange: number[] };
  private readonly changes: { key: number[]; before: number[]; after: number[] };
  private readonly versions: { digestA: number[]; digestB: number[]; earliestMs: number[]; latestMs: number[] };
  private readonly initialVersions: (number | undefined)[];
  private readonly effective: boolean[];
  private readonly oddAnswers: OddAnswer[];
  private ways: readonly Way[];
  private readonly waysMax: number;
  private readonly openFrom: number;
  /** As it was before the calls that were never answered: where to go on part by part if they turn out to be too many. */
  private atOpenEnd: Unfolding | undefined;
  private isTooMany = false;

  /** @param before where to go on; what it holds is left as it is */
  constructor(input: LaneInput, before?: Unfolding) {
    this.input = input;
    this.waysMax = input.waysMax ?? waysMaxDefault;
    this.openFrom = before?.openFrom ?? openEndOf(input.elements);
    this.atOpenEnd = before?.atOpenEnd;
    this.isTooMany = before?.isTooMany ?? false;
    this.keys = before?.keys.copy() ?? new KeyTable();
    this.nodes = copyLists(before?.nodes ?? { parent: [-1], length: [0], firstChange: [0] });
    this.changes = copyLists(before?.changes ?? { key: [], before: [], after: [] });
    this.versions = copyLists(
      before?.versions ?? { digestA: [0], digestB: [0], earliestMs: [Number.NaN], latestMs: [Number.NaN] },
    );
    this.initialVersions = [...(before?.initialVersions ?? [])];
    this.effective = [...(before?.effective ?? [])];
    this.oddAnswers = [...(before?.oddAnswers ?? [])];
    this.ways = before?.ways.map((way) => this.copyOf(way)) ?? [this.start()];
  }

  run(): Unfolded {
    const { elements, refusalsPossible, hindsight } = this.input;
    while (this.effective.length < elements.length) {
      if (refusalsPossible && this.effective.length === this.openFrom)
        this.atOpenEnd ??= new Unfolding(this.input, this);
      if (!this.follow()) break;
      if (this.ways.length <= this.waysMax) continue;
      const end = this.atOpenEnd;
      if (end === undefined || hindsight !== undefined) throw this.tooMany();
      end.isTooMany = true;
      return end.unfolded();
    }
    return this.unfolded();
  }

  /** Goes on where it ended early. */
  private goOn(hindsight: Hindsight, wanted: Wanted): Unfolded {
    const goingOn = new Unfolding({ ...this.input, hindsight }, this);
    try {
      return this.isTooMany ? goingOn.partByPart(wanted) : goingOn.run();
    } catch (error) {
      if (!(error instanceof TooManyWays) || this.atOpenEnd === undefined) throw error;
      return new Unfolding({ ...this.input, hindsight }, this.atOpenEnd).partByPart(wanted);
    }
  }

  private unfolded(): Unfolded {
    const { keys, nodes, changes, versions, initialVersions, effective, oddAnswers } = this;
    return {
      keys,
      nodes: { ...nodes, firstChange: [...nodes.firstChange, changes.key.length] },
      changes,
      versions,
      initialVersions,
      effective,
      oddAnswers,
      followed: effective.length,
      goOn: (hindsight, wanted) => this.goOn(hindsight, wanted),
    };
  }

  private tooMany(): TooManyWays {
    return new TooManyWays(`client ${this.input.client}: its calls may have gone more than ${this.waysMax} ways`);
  }

  // ── The open end, part by part ──────────────────────────────────────────────────────────────────────────────────

  /** One way from each that led to the open end, which is explained by the same lengths as all of them (open-end.ts). */
  private partByPart(wanted: Wanted): Unfolded {
    const { elements } = this.input;
    const from = this.effective.length;
    const parts = partsOf(elements, from);
    if (parts === undefined) throw this.tooMany();
    const found = this.ways.map((way) => parts.map((part) => this.earliestWay(way, part, wanted)));
    for (let index = from; index < elements.length; index++) {
      const element = elements[index] as Element;
      const chosen = this.ways.map((way, nth) => {
        const taken = found[nth]?.find((each) => each?.has(index))?.get(index) ?? 0;
        return (this.advance(way, element)[taken] as Arrival).way;
      });
      this.effective.push(chosen.map((way) => this.commit(way, index + 1)).includes(true));
      this.ways = chosen;
    }
    // A choice among members hangs on what else is held: what was found part by part must be there in the end.
    for (const [nth, way] of this.ways.entries()) {
      if (parts.some((part, at) => found[nth]?.[at] !== undefined && !this.isWanted(way, part.keys, wanted))) {
        throw this.tooMany();
      }
    }
    return this.unfolded();
  }

  /**
   * By the index of each call of a part: which of its outcomes leads to what came back, as early as it can be; behind that,
   * none takes effect. Undefined when no way does.
   * @throws TooManyWays
   */
  private earliestWay(from: Way, part: Part, wanted: Wanted): ReadonlyMap<number, number> | undefined {
    const outlook = new Outlook(part, this.input.elements);
    let trails: Trail[] = [{ way: this.copyOf(from), taken: [] }];
    for (const [step, index] of [-1, ...part.members].entries()) {
      if (index >= 0) trails = this.advanceAll(trails, index);
      const arrived = trails.find(({ way }) => this.isWanted(way, part.keys, wanted));
      if (arrived !== undefined) return this.completed(arrived, part.members.slice(step), part);
      trails = trails.filter(({ way }) => this.isPromising(way, part, index, outlook, wanted));
      if (trails.length > this.waysMax) throw this.tooMany();
    }
    return undefined;
  }

  private advanceAll(trails: readonly Trail[], index: number): Trail[] {
    const element = this.input.elements[index] as Element;
    const next = trails.flatMap(({ way, taken }) =>
      this.advance(way, element).map((arrival, outcome): Trail => ({ way: arrival.way, taken: [...taken, outcome] })),
    );
    return [...new Map(next.map((trail) => [this.signatureOf(trail.way), trail])).values()];
  }

  /** What is left of a part takes no effect: the last outcome of each, as `advance` has it. */
  private completed({ way, taken }: Trail, rest: readonly number[], { members }: Part): ReadonlyMap<number, number> {
    const chosen = new Map(taken.map((outcome, step) => [members[step] as number, outcome]));
    for (const index of rest) {
      chosen.set(index, this.advance(this.copyOf(way), this.input.elements[index] as Element).length - 1);
    }
    return chosen;
  }

  private isPromising(way: Way, { keys }: Part, index: number, outlook: Outlook, wanted: Wanted): boolean {
    return [...keys].every((key) => {
      if (outlook.isSettled(key, index)) return this.isWanted(way, [key], wanted);
      if (!outlook.onlyGrows(key, index)) return true;
      return way.model.databaseNumbers(key).every((database) => {
        const entry = way.model.entry(key, database);
        return entry?.deadline !== undefined || begins(entry?.value, wanted.of(database, key)?.value);
      });
    });
  }

  /** Whether what is held under these names, in every database, is what came back; as `isVersion` has it (O4). */
  private isWanted({ model }: Way, names: Iterable<Bytes>, wanted: Wanted): boolean {
    for (const key of names) {
      const databases = new Set([...model.databaseNumbers(key), ...wanted.databasesOf(key)]);
      for (const database of databases) {
        if (!isLike(model.entry(key, database), wanted.of(database, key), wanted)) return false;
      }
    }
    return true;
  }

  private start(): Way {
    const way = this.wayFrom((touched) => new ModelState(this.input.initial, touched), [], 0);
    for (const [database, key] of way.model.keys()) {
      const id = this.keys.idOf(database, key);
      const version = this.versionNow(way, id);
      this.initialVersions[id] = version;
      way.versions[id] = version;
    }
    return way;
  }

  /** @returns false, and nothing has happened, when nobody can say what the next element did without hindsight */
  private follow(): boolean {
    const length = this.effective.length + 1;
    const element = this.input.elements[length - 1] as Element;
    // Only a call without an answer can leave the choice open; what it did by then is undone by taking the copies.
    const mayBeOpen = element.record.completed === undefined && this.input.hindsight === undefined;
    const before = mayBeOpen ? this.ways.map((way) => this.copyOf(way)) : this.ways;
    try {
      this.ways = this.waysOver(element, length);
      return true;
    } catch (error) {
      if (!(error instanceof OpenChoice) || !mayBeOpen) throw error;
      this.ways = before;
      return false;
    }
  }

  private waysOver(element: Element, length: number): Way[] {
    const arrivals = this.ways.flatMap((way) => this.advance(way, element));
    const agreeing = arrivals.filter(({ oddReply }) => oddReply === undefined);
    const oddReply = arrivals[0]?.oddReply;
    if (agreeing.length === 0 && oddReply !== undefined && element.own) {
      this.oddAnswers.push({ record: element.record, oddReply });
    }
    const followed = distinct(agreeing.length > 0 ? agreeing : arrivals, (way) => this.signatureOf(way));
    this.effective.push(followed.map((way) => this.commit(way, length)).includes(true));
    return followed;
  }

  /** Every way that leads on over this element; the given one becomes one of them. */
  private advance(way: Way, element: Element): Arrival[] {
    const byModel = new Map<ModelState, Way>([[way.model, way]]);
    const fork = (model: ModelState): ModelState => {
      const twin = this.copyOf(byModel.get(model) as Way);
      byModel.set(twin.model, twin);
      return twin.model;
    };
    // Without a reply the store may have refused it, if refusing is what it did in this run.
    const unanswered = this.input.refusalsPossible && mayBeRefused(element);
    const untouched = unanswered ? [{ way: byModel.get(fork(way.model)) as Way, oddReply: undefined }] : [];
    const outcomes = runElement(way.model, element, this.input, fork);
    return [...outcomes.map(({ model, oddReply }) => ({ way: byModel.get(model) as Way, oddReply })), ...untouched];
  }

  private copyOf({ model, versions, node, touched }: Way): Way {
    return this.wayFrom((listener) => model.fork(listener), versions, node, touched);
  }

  private wayFrom(
    makeModel: (touched: Touched) => ModelState,
    versions: readonly number[],
    node: number,
    touchedBefore: Iterable<number> = [],
  ): Way {
    const touched = new Set(touchedBefore);
    const model = makeModel((database, key) => touched.add(this.keys.idOf(database, key)));
    return { model, versions: [...versions], touched, node };
  }

  /** Makes the way's state a node. @returns whether anything changed */
  private commit(way: Way, length: number): boolean {
    const { parent, length: lengths, firstChange } = this.nodes;
    parent.push(way.node);
    lengths.push(length);
    way.node = firstChange.push(this.changes.key.length) - 1;
    for (const id of way.touched) {
      const before = way.versions[id] ?? absent;
      const after = this.versionNow(way, id);
      if (after === before) continue;
      this.changes.key.push(id);
      this.changes.before.push(before);
      this.changes.after.push(after);
      way.versions[id] = after;
    }
    way.touched.clear();
    return this.changes.key.length > (firstChange[way.node] as number);
  }

  /** The version of what a key holds now: the one that it had when it is still the same. */
  private versionNow(way: Way, id: number): number {
    const { database, key } = this.keys.nameOf(id);
    const entry = way.model.entry(key, database);
    if (entry === undefined) return absent;
    const { digestA, digestB, earliestMs, latestMs } = this.versions;
    const [a, b] = [entry.value.digestA(), entry.value.digestB()];
    const [earliest, latest] = [entry.deadline?.earliestMs ?? Number.NaN, entry.deadline?.latestMs ?? Number.NaN];
    const before = way.versions[id] ?? absent;
    const same =
      before !== absent &&
      digestA[before] === a &&
      digestB[before] === b &&
      Object.is(earliestMs[before], earliest) &&
      Object.is(latestMs[before], latest);
    if (same) return before;
    digestA.push(a);
    digestB.push(b);
    earliestMs.push(earliest);
    return latestMs.push(latest) - 1;
  }

  /** Two ways with the same signature hold the same and stand in the same database. */
  private signatureOf({ model }: Way): string {
    let sumA = 0;
    let sumB = 0;
    for (const [database, key, { value, deadline }] of model.keys()) {
      const place = this.keys.idOf(database, key);
      const until = join(numberDigest(deadline?.earliestMs ?? -1), numberDigest(deadline?.latestMs ?? -1));
      sumA = (sumA + join(place, join(value.digestA(), until))) | 0;
      sumB = (sumB + join(place, join(value.digestB(), until))) | 0;
    }
    return `${sumA} ${sumB} ${model.database}`;
  }
}

function isLike(held: Entry | undefined, wanted: WantedEntry | undefined, { readAtWallMs, deadlineErrorMs }: Wanted) {
  const { earliestMs, latestMs } = held?.deadline ?? { earliestMs: Number.NaN, latestMs: Number.NaN };
  if (held === undefined || wanted === undefined) return held === wanted || (!wanted && earliestMs <= readAtWallMs);
  const { value, deadlineMs = Number.NaN } = wanted;
  if (held.value.digestA() !== value.digestA() || held.value.digestB() !== value.digestB()) return false;
  if (Number.isNaN(earliestMs) || Number.isNaN(deadlineMs))
    return Number.isNaN(earliestMs) === Number.isNaN(deadlineMs);
  return deadlineMs >= earliestMs - deadlineErrorMs && deadlineMs <= latestMs + deadlineErrorMs;
}

/** One of those that came to the same state: they have the same future. */
function distinct(arrivals: readonly Arrival[], signatureOf: (way: Way) => string): Way[] {
  const [first] = arrivals;
  if (arrivals.length === 1) return [(first as Arrival).way];
  return [...new Map(arrivals.map(({ way }) => [signatureOf(way), way])).values()];
}

function copyLists<T extends Readonly<Record<string, readonly number[]>>>(lists: T): { [Name in keyof T]: number[] } {
  const copies = Object.entries(lists).map(([name, list]) => [name, [...list]]);
  return Object.fromEntries(copies) as { [Name in keyof T]: number[] };
}
