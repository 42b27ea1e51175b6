/** From the runs of one command to its outcome document. */
import { availableParallelism, release, type } from "node:os";
import { type Outcome, type Run, worst } from "../../reports/outcome.ts";
import { ownVersion } from "../package.ts";
import type { RunResult } from "../run-request.ts";
import { rateUpper95 } from "../statistics.ts";

export interface Doing {
  readonly seed: string;
  readonly startedAt: Date;
  readonly endedAt: Date;
  /** Pairs that were to be run. Fewer results: it was interrupted, and what was not run is not known. */
  readonly pairs: number;
}

export function assemble(doing: Doing, results: readonly RunResult[]): Outcome {
  const runs = results.map(({ run }) => run);
  const cycles = sum(results, ({ cycles: count }) => count);
  const violated = sum(results, ({ cyclesViolated }) => cyclesViolated);
  const verdicts = runs.map(({ verdict }) => verdict);
  return {
    schema: "lossbound/outcome@1",
    version: ownVersion(),
    seed: doing.seed,
    verdict: worst(runs.length < doing.pairs ? [...verdicts, "unknown"] : verdicts),
    startedAt: doing.startedAt.toISOString(),
    durationMs: doing.endedAt.getTime() - doing.startedAt.getTime(),
    environment: {
      node: process.versions.node,
      os: `${type()} ${release()}`,
      cores: availableParallelism(),
      targets: targetsOf(results),
    },
    runs,
    statistics: {
      recordings: sum(results, ({ run, cycles: count }) => (run.engine === "live" ? 0 : count)),
      kills: sum(results, ({ run, cycles: count }) => (run.fault === "kill" ? count : 0)),
      crashStates: sum(runs, (run) => run.crashStates.judged),
      violations: violated,
      rateUpper95: rateUpper95(violated, cycles),
    },
  };
}

/** The run of a pair for which the harness could not do its work: unknown, with the reason, and nothing measured. */
export function unknownRun(of: Pick<Run, "scenario" | "preset" | "target" | "seed" | "fault">, why: string): Run {
  return {
    scenario: of.scenario,
    preset: of.preset,
    target: of.target,
    seed: of.seed,
    verdict: "unknown",
    why,
    fault: of.fault,
    engine: "live",
    calls: { invoked: 0, acked: 0, refused: 0, indeterminate: 0 },
    crashStates: { considered: 0, distinct: 0, judged: 0, booted: 0, perSecond: 0 },
    models: [],
    promises: [],
    loss: { ackedMax: 0, ageMsMedian: 0, ageMsP99: 0, ageMsMax: 0, longestSyncMs: 0, longestStallMs: 0 },
    recovery: { msMedian: 0, msMax: 0, refusals: 0 },
    windows: [],
    recordingDigest: "",
    findings: [],
  };
}

function targetsOf(results: readonly RunResult[]): Outcome["environment"]["targets"] {
  const targets = new Map(results.map(({ target }) => [`${target.name} ${target.version}`, target]));
  return [...targets.values()].map(({ name, version }) => ({ name, version }));
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}
