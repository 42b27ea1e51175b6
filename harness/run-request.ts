/**
 * The contract between whoever asks for runs (the command line, an API, a test) and the engine that does them: one
 * scenario with one preset on one target, all its cycles, becomes one entry of the outcome's `runs`.
 */
import type { RunDetail } from "../reports/detail.ts";
import type { Run } from "../reports/outcome.ts";
import type { Preset } from "../scenarios/preset.ts";
import type { Budget, Scenario } from "../scenarios/scenario.ts";
import type { FilesystemName } from "./block/filesystems.ts";
import type { FindingKind } from "./oracle/checker.ts";
import type { RunParts, Shard } from "./shard.ts";

export interface RunRequest {
  readonly scenario: Scenario;
  readonly preset: Preset;
  /** As `--target` takes it: `bundled`, a path, `docker:IMAGE`. */
  readonly target: string;
  /** All choices of this run come from it; each cycle has a substream of its own. */
  readonly seed: string;
  readonly budget: Budget;
  /** Cycles at a time. */
  readonly jobs: number;
  /** End after this many violated cycles; absent: go on until the budget is used. */
  readonly failuresMax?: number;
  /** Where bundles of findings go, and recordings that are kept; exists. */
  readonly bundlesDir: string;
  /** Of power cuts: what the disk may keep; absent: as the scenario says. */
  readonly models?: readonly string[];
  /** Of power cuts: a real file system under the store, on a recorded disk; absent: the models alone. */
  readonly filesystem?: FilesystemName;
  /** Explore this one, which was kept by an earlier run, instead of making new ones. */
  readonly recording?: string;
  /** Leave recordings beside the bundles, to be explored again. */
  readonly keepRecordings?: boolean;
  /** Only the cycles of this shard; absent: all. */
  readonly shard?: Shard;
  /** Say of each cycle by itself what came of it, to be joined to that of other shards. */
  readonly tallies?: boolean;
  /** Leave the folders of the store behind, for somebody who wants to look. */
  readonly keep: boolean;
  /** When it fires, the run ends early, cleans up after itself and returns what it has so far. */
  readonly signal: AbortSignal;
}

/** Told as it happens; for progress, never for judgement. */
export interface RunWatch {
  cycleEnded(cycle: CycleSummary): void;
  /** Of power cuts, whose cycles are long: a crash state was judged, and this of it fails the run; mostly nothing. */
  judged?(failing: readonly FindingKind[]): void;
}

export interface CycleSummary {
  /** Counted from 1. */
  readonly done: number;
  /** Absent when the budget is a length of time. */
  readonly total?: number;
  readonly acked: number;
  readonly verdict: Run["verdict"];
  /** Kinds of what was found in it beyond the documented level. */
  readonly kinds: readonly FindingKind[];
}

export interface RunResult {
  readonly run: Run;
  /** As the store says itself, e.g. `redis-server` and `7.0.15`. */
  readonly target: { readonly name: string; readonly version: string };
  /** Kills that were judged: the n of every interval (N4). */
  readonly cycles: number;
  /** Cycles with a finding that fails the run. */
  readonly cyclesViolated: number;
  /** What the page draws: crash map, timelines, distributions. */
  readonly detail?: RunDetail;
  /** Each cycle by itself, and whose; there when it was asked for. */
  readonly parts?: RunParts;
  /** Where the folders of the store are, when they were to be kept. */
  readonly kept?: string;
}

/** @throws TargetUnavailable when this machine or target cannot do it: exit 3 with the reason, never a silent skip. */
export type RunScenario = (request: RunRequest, watch: RunWatch) => Promise<RunResult>;
