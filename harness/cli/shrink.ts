/**
 * `lossbound shrink`: from a finding to the smallest plan that still fails in the same way.
 *
 *     1  a smaller one, or the same where nothing can be spared, still fails; its bundle is written
 *     0  the finding is not there any more
 *     5  it did not fail again in the time there was
 */
import { mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { Command } from "commander";
import { paintOf, wantsColour } from "../../reports/paint.ts";
import { counted, harmless, inTime, wrapped } from "../../reports/words.ts";
import type { Failure } from "../shrink/player.ts";
import type { ShrinkRequest, ShrinkResult } from "../shrink.ts";
import { BadToken, isToken, readToken } from "../simulated/token.ts";
import { Exit, type ExitCode, exitCodes } from "./exit.ts";
import { lengthOfTimeMs, wholeNumber } from "./options.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Verb } from "./verb.ts";

interface ShrinkOptions {
  readonly target?: string;
  readonly time: number;
  readonly jobs: number;
  readonly out: string;
  readonly json?: true;
}

const timeMsDefault = 60_000;

export const shrink: Verb = {
  name: "shrink",
  add(program: Command, surroundings: Surroundings, ends: (code: ExitCode) => void): void {
    program
      .command("shrink")
      .summary("find a smaller plan that still fails")
      .description(
        "Leaves out of a finding what it does not need: an earlier crash, fewer lost operations, fewer calls, fewer clients, smaller values, fewer directives. What is left goes into a new bundle.",
      )
      .argument("<token|bundle>", "as a report names it: sim~…, or a file NAME.lossbound")
      .option("--target <store>", "another store (default: the token's or the bundle's)")
      .option(
        "--time <length>",
        "how long to search, like 60s; then the best so far is the answer",
        lengthOfTimeMs,
        timeMsDefault,
      )
      .option("--jobs <n>", "stores started at a time", wholeNumber, availableParallelism())
      .option("--out <dir>", "where the new bundle goes", "results")
      .option("--json", "the answer as one JSON object")
      .addHelpText("after", examples)
      .action(async (what: string, options: ShrinkOptions) => {
        ends(await shrinkAndShow(what, options, surroundings));
      });
  },
};

const examples = `
Examples:
  lossbound shrink results/latest/bundles/kill-random-always-3.lossbound --time 2m
  lossbound shrink sim~0.1.0~simulated/swarm~…           a token, as a report prints it

Exit codes: 1 still fails, and its bundle is written, 0 not there any more, 5 not known
`;

async function shrinkAndShow(what: string, options: ShrinkOptions, around: Surroundings): Promise<ExitCode> {
  const of = sourceOf(what, around);
  makeFolder(options.out);
  const progress = new ShrinkProgress(around);
  // What plays plans is loaded for who wants to play them.
  const { shrinkFinding } = await import("../shrink.ts");
  const result = await shrinkFinding({
    of,
    ...(options.target !== undefined && { target: options.target }),
    timeMs: options.time,
    jobs: options.jobs,
    dir: options.out,
    signal: around.interruption,
    onSmaller: (name, failure) => progress.smaller(name, failure),
  });
  progress.end();
  const { out } = around;
  out.stream.write(options.json ? `${JSON.stringify(asJson(result), null, 2)}\n` : shown(result, around));
  if (around.interruption.aborted) return exitCodes.interrupted;
  if (result.bundle !== undefined) return result.isConfirmed === true ? exitCodes.violated : exitCodes.inconclusive;
  return result.finding === undefined ? exitCodes.held : exitCodes.inconclusive;
}

/** @throws Exit */
function sourceOf(what: string, { catalogue }: Surroundings): ShrinkRequest["of"] {
  if (!isToken(what)) return { bundle: what };
  try {
    const token = readToken(what);
    return { token, scenario: catalogue.scenario(token.scenario).value, preset: catalogue.preset(token.preset) };
  } catch (error) {
    if (error instanceof BadToken) throw new Exit(exitCodes.usage, error.message);
    throw error;
  }
}

function makeFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true });
  } catch (error) {
    throw new Exit(exitCodes.usage, `${dir} cannot be made: ${(error as Error).message}`);
  }
}

/** A line for each smaller one on a terminal's last line; elsewhere one a second, so that a log stays short. */
class ShrinkProgress {
  private readonly around: Surroundings;
  private readonly startedMs: number;
  private saidMs = Number.NEGATIVE_INFINITY;

  constructor(around: Surroundings) {
    this.around = around;
    this.startedMs = around.now().getTime();
  }

