/**
 * Why no prefix of one lane explains what came back. The prefix that comes nearest is taken as the place where the run
 * was; each key that is wrong there is then stale, ahead, of the future, or of no time at all:
 *
 *     versions of a key      –    v1        v2              v3
 *     lengths                0────3─────────8───────────────14──────▶
 *     nearest prefix                              ↑ 11
 *     came back as           v1: stale: the call at 8 is lost         v3: ahead: the call at 14 was kept, older ones not
 */
import type { ModelEntry } from "../operations/model.ts";
import type { ModelState } from "../operations/model-state.ts";
import type { CallRecord } from "../recording/history.ts";
import type { StampNs } from "../recording/stamp.ts";
import { type Contradiction, laws, type ToldCall } from "./contradiction.ts";
import { describeCall, describeEntry, describeKey, describeText, type StoryKey } from "./describe.ts";
import type { ServedStart } from "./evidence.ts";
import { countMismatches } from "./explain.ts";
import type { KeyName } from "./key-table.ts";
import { absent, type Lane } from "./lane.ts";
import { findOmission, type Omission } from "./omission.ts";
import { nobody } from "./ownership.ts";
import { hasValue, isVersion, type LaneReading } from "./reading.ts";

const keysShownMax = 4;
/** Of keys whose value belongs to no time, so many are searched for the requests that would explain them. */
const keysSearchedMax = 3;

interface Change {
  readonly key: number;
  readonly before: number;
  readonly after: number;
}

/** From this length on the key has this version, on the path that is looked at. */
interface Period {
  readonly fromLength: number;
  readonly version: number;
  readonly recovered: boolean;
}

/** Of nodes that come equally near, so many of each length are looked at, and so many in all. */
const nodesOfLengthMax = 2;
const nodesComparedMax = 12;

/** The most telling name: of several places that the run may have reached, one may say more than another. */
export function diagnoseLane(lane: Lane, reading: LaneReading, served: ServedStart, endNs: StampNs): Contradiction {
  const view: LaneView = { lane, reading, served, endNs };
  const names = nearestNodes(view).map((node) => new LaneDiagnosis(view, node).name());
  return names.find(({ kind }) => kind !== "wrong-value") ?? (names[0] as Contradiction);
}

interface LaneView {
  readonly lane: Lane;
  readonly reading: LaneReading;
  readonly served: ServedStart;
  readonly endNs: StampNs;
}

function isRecovered({ lane, reading, served }: LaneView, key: number, version: number): boolean {
  return isVersion(lane, reading, served, key, version);
}

/** Whether what came back has the version's value, whatever its deadline. */
function holdsValue(view: LaneView, key: number, version: number): boolean {
  if (version === absent || view.reading.present[key] === 0) return isRecovered(view, key, version);
  return hasValue(view.lane, view.reading, key, version);
}

/**
 * The nodes that come nearest: those beyond the cut that explain everything; else the fewest wrong keys, and of those the
 * fewest wrong values, deadlines aside. First the latest that was acked, because what is missing is then an older call;
 * last those that assume a call to have run which was never answered.
 */
function nearestNodes(view: LaneView): number[] {
  const { lane, endNs } = view;
  const { length } = lane.unfolded.nodes;
  const wrongKeys = countMismatches(lane, (key, version) => isRecovered(view, key, version));
  const wrongValues = countMismatches(lane, (key, version) => holdsValue(view, key, version));
  const limit = lane.lengthAt(endNs);
  let nearest: number[] = [];
  for (let node = 0; node < length.length; node++) {
    if ((length[node] as number) > limit && wrongKeys[node] !== 0) continue;
    const other = nearest[0] ?? node;
    const order =
      (wrongKeys[node] as number) - (wrongKeys[other] as number) ||
      (wrongValues[node] as number) - (wrongValues[other] as number);
    if (order < 0) nearest = [node];
    else if (order === 0) nearest.push(node);
  }
  const acked = 1 + lane.input.elements.findLastIndex(({ record }) => (record.completed?.ns ?? Infinity) <= endNs);
  const distance = (node: number) => {
    const beyond = (length[node] as number) - acked;
    return beyond > 0 ? lane.length + beyond : -beyond;
  };
  nearest.sort((one, other) => distance(one) - distance(other));
  const isOneOfFew = (node: number, index: number) => length[nearest[index - nodesOfLengthMax] ?? -1] !== length[node];
  return nearest.filter(isOneOfFew).slice(0, nodesComparedMax);
}

class LaneDiagnosis {
  private readonly view: LaneView;
  private readonly lane: Lane;
  private readonly reading: LaneReading;
  /** The length of the longest prefix that had been invoked by the cut. */
  private readonly limit: number;
  /** The length of the prefix that comes nearest. */
  private readonly length: number;
  /** A prefix explains everything, and it is longer than the limit. */
  private readonly explainedLater: boolean;
  /** By length: the node on the way that is looked at, up to the end of the lane. */
  private readonly path: readonly number[];
  private readonly periods: ReadonlyMap<number, readonly Period[]>;
  private readonly wrong: readonly number[];
  private expected: ModelState | undefined;

