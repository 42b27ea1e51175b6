/** One pair handed to the engine. What the engine itself cannot do becomes a verdict, and never ends the night. */
import { outcomeFault } from "../../scenarios/scenario.ts";
import type { FilesystemName } from "../block/filesystems.ts";
import { VolumeUnavailable } from "../disk/volume.ts";
import type { RunRequest, RunResult, RunWatch } from "../run-request.ts";
import type { Shard } from "../shard.ts";
import { TargetUnavailable } from "../targets/target.ts";
import { unknownRun } from "./assemble.ts";
import type { Pair } from "./selection.ts";
import type { Surroundings } from "./surroundings.ts";

export interface Common {
  readonly seed: string;
  readonly bundlesDir: string;
  readonly jobs: number;
  readonly failuresMax: number | undefined;
  readonly keep: boolean;
  readonly models: readonly string[] | undefined;
  readonly filesystem: FilesystemName | undefined;
  readonly recording: string | undefined;
  readonly keepRecordings: boolean;
  readonly shard: Shard | undefined;
  /** For a blob. */
  readonly tallies: boolean;
}

/** @throws TargetUnavailable: the next pair on this target could not be run either */
export async function runPair(
  { scenario, preset, target, budget }: Pair,
  common: Common,
  progress: RunWatch,
  { runScenario, interruption, err }: Surroundings,
): Promise<RunResult> {
  const { failuresMax, models, filesystem, recording, shard, ...always } = common;
  const request: RunRequest = {
    scenario,
    preset,
    target,
    budget,
    ...always,
    ...(failuresMax !== undefined && { failuresMax }),
    ...(models !== undefined && { models }),
    ...(filesystem !== undefined && { filesystem }),
    ...(recording !== undefined && { recording }),
    ...(shard !== undefined && { shard }),
    signal: interruption,
  };
  try {
    return await runScenario(request, progress);
  } catch (error) {
    if (error instanceof TargetUnavailable || error instanceof VolumeUnavailable) throw error;
    // An exception means that the harness could not do its work: unknown, with the reason.
    const trouble = error instanceof Error ? error : new Error(String(error));
    err.stream.write(`${trouble.stack ?? trouble.message}\n`);
    const of = {
      scenario: scenario.name,
      preset: preset.name,
      target,
      seed: common.seed,
      fault: outcomeFault(scenario.fault),
    };
    return {
      run: unknownRun(of, `the harness could not do its work: ${trouble.message}`),
      target: { name: target, version: "" },
      cycles: 0,
      cyclesViolated: 0,
    };
  }
}