  smaller(what: string, { plan, crash }: Failure): void {
    const { err, now } = this.around;
    const nowMs = now().getTime();
    if (!err.isTerminal && nowMs - this.saidMs < 1_000) return;
    this.saidMs = nowMs;
    const calls = plan.links.flatMap(({ clients }) =>
      clients.flatMap(({ batches }) => batches.flatMap((b) => b.calls)),
    );
    const at = crash === undefined ? "" : `, crash point ${crash.pointIndex}`;
    const line = `${inTime(nowMs - this.startedMs).padStart(8)}  ${what}: ${counted(calls.length, "call")}${at}`;
    err.stream.write(err.isTerminal ? `\r${line.padEnd(err.columns - 1)}` : `${line}\n`);
  }

  end(): void {
    const { err } = this.around;
    if (err.isTerminal) err.stream.write(`\r${"".padEnd(err.columns - 1)}\r`);
  }
}

function asJson({ target, store, finding, before, shrunk, bundle, isConfirmed }: ShrinkResult) {
  return {
    stillFails: bundle !== undefined && isConfirmed === true,
    target: { name: target, store: store.name, version: store.version },
    ...(finding !== undefined && { finding }),
    ...(before !== undefined && { before }),
    ...(shrunk !== undefined && {
      after: { size: shrunk.size, ...(shrunk.failure.crash && { crash: shrunk.failure.crash }) },
      plays: shrunk.plays,
      isCutShort: shrunk.isCutShort,
      ...(shrunk.again && { again: shrunk.again }),
    }),
    bundle: bundle ?? "",
  };
}

function shown(result: ShrinkResult, { out, environment }: Surroundings): string {
  const paint = paintOf(wantsColour(environment, out.isTerminal));
  const columns = Math.max(60, Math.min(out.columns, 120));
  const { finding, before, shrunk, target, store } = result;
  const where = harmless(`${target} (${store.name} ${store.version})`);
  if (finding === undefined || before === undefined || shrunk === undefined)
    return `${paint.bold(`Not there any more on ${where}: nothing to make smaller.`)}\n`;
  const rows = [rowOf(before.size, before.crash), rowOf(shrunk.size, shrunk.failure.crash)];
  return [
    paint.bold(harmless(`${finding.kind} on ${where}`)),
    ...wrapped(harmless(finding.message), columns),
    "",
    ...table([
      ["", ...headings],
      ["before", ...(rows[0] ?? [])],
      ["after", ...(rows[1] ?? [])],
    ]),
    "",
    ...requestsOf(shrunk.failure),
    ...wrapped(ending(result), columns),
    "",
  ].join("\n");
}

const headings = ["links", "clients", "calls", "longest value", "events", "directives", "crash point", "lost"];

function rowOf({ links, clients, calls, valueBytesMax, events, directives }: ShrinkSize, crash: Failure["crash"]) {
  const lost = crash?.lostOperations === undefined ? "–" : `${crash.lostOperations}`;
  const numbers = [links, clients, calls, valueBytesMax, events, directives].map(String);
  return [...numbers, crash === undefined ? "–" : `${crash.pointIndex}`, lost];
}

type ShrinkSize = NonNullable<ShrinkResult["before"]>["size"];

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join("  "));
}

/** A handful of calls says more than any number. */
function requestsOf({ plan }: Failure): string[] {
  const calls = plan.links.flatMap(({ clients }) =>
    clients.flatMap(({ batches }, client) => batches.flatMap((batch) => batch.calls.map((call) => ({ client, call })))),
  );
  if (calls.length > 12) return [];
  const lines = calls.map(({ client, call: { requests, transaction } }) => {
    const text = requests.map((request) => request.join(" ")).join("; ");
    return harmless(`  client ${client}  ${transaction ? `MULTI ${text} EXEC` : text}`);
  });
  return [...lines, ""];
}

function ending({ shrunk, bundle, isConfirmed }: ShrinkResult): string {
  const { plays = 0, isCutShort, again } = shrunk ?? {};
  const played = `${counted(plays, "plan")} played${isCutShort ? ", and the time was over" : ""}.`;
  const often = again === undefined ? "" : ` The last one failed in ${again.failed} of ${counted(again.of, "run")}.`;
  if (bundle === undefined) return `${played}${often} Nothing failed again: the finding stays as it is.`;
  const replayed = isConfirmed
    ? `lossbound replay ${bundle}`
    : `${bundle} was written, and a replay did not confirm it`;
  return `${played}${often}\n${replayed}`;
}