  constructor(view: LaneView, nearest: number) {
    this.view = view;
    this.lane = view.lane;
    this.reading = view.reading;
    this.limit = view.lane.lengthAt(view.endNs);
    const length = view.lane.unfolded.nodes.length[nearest] as number;
    this.explainedLater = length > this.limit;
    this.length = Math.min(length, this.limit);
    this.path = this.pathThrough(nearest);
    this.periods = this.findPeriods();
    this.wrong = [...this.periods.keys()].filter((key) => !this.periodAt(key, this.length).recovered);
  }

  name(): Contradiction {
    return (
      this.fromTheFuture() ??
      this.deadlinesOnly() ??
      this.partlyApplied() ??
      this.olderLostNewerKept() ??
      this.ofNoTime(this.wrong.filter((key) => !this.wasEverRecovered(key)))
    );
  }

  // ── Names ───────────────────────────────────────────────────────────────────────────────────────────────────────

  private deadlinesOnly(): Contradiction | undefined {
    // A deadline that only a later call gives shows that call, and is no mistake of its own.
    const onlyDeadline = (key: number) =>
      holdsValue(this.view, key, this.periodAt(key, this.length).version) && this.recoveredAfter(key) === undefined;
    if (!this.wrong.every(onlyDeadline)) return undefined;
    return this.wrongDeadline(this.wrong[0] as number);
  }

  private wrongDeadline(key: number): Contradiction {
    const lost = Number.isNaN(this.reading.deadlineMs[key] as number);
    const gained = Number.isNaN(
      this.lane.unfolded.versions.earliestMs[this.periodAt(key, this.length).version] as number,
    );
    const what = lost ? "lost its deadline" : gained ? "has a deadline that nobody gave it" : "has another deadline";
    return this.contradiction("wrong-value", "deadline", `${this.describe(key)} ${what}`, [
      ...this.lastChange(key, "wrong"),
    ]);
  }

  /** A call shows on one of its keys, and not on another. */
  private partlyApplied(): Contradiction | undefined {
    for (const key of this.wrong) {
      // A stale key misses the call that ended its period; one that is ahead shows the call that began it.
      const missing = this.looksAhead(key) ? undefined : this.recoveredBefore(key)?.endLength;
      const shown = this.changesAt(missing).find(
        (change) => change.key !== key && this.showsChange(change) && this.isLastUpToHere(change.key, missing),
      );
      if (missing !== undefined && shown !== undefined) return this.halfOf(missing, shown.key, key);
      if (missing !== undefined) continue;
      const begun = this.recoveredAfter(key)?.fromLength;
      const unshown = this.changesAt(begun).find((change) => change.key !== key && this.lacksChange(change));
      if (begun !== undefined && unshown !== undefined) return this.halfOf(begun, key, unshown.key);
    }
    return undefined;
  }

  private halfOf(length: number, shown: number, missing: number): Contradiction {
    const record = this.recordAt(length);
    const message = `${describeCall(record.call)} was applied in part: ${this.describe(shown)} has it, ${this.describe(missing)} has not`;
    return {
      ...this.contradiction("half-transaction", record.call.transaction ? "transaction" : "command", message, [
        { record, fate: "wrong" },
      ]),
      laws: [laws.whole],
    };
  }

  /** A longer prefix than the cut allows explains all of it. */
  private fromTheFuture(): Contradiction | undefined {
    if (!this.explainedLater) return undefined;
    const key = this.wrong.find((candidate) => this.recoveredAfter(candidate) !== undefined) as number;
    const record = this.recordAt((this.recoveredAfter(key) as Period).fromLength);
    const message = `${this.describe(key)} came back as ${describeCall(record.call)} left it, which had not been sent by then`;
    return {
      ...this.contradiction("phantom", "future", message, [{ record, fate: "wrong" }]),
      laws: [laws.authorship],
    };
  }

  private olderLostNewerKept(): Contradiction | undefined {
    const stale = this.wrong.filter((key) => this.recoveredBefore(key) !== undefined && !this.looksAhead(key));
    const [key] = stale;
    if (key === undefined) return this.newerKept();
    const lost = this.recordAt((this.recoveredBefore(key) as { endLength: number }).endLength);
    const isBack = (candidate: number) =>
      this.reading.present[candidate] === 1 && this.periodAt(candidate, this.length).version === absent;
    const kind = this.wrong.every(isBack) ? "resurrection" : "hole";
    return this.hole(kind, key, lost, this.newestShown(lost));
  }

