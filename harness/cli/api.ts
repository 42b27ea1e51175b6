/**
 * lossbound in somebody's own tests: `import { run } from "lossbound"`.
 *
 *     import { assertHeld, run } from "lossbound";
 *
 *     it("keeps what it acked when it is killed", async () => {
 *       assertHeld(await run({ scenarios: "kill/random", preset: "always", target: "/usr/bin/redis-server", runs: 5 }));
 *     });
 *
 * It does what `lossbound run` does with the same words, writes the same result to the same place, and prints nothing. A
 * mistake in the words, or a machine that cannot do it, is an exception; a broken promise is a verdict.
 */
import { availableParallelism } from "node:os";
import { Writable } from "node:stream";
import type { Outcome } from "../../reports/outcome.ts";
import { type Expectation, plain, type Report } from "../../reports/reporter.ts";
import { text } from "../../reports/text.ts";
import { Catalogue } from "../../scenarios/catalogue.ts";
import { durationMs } from "../../scenarios/fields.ts";
import { replayBundle } from "../replay.ts";
import { runScenario } from "../run.ts";
import { askForVolume } from "./left-out.ts";
import { perform } from "./run-all.ts";
import type { RunOptions } from "./run-options.ts";
import type { Channel } from "./surroundings.ts";

export type { Finding, Outcome, Run, VerdictName } from "../../reports/outcome.ts";
export type { Expectation } from "../../reports/reporter.ts";

/** What to run; all of it is as on the command line of `lossbound run`. */
export interface RunWishes {
  /** Names, groups or YAML files. Default: the group `smoke`. */
  readonly scenarios?: string | readonly string[];
  /** Names or YAML files. Default: those of the scenarios. */
  readonly preset?: string | readonly string[];
  /** `bundled`, `simulated`, the path of an executable, or `docker:IMAGE`. Default: the scenario's. */
  readonly target?: string;
  /** Draws all choices. Default: a new one, which is in the outcome. */
  readonly seed?: string;
  /** Cycles with each preset. Default: as the scenario says. */
  readonly runs?: number;
  /** How long with each preset: milliseconds, or a text like `60s`. */
  readonly time?: number | string;
  /** Stores at a time. Default: one for each core. */
  readonly jobs?: number;
  /** Of power cuts: what the disk may keep. */
  readonly models?: readonly string[];
  /** Crashes in a row. */
  readonly chain?: number;
  /** Ends after so many violated cycles. */
  readonly failuresMax?: number;
  /** Where the result is kept. Default: `results`. */
  readonly out?: string;
  /** Ends the run early; what was found so far is the result. */
  readonly signal?: AbortSignal;
  /** Told what `lossbound run` prints on stderr, a line each. */
  readonly onProgress?: (line: string) => void;
}

export interface RunOutcome {
  /** True when nothing was violated, everything was tested, and every expectation of the scenarios was met. */
  readonly held: boolean;
  /** The document that `--json` prints. */
  readonly outcome: Outcome;
  /** The scenarios' own thresholds, each met or missed. */
  readonly expectations: readonly Expectation[];
  /** Where the outcome was written. */
  readonly outcomeFile: string;
  /** True when the signal ended it. */
  readonly interrupted: boolean;
  /** What `lossbound run` prints: plain text, for the message of a failed test. */
  readonly report: string;
}

/**
 * Runs scenarios and judges what comes back.
 * @throws RangeError for a length of time that is none; what `lossbound run` exits 2, 3 and 4 for, with its message
 */
export async function run(wishes: RunWishes = {}): Promise<RunOutcome> {
  const { scenarios = "smoke", signal = new AbortController().signal, onProgress = () => undefined } = wishes;
  const silent: Channel = { stream: new Lines(() => undefined), isTerminal: false, columns: plain.columns };
  const report = await perform(listOf(scenarios), optionsOf(wishes), {
    catalogue: new Catalogue(),
    runScenario,
    replayBundle,
    askForVolume,
    out: silent,
    err: { ...silent, stream: new Lines(onProgress) },
    environment: {},
    now: () => new Date(),
    interruption: signal,
  });
  return outcomeOf(report);
}

/**
 * For the last line of a test.
 * @throws Error whose message is the report, unless all held
 */
export function assertHeld({ held, report }: RunOutcome): void {
  if (!held) throw new Error(`\n${report}`);
}

function outcomeOf(report: Report): RunOutcome {
  const { outcome, expectations, outcomeFile, interrupted } = report;
  const held = outcome.verdict === "held" && !interrupted && expectations.every(({ met }) => met);
  return { held, outcome, expectations, outcomeFile, interrupted, report: text.render(report, plain) };
}

function optionsOf(wishes: RunWishes): RunOptions {
  const { preset, target, seed, runs, time, jobs, models, chain, failuresMax, out = "results" } = wishes;
  return {
    out,
    jobs: jobs ?? availableParallelism(),
    ...(preset !== undefined && { preset: listOf(preset) }),
    ...(target !== undefined && { target }),
    ...(seed !== undefined && { seed }),
    ...(runs !== undefined && { runs }),
    ...(time !== undefined && { time: lengthOf(time) }),
    ...(models !== undefined && { model: models }),
    ...(chain !== undefined && { chain }),
    ...(failuresMax !== undefined && { maxFailures: failuresMax }),
  };
}

function lengthOf(time: number | string): number {
  const ms = typeof time === "number" ? time : durationMs(time);
  if (ms === undefined || !(ms > 0)) throw new RangeError(`${time} is no length of time: expected one like 60s, or ms`);
  return ms;
}

const listOf = (one: string | readonly string[]): readonly string[] => (typeof one === "string" ? [one] : one);

/** A stream that hands on what is written to it, line by line. */
class Lines extends Writable {
  private readonly tell: (line: string) => void;

  constructor(tell: (line: string) => void) {
    super();
    this.tell = tell;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    for (const line of chunk.toString().split("\n")) if (line !== "") this.tell(line);
    done();
  }
}
