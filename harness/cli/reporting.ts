/**
 * Where reports go: `--reporter NAME` to stdout, `--reporter NAME=FILE` to a file, `--json` the outcome to stdout. On
 * GitHub the summary of the step and its annotations come by themselves, the latter on stderr, which is read for them too.
 */
import { appendFileSync, writeFileSync } from "node:fs";
import { annotations, github } from "../../reports/github.ts";
import { json } from "../../reports/json.ts";
import { wantsColour } from "../../reports/paint.ts";
import { type Report, type Reporter, render } from "../../reports/reporter.ts";
import { reporters } from "../../reports/reporters.ts";
import { text } from "../../reports/text.ts";
import { hint } from "../../scenarios/suggest.ts";
import { Exit, exitCodes } from "./exit.ts";
import type { Surroundings } from "./surroundings.ts";

export interface Destination {
  readonly reporter: Reporter;
  /** Absent: stdout. */
  readonly file?: string;
  /** What is there already is somebody else's, and stays. */
  readonly appends?: true;
}

/**
 * stdout always has exactly one report: the one that was asked for, or the text.
 * @throws Exit for a reporter that does not exist, or two that want stdout
 */
export function destinations(
  wanted: readonly string[],
  asJson: boolean,
  environment: NodeJS.ProcessEnv,
): Destination[] {
  const named = wanted.map(destination);
  const toStdout = named.filter(({ file, reporter }) => file === undefined && reporter.fileName === undefined);
  if (toStdout.length + (asJson ? 1 : 0) > 1) {
    throw new Exit(exitCodes.usage, "only one report can go to stdout: give the others a file, like junit=night.xml");
  }
  const all = toStdout.length === 1 ? named : [...named, { reporter: asJson ? json : text }];
  const summary = environment.GITHUB_ACTIONS === "true" ? environment.GITHUB_STEP_SUMMARY : undefined;
  return summary === undefined ? all : [...all, { reporter: github, file: summary, appends: true }];
}

function destination(wanted: string): Destination {
  const [, name = "", file] = /^([^=]*)(?:=(.*))?$/s.exec(wanted) ?? [];
  const reporter = reporters.find((each) => each.name === name);
  if (reporter === undefined) {
    const known = reporters.map((each) => each.name);
    throw new Exit(exitCodes.usage, `there is no reporter ${name}: ${hint(name, known)}`);
  }
  if (file === "") throw new Exit(exitCodes.usage, `expected a file after ${name}=`);
  return { reporter, ...(file !== undefined && { file }) };
}

export function deliver(outputs: readonly Destination[], report: Report, around: Surroundings): void {
  const { out, err, environment } = around;
  for (const { reporter, file = reporter.fileName?.(report), appends } of outputs) {
    const style = {
      colour: file === undefined && wantsColour(environment, out.isTerminal),
      columns: file === undefined ? Math.max(60, Math.min(out.columns, 120)) : 100,
    };
    const rendered = render(reporter, report, style);
    if ("trouble" in rendered) err.stream.write(`${rendered.trouble}\n`);
    else if (file === undefined) out.stream.write(rendered.text);
    else writeReport(file, rendered.text, appends === true, err.stream);
  }
  if (environment.GITHUB_ACTIONS === "true") err.stream.write(annotations(report));
}

/** The verdict stands, and is on stdout and in outcome.json, also when a file cannot be written. */
function writeReport(file: string, text: string, appends: boolean, err: NodeJS.WritableStream): void {
  try {
    if (appends) appendFileSync(file, text);
    else writeFileSync(file, text);
  } catch (error) {
    err.write(`${file} was not written: ${(error as Error).message}\n`);
  }
}
