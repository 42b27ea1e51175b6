/**
 * Which prefixes of a lane explain a state that changes little by little, as it does along a log: what `explain` works out
 * anew for every state, kept up to date at the price of what has changed.
 *
 *     key a     node 0–3: –     4–9: v1    10–…: v2           runs: where in the lane the key is which version
 *     a is v1   every node outside 4–9 has one mismatch more
 *     a := v2   4–9 each one more, 10–… each one less         and nothing else has to be looked at
 *
 * Deadlines are taken as far away (O4): whoever walks near ones must not ask here.
 */
import type { Entry } from "../operations/model-state.ts";
import type { LengthRanges } from "./explain.ts";
import { absent, type Lane } from "./lane.ts";

/** Nodes `from` up to and without `to` have this version of a key. */
interface Run {
  readonly from: number;
  readonly to: number;
  readonly version: number;
}

const noRuns: readonly Run[] = [];

export class LaneWalk {
  /** Up to this length the lane is one line; beyond it nothing is known here. */
  readonly knownLength: number;
  private readonly lane: Lane;
  /** By key. */
  private readonly absentRuns: Run[][];
  /** By key, by the value's digest. */
  private readonly runsOfValue: Map<number, Run[]>[];
  /** By key: the runs that match at present. */
  private readonly matching: (readonly Run[])[];
  /** By node: keys that do not match. */
  private readonly mismatches: Int32Array;
  private readonly explaining = new Set<number>();
  private ranges: LengthRanges | undefined;

  constructor(lane: Lane) {
    this.lane = lane;
    const { keys, nodes } = lane.unfolded;
    const fork = nodes.parent.findIndex((parent, node) => parent !== node - 1);
    const count = fork < 0 ? nodes.parent.length : fork;
    this.knownLength = count - 1;
    this.absentRuns = Array.from({ length: keys.size }, () => []);
    this.runsOfValue = Array.from({ length: keys.size }, () => new Map<number, Run[]>());
    this.matching = Array.from({ length: keys.size }, () => noRuns);
    this.mismatches = new Int32Array(count).fill(keys.size);
    // Where no client ever held a key, every prefix explains that there is none.
    if (keys.size === 0) for (let node = 0; node < count; node++) this.explaining.add(node);
    this.gatherRuns(count);
    for (let key = 0; key < keys.size; key++) this.match(key, this.absentRuns[key] as Run[]);
  }

  /** The state holds this under the key now; undefined: nothing. */
  set(key: number, entry: Entry | undefined): void {
    this.match(key, entry === undefined ? (this.absentRuns[key] as Run[]) : this.runsLike(key, entry));
  }

  /** The lengths that explain the state as it is. */
  lengths(): LengthRanges {
    this.ranges ??= rangesOf([...this.explaining].sort((one, other) => one - other));
    return this.ranges;
  }

  private match(key: number, runs: readonly Run[]): void {
    const { mismatches, explaining } = this;
    for (const { from, to } of this.matching[key] as readonly Run[]) {
      for (let node = from; node < to; node++) {
        if (mismatches[node] === 0) explaining.delete(node);
        mismatches[node] = (mismatches[node] as number) + 1;
      }
    }
    for (const { from, to } of runs) {
      for (let node = from; node < to; node++) {
        const count = (mismatches[node] as number) - 1;
        mismatches[node] = count;
        if (count === 0) explaining.add(node);
      }
    }
    this.matching[key] = runs;
    this.ranges = undefined;
  }

  private runsLike(key: number, { value, deadline }: Entry): readonly Run[] {
    const { digestB, earliestMs, latestMs } = this.lane.unfolded.versions;
    const alike = this.runsOfValue[key]?.get(value.digestA()) ?? noRuns;
    const other = value.digestB();
    return alike.filter(({ version }) => {
      if (digestB[version] !== other) return false;
      const from = earliestMs[version] as number;
      if (deadline === undefined || Number.isNaN(from)) return deadline === undefined && Number.isNaN(from);
      return deadline.earliestMs >= from && deadline.latestMs <= (latestMs[version] as number);
    });
  }

  private gatherRuns(nodeCount: number): void {
    const { keys, nodes, changes, initialVersions } = this.lane.unfolded;
    const since = new Int32Array(keys.size);
    const version = Int32Array.from({ length: keys.size }, (_, key) => initialVersions[key] ?? absent);
    for (let node = 1; node < nodeCount; node++) {
      const end = nodes.firstChange[node + 1] as number;
      for (let change = nodes.firstChange[node] as number; change < end; change++) {
        const key = changes.key[change] as number;
        this.addRun(key, { from: since[key] as number, to: node, version: version[key] as number });
        since[key] = node;
        version[key] = changes.after[change] as number;
      }
    }
    for (let key = 0; key < keys.size; key++) {
      this.addRun(key, { from: since[key] as number, to: nodeCount, version: version[key] as number });
    }
  }

  private addRun(key: number, run: Run): void {
    if (run.from === run.to) return;
    if (run.version === absent) {
      this.absentRuns[key]?.push(run);
      return;
    }
    const runs = this.runsOfValue[key] as Map<number, Run[]>;
    const digest = this.lane.unfolded.versions.digestA[run.version] as number;
    const alike = runs.get(digest);
    if (alike === undefined) runs.set(digest, [run]);
    else alike.push(run);
  }
}

function rangesOf(lengths: readonly number[]): LengthRanges {
  const ranges: number[] = [];
  for (const length of lengths) {
    if (ranges.length > 0 && ranges[ranges.length - 1] === length - 1) ranges[ranges.length - 1] = length;
    else ranges.push(length, length);
  }
  return Int32Array.from(ranges);
}
