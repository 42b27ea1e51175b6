/**
 * A shard: one of several machines that share a night. Cycles are dealt out by number, and each draws from a substream of
 * the seed that has its number: so no two shards play the same, and all together play what one machine would have.
 *
 *     --runs 10   cycle   1 2 3 4 5 6 7 8 9 10
 *     shard 1/4           ●       ●       ●
 *     shard 2/4             ●       ●       ●
 */
import type { RunDetail } from "../reports/detail.ts";
import type { Scenario } from "../scenarios/scenario.ts";
import type { Explorable } from "./explore/explorable.ts";
import type { ExplorationTally } from "./explore/exploration-tally.ts";
import type { RunTally } from "./run-summary.ts";
import type { StoreIdentity } from "./targets/target.ts";

export interface Shard {
  /** Counted from 1. */
  readonly index: number;
  readonly count: number;
}

export const wholeNight: Shard = { index: 1, count: 1 };

/** How many of the first so many cycles are of this shard. */
export function cyclesOf({ index, count }: Shard, runs: number): number {
  return Number.isFinite(runs) ? Math.floor((runs - index) / count) + 1 : runs;
}

/** What a shard hands on of one run: enough to add it up with the others', and to know that it is the same run. */
export interface RunParts {
  readonly title: PartTitle;
  readonly cycles: readonly CyclePart[];
}

export interface PartTitle {
  readonly scenario: Scenario;
  readonly preset: string;
  readonly target: string;
  readonly seed: string;
  readonly engine: "live" | Explorable["engine"];
  /** Names of disk models; none where nothing was explored. */
  readonly models: readonly string[];
  readonly filesystem: string;
  readonly store: StoreIdentity;
  /** On which known findings were held against their last day. */
  readonly todayIso: string;
}

export interface CyclePart {
  /** Counted from 1, over all shards. */
  readonly cycle: number;
  readonly tally: RunTally | ExplorationTally;
  /** What the page draws of it; absent where the shard as a whole has it. */
  readonly detail?: RunDetail;
}