  /** What came back is nearly an old prefix, but for keys that show a newer call. */
  private newerKept(): Contradiction | undefined {
    const key = this.wrong.find((candidate) => this.recoveredAfter(candidate) !== undefined);
    if (key === undefined) return undefined;
    const keptLength = (this.recoveredAfter(key) as Period).fromLength;
    const lost = [];
    for (let length = this.length + 1; length < keptLength; length++) {
      if (this.changesAt(length).some((change) => !this.showsChange(change))) lost.push(length);
    }
    const [first = keptLength] = lost;
    const onlyRemovals = lost.every((length) => this.changesAt(length).every(({ after }) => after === absent));
    const kind = onlyRemovals && lost.length > 0 ? "resurrection" : "hole";
    return this.hole(kind, key, this.recordAt(first), this.recordAt(keptLength));
  }

  private hole(kind: "hole" | "resurrection", key: number, lost: CallRecord, kept?: CallRecord): Contradiction {
    const keeping = kept === undefined ? "newer calls were kept" : `the newer ${describeCall(kept.call)} was kept`;
    const message =
      kind === "resurrection"
        ? `${this.describe(key)} is back: ${describeCall(lost.call)} is lost, and ${keeping}`
        : `${describeCall(lost.call)} is lost, and ${keeping}`;
    return {
      ...this.contradiction(kind, "calls of one client", message, [
        { record: lost, fate: "lost" },
        ...(kept === undefined ? [] : [{ record: kept, fate: "kept" } as const]),
      ]),
      laws: [laws.prefix],
    };
  }

  /** Keys that hold what they never held at the end of a call. */
  private ofNoTime(keys: readonly number[]): Contradiction {
    const [odd] = keys.filter((key) =>
      this.periods.get(key)?.some(({ version }) => holdsValue(this.view, key, version)),
    );
    if (odd !== undefined) return this.wrongDeadline(odd);
    for (const key of keys.slice(0, keysSearchedMax)) {
      const omission = this.searchOmission(key);
      if (omission === undefined) continue;
      if (!omission.wholeCalls || this.showsElsewhere(omission, key)) {
        const message = `${this.describe(key)} holds what ${describeCall(omission.lost.call)} leaves when it is applied in part`;
        return {
          ...this.contradiction(
            "half-transaction",
            omission.lost.call.transaction ? "transaction" : "command",
            message,
            [{ record: omission.lost, fate: "wrong" }],
          ),
          laws: [laws.whole],
        };
      }
      return this.hole("hole", key, omission.lost, omission.kept);
    }
    const key = (keys[0] ?? this.wrong[0]) as number;
    if (this.reading.present[key] === 0) {
      const message = `${this.describe(key)} is gone, and nobody had removed it`;
      return this.contradiction("hole", "initial state", message, []);
    }
    const message = `${this.describe(key)} holds what no prefix of its calls gives`;
    return this.contradiction("wrong-value", this.typeOf(key), message, this.lastChange(key, "wrong"));
  }

  private searchOmission(key: number): Omission | undefined {
    const name = this.lane.unfolded.keys.nameOf(key);
    const { present, digestA, digestB } = this.reading;
    return findOmission(this.lane, name, this.limit, (state: ModelState) => {
      const entry = state.entry(name.key, name.database);
      if (entry === undefined) return present[key] === 0;
      return present[key] === 1 && entry.value.digestA() === digestA[key] && entry.value.digestB() === digestB[key];
    });
  }

  /** Whether the call that seems lost to this key shows on another one. */
  private showsElsewhere({ lost }: Omission, key: number): boolean {
    const index = this.lane.input.elements.findIndex(({ record }) => record.id === lost.id);
    return this.changesAt(index + 1).some((change) => change.key !== key && this.showsChange(change));
  }

  // ── The way that is looked at ───────────────────────────────────────────────────────────────────────────────────

  private pathThrough(node: number): number[] {
    const { parent, length } = this.lane.unfolded.nodes;
    const path: number[] = [];
    for (let up = node; up >= 0; up = parent[up] as number) path[length[up] as number] = up;
    let last = node;
    for (let next = node + 1; next < parent.length; next++) {
      if (parent[next] !== last) continue;
      path.push(next);
      last = next;
    }
    return path;
  }

  private findPeriods(): ReadonlyMap<number, readonly Period[]> {
    const { keys, initialVersions } = this.lane.unfolded;
    const period = (key: number, fromLength: number, version: number): Period => ({
      fromLength,
      version,
      recovered: isRecovered(this.view, key, version),
    });
    const periods = new Map<number, Period[]>();
    for (let key = 0; key < keys.size; key++) periods.set(key, [period(key, 0, initialVersions[key] ?? absent)]);
    for (let length = 1; length < this.path.length; length++) {
      for (const { key, after } of this.changesAt(length)) periods.get(key)?.push(period(key, length, after));
    }
    return periods;
  }

