/** `lossbound compare`: presets, and stores, side by side: what each costs and what each loses. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import type { Command } from "commander";
import type { Comparison } from "../../reports/comparison.ts";
import { comparisonCsv, comparisonMarkdown, comparisonText } from "../../reports/comparison-tables.ts";
import { worst } from "../../reports/outcome.ts";
import { comparisonPage } from "../../reports/page/comparison-page.ts";
import { hint } from "../../scenarios/suggest.ts";
import { type Contender, comparePresets } from "../compare/compare.ts";
import { ownVersion } from "../package.ts";
import { targetKindOf } from "../targets/targets.ts";
import { Exit, type ExitCode, exitCodeOf, exitCodes } from "./exit.ts";
import { collected, lengthOfTimeMs, seedText } from "./options.ts";
import { Results } from "./results.ts";
import { drawSeed } from "./run-all.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Verb } from "./verb.ts";

interface CompareOptions {
  readonly preset: readonly string[];
  readonly target?: readonly string[];
  readonly time: number;
  readonly seed?: string;
  readonly reporter?: readonly string[];
  readonly out: string;
  readonly json?: true;
}

const renderers: Readonly<Record<string, (comparison: Comparison) => string>> = {
  text: comparisonText,
  json: (comparison) => `${JSON.stringify(comparison, null, 2)}\n`,
  markdown: comparisonMarkdown,
  csv: comparisonCsv,
  html: comparisonPage,
};

export const compare: Verb = {
  name: "compare",
  add(program: Command, surroundings: Surroundings, ends: (code: ExitCode) => void): void {
    program
      .command("compare")
      .summary("presets side by side: what each costs, what each loses")
      .description(
        "Runs the same clients, calls and crashes under each preset, in turns, and shows them side by side: throughput, latency, losses at a kill and at power loss, recovery, disk.",
      )
      .requiredOption("--preset <name>", "one to compare; given several times", collected)
      .option("--target <store>", "the store, or several (default: bundled)", collected)
      .option("--time <length>", "for all together, like 2m", lengthOfTimeMs, 120_000)
      .option("--seed <text>", "draw all choices from it (default: a new one, printed)", seedText)
      .option("--reporter <name[=file]>", "text, json, markdown, csv or html; may be given several times", collected)
      .option("--out <dir>", "where results are kept", "results")
      .option("--json", "the comparison on stdout, and nothing else there")
      .addHelpText("after", examples)
      .action(async (options: CompareOptions) => {
        ends(await compareAll(options, surroundings));
      });
  },
};

const examples = `
Examples:
  lossbound compare --preset always --preset everysec --preset os-decides --preset rdb-only --time 2m
  lossbound compare --preset everysec --target bundled --target /usr/bin/redis-server --reporter markdown=compare.md
`;

async function compareAll(options: CompareOptions, around: Surroundings): Promise<ExitCode> {
  const contenders = contendersOf(options, around);
  const outputs = outputsOf(options);
  const startedAt = around.now();
  const results = Results.begin(options.out, "compare", startedAt);
  const seed = options.seed ?? drawSeed();
  around.err.stream.write(`lossbound ${ownVersion()}  comparing ${contenders.length}  seed ${seed}\n`);
  try {
    const entries = await comparePresets(
      { contenders, seed, timeMs: options.time, bundlesDir: results.bundlesDir, signal: around.interruption },
      around.runScenario,
      { begins: (what) => around.err.stream.write(`${what}\n`) },
    );
    const interrupted = around.interruption.aborted;
    const comparison: Comparison = {
      schema: "lossbound/comparison@1",
      version: ownVersion(),
      seed,
      startedAt: startedAt.toISOString(),
      durationMs: around.now().getTime() - startedAt.getTime(),
      interrupted,
      entries,
    };
    results.writeComparison(renderers.json?.(comparison) ?? "", comparisonPage(comparison));
    for (const { render, file } of outputs) {
      if (file === undefined) around.out.stream.write(render(comparison));
      else writeOutput(file, render(comparison), around);
    }
    if (options.json !== true) around.err.stream.write(`page     ${path.join(results.dir, "report.html")}\n`);
    return interrupted ? exitCodes.interrupted : exitCodeOf(worst(entries.map(({ verdict }) => verdict)), 0);
  } catch (error) {
    results.abandon();
    throw error;
  }
}

/** Each preset on each target. A pair that cannot be is told before anything is started. */
function contendersOf({ preset, target }: CompareOptions, { catalogue }: Surroundings): Contender[] {
  const targets = [...new Set(target ?? ["bundled"])];
  const presets = [...new Set(preset)].map((name) => catalogue.preset(name));
  return targets.flatMap((name) =>
    presets.map((each) => {
      const kind = targetKindOf(name);
      if (each.targets.includes(kind)) return { target: name, preset: each };
      const needs = `it needs a target that is ${each.targets.join(" or ")}, and ${name} is ${kind}`;
      throw new Exit(exitCodes.unable, `preset ${each.name}: ${needs}`);
    }),
  );
}

interface Output {
  readonly render: (comparison: Comparison) => string;
  readonly file?: string;
}

function outputsOf({ reporter = [], json }: CompareOptions): Output[] {
  const named = reporter.map((wanted): Output => {
    const [, name = "", file] = /^([^=]*)(?:=(.*))?$/s.exec(wanted) ?? [];
    const render = renderers[name];
    if (render === undefined || !Object.hasOwn(renderers, name)) {
      throw new Exit(exitCodes.usage, `there is no such form ${name}: ${hint(name, Object.keys(renderers))}`);
    }
    if (file === "") throw new Exit(exitCodes.usage, `expected a file after ${name}=`);
    return { render, ...(file !== undefined && { file }) };
  });
  const toStdout = named.filter(({ file }) => file === undefined).length + (json === true ? 1 : 0);
  if (toStdout > 1)
    throw new Exit(exitCodes.usage, "only one form can go to stdout: give the others a file, like csv=a.csv");
  if (json === true) return [...named, { render: renderers.json as Output["render"] }];
  return toStdout === 1 ? named : [...named, { render: comparisonText }];
}

function writeOutput(file: string, text: string, { err }: Surroundings): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    err.stream.write(`${file} was not written: ${(error as Error).message}\n`);
  }
}
