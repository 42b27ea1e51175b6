/** Where reports go: `--reporter NAME` to stdout, `--reporter NAME=FILE` to a file, `--json` the outcome to stdout. */
import { json } from "../../reports/json.ts";
import type { Reporter } from "../../reports/reporter.ts";
import { reporters } from "../../reports/reporters.ts";
import { text } from "../../reports/text.ts";
import { hint } from "../../scenarios/suggest.ts";
import { Exit, exitCodes } from "./exit.ts";

export interface Destination {
  readonly reporter: Reporter;
  /** Absent: stdout. */
  readonly file?: string;
}

/**
 * stdout always has exactly one report: the one that was asked for, or the text.
 * @throws Exit for a reporter that does not exist, or two that want stdout
 */
export function destinations(wanted: readonly string[], asJson: boolean): Destination[] {
  const named = wanted.map(destination);
  const toStdout = named.filter(({ file }) => file === undefined);
  if (toStdout.length + (asJson ? 1 : 0) > 1) {
    throw new Exit(exitCodes.usage, "only one report can go to stdout: give the others a file, like junit=night.xml");
  }
  if (toStdout.length === 1) return named;
  return [...named, { reporter: asJson ? json : text }];
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
