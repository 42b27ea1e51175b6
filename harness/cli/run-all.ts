/**
 * What `lossbound run` and `lossbound explore` do, and whoever imports `run`: selects pairs of scenario and preset, runs
 * them one after the other, and reports.
 *
 *     words → pairs → (engine: a run each) → outcome.json → report on stdout → exit code
 *
 * Everything that can be refused is refused before the first store is started.
 */
import { randomBytes } from "node:crypto";
import path from "node:path";
import { blob } from "../../reports/blob.ts";
import type { Detail } from "../../reports/detail.ts";
import type { Trials } from "../../reports/nights.ts";
import type { Outcome } from "../../reports/outcome.ts";
import { BarProgress, LineProgress, type Progress } from "../../reports/progress.ts";
import type { Expectation, Report } from "../../reports/reporter.ts";
import { counted } from "../../reports/words.ts";
import type { Scenario } from "../../scenarios/scenario.ts";
import type { FilesystemName } from "../block/filesystems.ts";
import { ownVersion } from "../package.ts";
import type { CycleSummary, RunResult, RunWatch } from "../run-request.ts";
import { cyclesOf as cyclesOfShard, type Shard, wholeNight } from "../shard.ts";
import { targetKindOf } from "../targets/targets.ts";
import { assemble } from "./assemble.ts";
import { composeWish } from "./compose.ts";
import { Exit, type ExitCode, exitCodeOf, exitCodes } from "./exit.ts";
import { expectationsOf } from "./expectations.ts";
import { withoutMissingVolumes } from "./left-out.ts";
import { deliver, destinations } from "./reporting.ts";
import { nightsUpTo, Results } from "./results.ts";
import type { RunOptions } from "./run-options.ts";
import { runPair } from "./run-pair.ts";
import { type Pair, type Selection, select } from "./selection.ts";
import type { Surroundings } from "./surroundings.ts";

/** What another verb knows better than the command line. */
export interface Wish {
  readonly names?: readonly string[];
  readonly presets?: readonly string[];
  readonly target?: string;
  readonly seed?: string;
  readonly filesystem?: FilesystemName;
  readonly recording?: string;
  readonly keepRecordings?: boolean;
}

/** Runs, and tells: on stdout, in files, and by the exit code. */
export async function runAll(
  names: readonly string[],
  options: RunOptions,
  around: Surroundings,
  wish: Wish = {},
): Promise<ExitCode> {
  const outputs = destinations(options.reporter ?? [], options.json === true, around.environment);
  const report = await perform(names, options, around, wish);
  deliver(outputs, report, around);
  if (report.interrupted) return exitCodes.interrupted;
  return exitCodeOf(report.outcome.verdict, missed(report.expectations));
}

/** Runs, and leaves the result in its folder. @throws BadFile, UnknownName, Exit, TargetUnavailable, VolumeUnavailable */
export async function perform(
  names: readonly string[],
  options: RunOptions,
  around: Surroundings,
  wish: Wish = {},
): Promise<Report> {
  const compose = await composeWish(wish.names ?? names, options, around);
  const wished = select(
    {
      names: wish.names ?? names,
      presets: options.preset ?? (compose === undefined ? (wish.presets ?? []) : [compose.preset.name]),
      target: compose?.target ?? options.target ?? wish.target,
    },
    around.catalogue,
  );
  const selection = adjusted(await withoutMissingVolumes(wished, around.askForVolume), options);
  refuseFilesystem(selection, options);
  refuseShard(options, wish);
  const startedAt = around.now();
  const results = Results.begin(options.out, whatIsRun(wish.names ?? names), startedAt);
  const seed = options.seed ?? wish.seed ?? drawSeed();
  announce(selection, seed, options.shard, around);

  const common = {
    seed,
    bundlesDir: results.bundlesDir,
    jobs: options.jobs,
    failuresMax: options.maxFailures,
    keep: options.keep === true,
    models: options.model,
    filesystem: options.filesystem ?? wish.filesystem,
    recording: wish.recording,
    keepRecordings: wish.keepRecordings === true,
    shard: options.shard,
    tallies: (options.reporter ?? []).some((wanted) => wanted.split("=")[0] === blob.name),
  };
  const doing = { seed, startedAt, pairs: selection.pairs.length };
  const done: RunResult[] = [];
  const kept: string[] = [];
  const trials: Trials[] = [];
  const assembled = (): Outcome => assemble({ ...doing, endedAt: around.now() }, done);
  const progress = progressOf(selection.pairs, options.shard, around);
  try {
    for (const pair of selection.pairs) {
      if (around.interruption.aborted) break;
      progress.runBegins({ scenario: pair.scenario.name, preset: pair.preset.name, target: pair.target });
      const detection = new Detection(progress, () => around.now().getTime());
      const result = await runPair(pair, common, detection, around);
      const { cycles, cyclesViolated } = result;
      trials.push({ cycles, cyclesViolated, detectedMs: detection.afterMs });
      if (result.kept !== undefined) kept.push(result.kept);
      done.push(result);
      results.write(assembled());
      progress.runEnded(result.run.verdict);
    }
  } catch (error) {
    if (done.length === 0) results.abandon();
    throw error;
  } finally {
    progress.end();
  }

  for (const folder of kept) around.err.stream.write(`kept: ${folder}\n`);
  const outcome = assembled();
  results.write(outcome);
  if (options.retain !== undefined) results.retain(options.retain);
  const expectations = done.flatMap(({ run: of }, index) => expectationsOf(of, scenarioOf(selection.pairs, index)));
  const interrupted = around.interruption.aborted;
  const runs = done.flatMap(({ detail: of }) => of ?? []);
  const detail: Detail = { schema: "lossbound/detail@1", interrupted, expectations, runs };
  results.writeDetail(detail);
  results.appendNight(outcome, trials);
  const { nights } = nightsUpTo(results.dir, outcome.startedAt);
  return {
    ...{ outcome, detail, nights, expectations, outcomeFile: results.outcomeFile, interrupted },
    ...(options.shard !== undefined && { shard: options.shard }),
    ...(common.tallies && { parts: done }),
  };
}