  /** What the element that leads to this length changed. */
  private changesAt(length: number | undefined): Change[] {
    const { nodes, changes } = this.lane.unfolded;
    const node = length === undefined ? undefined : this.path[length];
    if (node === undefined) return [];
    const [first, end] = [nodes.firstChange[node] as number, nodes.firstChange[node + 1] as number];
    return Array.from({ length: end - first }, (_, index) => ({
      key: changes.key[first + index] as number,
      before: changes.before[first + index] as number,
      after: changes.after[first + index] as number,
    }));
  }

  private periodAt(key: number, length: number): Period {
    return this.periods.get(key)?.findLast(({ fromLength }) => fromLength <= length) as Period;
  }

  /** The last time before the nearest prefix at which the key was as it came back; where that ended. */
  private recoveredBefore(key: number): { readonly endLength: number } | undefined {
    const periods = this.periods.get(key) as readonly Period[];
    const index = periods.findLastIndex(({ fromLength, recovered }) => recovered && fromLength <= this.length);
    return index < 0 ? undefined : { endLength: (periods[index + 1] as Period).fromLength };
  }

  /**
   * The key looks as an older call left it, and as a newer one does: it is ahead when that one is the nearer of the two,
   * and was answered.
   */
  private looksAhead(key: number): boolean {
    const [before, after] = [this.recoveredBefore(key), this.recoveredAfter(key)];
    if (before === undefined || after === undefined) return after !== undefined;
    const answered = (this.recordAt(after.fromLength).completed?.ns ?? Number.POSITIVE_INFINITY) <= this.view.endNs;
    return answered && after.fromLength - this.length < this.length - before.endLength + 1;
  }

  /** The first time after the nearest prefix at which the key is as it came back. */
  private recoveredAfter(key: number): Period | undefined {
    return this.periods.get(key)?.find(({ fromLength, recovered }) => recovered && fromLength > this.length);
  }

  private wasEverRecovered(key: number): boolean {
    return this.periods.get(key)?.some(({ recovered }) => recovered) === true;
  }

  /** Whether the change is to be seen: what came back is what it left, and not what was there before. */
  private showsChange({ key, before, after }: Change): boolean {
    return isRecovered(this.view, key, after) && !isRecovered(this.view, key, before);
  }

  /** Whether what came back is what was there before the change. */
  private lacksChange({ key, before, after }: Change): boolean {
    return isRecovered(this.view, key, before) && !isRecovered(this.view, key, after);
  }

  /** Whether nothing changed the key between that length and the nearest prefix. */
  private isLastUpToHere(key: number, length: number | undefined): boolean {
    return this.periodAt(key, this.length).fromLength === length;
  }

  /** The newest call up to the nearest prefix that is to be seen, if it is newer than the lost one. */
  private newestShown(lost: CallRecord): CallRecord | undefined {
    for (let length = this.length; length > 0; length--) {
      const record = this.recordAt(length);
      if (record.id === lost.id) return undefined;
      if (this.changesAt(length).some((change) => this.showsChange(change))) return record;
    }
    return undefined;
  }

  private recordAt(length: number): CallRecord {
    return this.lane.elementAt(length - 1).record;
  }

  // ── Telling ─────────────────────────────────────────────────────────────────────────────────────────────────────

  private contradiction(
    kind: Contradiction["kind"],
    trait: string,
    message: string,
    calls: readonly ToldCall[],
  ): Contradiction {
    const who = this.lane.client === nobody ? "nobody's key" : `client ${this.lane.client}`;
    return {
      kind,
      trait,
      message: `${who}: ${message}`,
      calls,
      keys: this.wrong.slice(0, keysShownMax).map((key) => this.storyKey(key)),
      laws: [laws.prefix],
    };
  }

  private lastChange(key: number, fate: ToldCall["fate"]): ToldCall[] {
    const { fromLength } = this.periodAt(key, this.length);
    return fromLength === 0 ? [] : [{ record: this.recordAt(fromLength), fate }];
  }

  private describe(key: number): string {
    return describeKey(this.lane.unfolded.keys.nameOf(key));
  }

  private typeOf(key: number): string {
    const entry = this.recoveredEntry(this.lane.unfolded.keys.nameOf(key));
    return entry?.value.type ?? "nothing";
  }

  private recoveredEntry({ database, key }: KeyName): ModelEntry | undefined {
    return this.view.served.state.get(database)?.get(key);
  }

  private storyKey(key: number): StoryKey {
    const name = this.lane.unfolded.keys.nameOf(key);
    this.expected ??= this.lane.stateAt(this.length);
    return {
      database: name.database,
      key: describeText(name.key),
      expected: describeEntry(this.expected.plainEntry(name.key, name.database)),
      recovered: describeEntry(this.recoveredEntry(name)),
    };
  }
}
