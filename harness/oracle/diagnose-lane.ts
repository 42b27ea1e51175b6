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

export function diagnoseLane(lane: Lane, reading: LaneReading, served: ServedStart, endNs: StampNs): Contradiction {
  return new LaneDiagnosis(lane, reading, served, endNs).name();
}

class LaneDiagnosis {
  private readonly lane: Lane;
  private readonly reading: LaneReading;
  private readonly served: ServedStart;
  /** The length of the longest prefix that had been invoked by the cut. */
  private readonly limit: number;
  /** The length of the prefix that comes nearest. */
  private readonly length: number;
  /** By length: the node on the way that is looked at, up to the end of the lane. */
  private readonly path: readonly number[];
  private readonly periods: ReadonlyMap<number, readonly Period[]>;
  private readonly wrong: readonly number[];
  private expected: ModelState | undefined;

  constructor(lane: Lane, reading: LaneReading, served: ServedStart, endNs: StampNs) {
    this.lane = lane;
    this.reading = reading;
    this.served = served;
    this.limit = lane.lengthAt(endNs);
    const nearest = this.nearestNode();
    this.length = lane.unfolded.nodes.length[nearest] as number;
    this.path = this.pathThrough(nearest);
    this.periods = this.findPeriods();
    this.wrong = [...this.periods.keys()].filter((key) => !this.periodAt(key, this.length).recovered);
  }

  name(): Contradiction {
    return (
      this.deadlinesOnly() ??
      this.partlyApplied() ??
      this.fromTheFuture() ??
      this.olderLostNewerKept() ??
      this.ofNoTime(this.wrong.filter((key) => !this.wasEverRecovered(key)))
    );
  }

  // ── Names ───────────────────────────────────────────────────────────────────────────────────────────────────────

  private deadlinesOnly(): Contradiction | undefined {
    const onlyDeadline = (key: number) => {
      const { version } = this.periodAt(key, this.length);
      return version !== absent && this.reading.present[key] === 1 && hasValue(this.lane, this.reading, key, version);
    };
    if (!this.wrong.every(onlyDeadline)) return undefined;
    const [key] = this.wrong as [number];
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
      const missing = this.recoveredBefore(key)?.endLength;
      const shown = this.changesAt(missing).find(
        (change) => change.key !== key && this.showsChange(change) && this.isLastUpToHere(change.key, missing),
      );
      if (missing !== undefined && shown !== undefined) return this.halfOf(missing, shown.key, key);
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

  private fromTheFuture(): Contradiction | undefined {
    const key = this.wrong.find((candidate) => {
      const after = this.recoveredAfter(candidate);
      return after !== undefined && after.fromLength > this.limit && this.recoveredBefore(candidate) === undefined;
    });
    if (key === undefined) return undefined;
    const record = this.recordAt((this.recoveredAfter(key) as Period).fromLength);
    const message = `${this.describe(key)} came back as ${describeCall(record.call)} left it, which had not been sent by then`;
    return {
      ...this.contradiction("phantom", "future", message, [{ record, fate: "wrong" }]),
      laws: [laws.authorship],
    };
  }

  private olderLostNewerKept(): Contradiction | undefined {
    const stale = this.wrong.filter((key) => this.recoveredBefore(key) !== undefined);
    const ahead = this.wrong.filter((key) => !stale.includes(key) && this.recoveredAfter(key) !== undefined);
    if (stale.length + ahead.length === 0) return undefined;
    const [key = ahead[0] as number] = stale;
    const lost = this.recordAt(
      stale.length > 0 ? (this.recoveredBefore(key) as { endLength: number }).endLength : this.firstUnseen(),
    );
    const kept =
      stale.length > 0 ? this.newestShown(lost) : this.recordAt((this.recoveredAfter(key) as Period).fromLength);
    const isBack = (candidate: number) =>
      this.reading.present[candidate] === 1 && this.periodAt(candidate, this.length).version === absent;
    const resurrected = ahead.length === 0 && stale.every(isBack);
    return this.hole(resurrected ? "resurrection" : "hole", key, lost, kept);
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

  private nearestNode(): number {
    const mismatches = countMismatches(this.lane, this.reading, this.served);
    const { length } = this.lane.unfolded.nodes;
    let nearest = 0;
    for (let node = 0; node < mismatches.length; node++) {
      // Of equally near ones the latest: what is missing from it is then an older call, not a newer one.
      if ((length[node] as number) <= this.limit && (mismatches[node] as number) <= (mismatches[nearest] as number)) {
        nearest = node;
      }
    }
    return nearest;
  }

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
      recovered: this.isRecovered(key, version),
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

  /** The first time after the nearest prefix at which the key is as it came back. */
  private recoveredAfter(key: number): Period | undefined {
    return this.periods.get(key)?.find(({ fromLength, recovered }) => recovered && fromLength > this.length);
  }

  private wasEverRecovered(key: number): boolean {
    return this.periods.get(key)?.some(({ recovered }) => recovered) === true;
  }

  /** Whether the change is to be seen: what came back is what it left, and not what was there before. */
  private showsChange({ key, before, after }: Change): boolean {
    return this.isRecovered(key, after) && !this.isRecovered(key, before);
  }

  /** Whether what came back is what was there before the change. */
  private lacksChange({ key, before, after }: Change): boolean {
    return this.isRecovered(key, before) && !this.isRecovered(key, after);
  }

  private isRecovered(key: number, version: number): boolean {
    return isVersion(this.lane, this.reading, this.served, key, version);
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

  /** The length of the first prefix beyond the nearest whose last call had an effect, which is not to be seen. */
  private firstUnseen(): number {
    for (let length = this.length + 1; length < this.path.length; length++) {
      if (this.changesAt(length).length > 0) return length;
    }
    return this.length;
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
    return this.served.state.get(database)?.get(key);
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