/** Watches over one run: how long it took until the first cycle was violated. */
class Detection implements RunWatch {
  afterMs: number | null = null;
  private readonly progress: Progress;
  private readonly nowMs: () => number;
  private readonly startedMs: number;

  constructor(progress: Progress, nowMs: () => number) {
    this.progress = progress;
    this.nowMs = nowMs;
    this.startedMs = nowMs();
  }

  cycleEnded(cycle: CycleSummary): void {
    if (cycle.verdict === "violated") this.afterMs ??= this.nowMs() - this.startedMs;
    this.progress.cycleEnded(cycle);
  }
}

/** What the command line says comes before what the scenario says. */
function adjusted(selection: Selection, options: RunOptions): Selection {
  const { runs, time, recovery, chain } = options;
  const budget = {
    ...(runs !== undefined && { runs }),
    ...(time !== undefined && { timeMs: time }),
  };
  const pairs = selection.pairs.map((pair) => {
    const { fault } = pair.scenario;
    // In a container nothing outlives its first process, so there a process dies with its tree, whatever a scenario likes.
    const scope = options.scope ?? (targetKindOf(pair.target) === "container" ? "tree" : undefined);
    const scenario: Scenario = {
      ...pair.scenario,
      fault: scope === undefined || fault.kind !== "kill" ? fault : { ...fault, scope },
      recovery: recovery ?? pair.scenario.recovery,
      chain: chain ?? pair.scenario.chain,
    };
    return { ...pair, scenario, budget: Object.keys(budget).length > 0 ? budget : pair.budget };
  });
  return { ...selection, pairs };
}

/** Names the folder of the results: `smoke`, `kill-random`, `my-night`. */
function whatIsRun(names: readonly string[]): string {
  return names.map((name) => (/\.ya?ml$/.test(name) ? path.parse(name).name : name)).join("+");
}

/** Short enough to be read out over a telephone, long enough never to meet again. */
export function drawSeed(): string {
  return randomBytes(6).toString("hex");
}

function announce({ pairs, leftOut }: Selection, seed: string, shard: Shard | undefined, { err }: Surroundings): void {
  const cycles = cyclesOf(pairs, shard);
  const what = `${counted(pairs.length, "run")}${cycles === undefined ? "" : `, ${counted(cycles, "cycle")}`}${shard === undefined ? "" : `  shard ${shard.index}/${shard.count}`}`;
  const lines = [`lossbound ${ownVersion()}  ${what}  seed ${seed}`, ...leftOut.map((each) => `left out: ${each}`)];
  err.stream.write(`${lines.join("\n")}\n`);
}

/** How many cycles there will be; undefined when a budget is a length of time. */
function cyclesOf(pairs: readonly Pair[], shard: Shard = wholeNight): number | undefined {
  const counts = pairs.map(({ budget: { runs, timeMs } }) =>
    timeMs === undefined && runs !== undefined ? cyclesOfShard(shard, runs) : undefined,
  );
  return counts.every((count) => count !== undefined) ? counts.reduce((sum, count) => sum + count, 0) : undefined;
}

function progressOf(
  pairs: readonly Pair[],
  shard: Shard | undefined,
  { err, environment, now }: Surroundings,
): Progress {
  const cycles = cyclesOf(pairs, shard);
  const plan = { runs: pairs.length, ...(cycles !== undefined && { cycles }) };
  const drawn = err.isTerminal && environment.TERM !== "dumb" && !environment.CI;
  return drawn ? new BarProgress(err.stream, plan) : new LineProgress(err.stream, plan, () => now().getTime());
}

/** Results come in the order of the pairs. */
function scenarioOf(pairs: readonly Pair[], index: number): Scenario {
  const pair = pairs[index];
  if (pair === undefined) throw new Error("more results than pairs");
  return pair.scenario;
}

export function missed(expectations: readonly Expectation[]): number {
  return expectations.filter(({ met }) => !met).length;
}

/** Each machine would draw a seed of its own, and what they found could not be put together. */
function refuseShard({ shard, seed }: RunOptions, { recording }: Wish): void {
  if (shard === undefined) return;
  if (seed === undefined) throw new Exit(exitCodes.usage, "--shard needs --seed: the same one on every machine");
  if (recording !== undefined) throw new Exit(exitCodes.usage, "one recording cannot be shared by shards");
}

/** Blocks are recorded for power cuts alone: a killed process leaves the same files on any file system. */
function refuseFilesystem({ pairs }: Selection, { filesystem }: RunOptions): void {
  const other =
    filesystem === undefined ? undefined : pairs.find(({ scenario }) => scenario.fault.kind !== "power-cut");
  if (other === undefined) return;
  const { name, fault } = other.scenario;
  throw new Exit(exitCodes.usage, `--filesystem is for power cuts, and ${name} is a ${fault.kind}`);
}
