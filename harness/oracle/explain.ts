/**
 * Which prefixes explain a recovered state, and where the run was when it was saved.
 *
 *     explain        each lane by itself: the lengths at which the model equals what came back
 *     greatestCut    one length for each lane, so that real time is respected:
 *
 *         client 0   ──[a]────────────────┊──        if a ended before b began
 *         client 1   ────────────[b]──┊──────        and b was kept, then a was kept
 *
 * Of all such choices there is a greatest one (O2): where two choices are lawful, so is the greater of them in each lane.
 * It is the recovery point. An explanation does not depend on when the run was cut, so one state can be held against
 * many cuts; a cut only forbids what had not been invoked by then.
 */
import type { StampNs } from "../recording/stamp.ts";
import type { ServedStart } from "./evidence.ts";
import { absent, type Lane } from "./lane.ts";
import type { Lanes } from "./lanes.ts";
import { isVersion, type LaneReading, type Reading } from "./reading.ts";

/** Ranges of lengths, rising, as pairs: from, to, from, to … both inclusive. */
export type LengthRanges = Int32Array;

export interface Explanation {
  readonly reading: Reading;
  /** In the order of the lanes; empty where no prefix explains what came back. */
  readonly lengths: readonly LengthRanges[];
}

export function explain(lanes: Lanes, reading: Reading): Explanation {
  const lengths = lanes.lanes.map((lane, index) =>
    explainingLengths(lane, reading.lanes[index] as LaneReading, reading.served),
  );
  return { reading, lengths };
}

function explainingLengths(lane: Lane, reading: LaneReading, served: ServedStart): LengthRanges {
  const mismatches = countMismatches(lane, (key, version) => isVersion(lane, reading, served, key, version));
  const { length } = lane.unfolded.nodes;
  const explains = new Uint8Array(lane.length + 1);
  for (let node = 0; node < mismatches.length; node++) {
    if (mismatches[node] === 0) explains[length[node] as number] = 1;
  }
  return rangesOf(explains);
}

/** By node: how many of the lane's keys hold there what does not match. */
export function countMismatches(lane: Lane, matches: (key: number, version: number) => boolean): Int32Array {
  const { keys, nodes, changes, initialVersions } = lane.unfolded;
  const mismatches = new Int32Array(nodes.parent.length);
  let atStart = 0;
  for (let key = 0; key < keys.size; key++) {
    if (!matches(key, initialVersions[key] ?? absent)) atStart++;
  }
  mismatches[0] = atStart;
  for (let node = 1; node < mismatches.length; node++) {
    let count = mismatches[nodes.parent[node] as number] as number;
    const end = nodes.firstChange[node + 1] as number;
    for (let change = nodes.firstChange[node] as number; change < end; change++) {
      const key = changes.key[change] as number;
      if (!matches(key, changes.before[change] as number)) count--;
      if (!matches(key, changes.after[change] as number)) count++;
    }
    mismatches[node] = count;
  }
  return mismatches;
}

function rangesOf(marks: Uint8Array): LengthRanges {
  const ranges: number[] = [];
  for (let length = 0; length < marks.length; length++) {
    if (marks[length] === 0) continue;
    if (ranges.length > 0 && ranges[ranges.length - 1] === length - 1) ranges[ranges.length - 1] = length;
    else ranges.push(length, length);
  }
  return Int32Array.from(ranges);
}

// ── The greatest cut ──────────────────────────────────────────────────────────────────────────────────────────────

export type Cut =
  | { readonly kind: "found"; readonly lengths: Int32Array }
  /** By the cut's end no prefix of that lane gives what came back. */
  | { readonly kind: "unexplained"; readonly lane: number }
  /** Each lane can be explained, but not all together: an element was lost that was over before a kept one began. */
  | { readonly kind: "disordered"; readonly lost: LanePlace; readonly kept: LanePlace };

export interface LanePlace {
  readonly lane: number;
  readonly index: number;
}

/** The greatest choice of lengths that explains the state with calls invoked up to `endNs`, and respects real time. */
export function greatestCut(lanes: Lanes, explanation: Pick<Explanation, "lengths">, endNs: StampNs): Cut {
  const count = lanes.lanes.length;
  const lengths = new Int32Array(count);
  for (let index = 0; index < count; index++) {
    const longest = greatestUpTo(
      explanation.lengths[index] as LengthRanges,
      (lanes.lanes[index] as Lane).lengthAt(endNs),
    );
    if (longest < 0) return { kind: "unexplained", lane: index };
    lengths[index] = longest;
  }
  // Shorten what was kept too much, until nothing is kept that began after something lost was over.
  for (;;) {
    const first = firstLost(lanes, lengths);
    let shortened = false;
    for (let index = 0; index < count; index++) {
      const lane = lanes.lanes[index] as Lane;
      const length = lengths[index] as number;
      if (length === 0 || (lane.invokedNs[length - 1] as number) <= first.settledNs) continue;
      const shorter = greatestUpTo(explanation.lengths[index] as LengthRanges, lane.lengthAt(first.settledNs));
      if (shorter < 0) return disorder(explanation, lengths, first.lane, index);
      lengths[index] = shorter;
      shortened = true;
    }
    if (!shortened) return { kind: "found", lengths };
  }
}

function firstLost(lanes: Lanes, lengths: Int32Array): { readonly lane: number; readonly settledNs: StampNs } {
  let lane = -1;
  let settledNs = Number.POSITIVE_INFINITY;
  for (let index = 0; index < lengths.length; index++) {
    const stamp = (lanes.lanes[index] as Lane).firstLostNs[lengths[index] as number] as number;
    if (stamp < settledNs) {
      settledNs = stamp;
      lane = index;
    }
  }
  return { lane, settledNs };
}

/** The shortest explanation of the one lane holds more than the longest of the other allows. */
function disorder(
  explanation: Pick<Explanation, "lengths">,
  lengths: Int32Array,
  lostLane: number,
  keptLane: number,
): Cut {
  const shortest = (explanation.lengths[keptLane] as LengthRanges)[0] as number;
  return {
    kind: "disordered",
    lost: { lane: lostLane, index: lengths[lostLane] as number },
    kept: { lane: keptLane, index: shortest - 1 },
  };
}

/** −1 when there is none. */
function greatestUpTo(ranges: LengthRanges, limit: number): number {
  for (let index = ranges.length - 2; index >= 0; index -= 2) {
    const from = ranges[index] as number;
    if (from <= limit) return Math.min(limit, ranges[index + 1] as number);
  }
  return -1;
}
