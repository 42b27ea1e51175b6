/**
 * What is wrong with a file that a user wrote: where, what was expected, and the place with a caret under it.
 *
 *     night.yaml:7:12: expected a whole number of 1 or more, found -5
 *         7 │   clients: -5
 *           │            ^^
 */

export interface Problem {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1, in characters. */
  readonly column: number;
  /** How many characters the caret line marks. */
  readonly length: number;
  readonly message: string;
  /** The line itself; absent when the trouble is the file and not a place in it. */
  readonly text?: string;
}

/** More than that nobody reads; a file of another kind has one for each line. */
const shownMax = 20;

/** A file that cannot be used, with all that is wrong with it in one go. */
export class BadFile extends Error {
  override readonly name = "BadFile";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const rest = problems.length - shownMax;
    super([...problems.slice(0, shownMax).map(formatProblem), ...(rest > 0 ? [`… and ${rest} more`] : [])].join("\n"));
    this.problems = problems;
  }
}

/** The file as a whole is the trouble: missing, a folder, too big. */
export function wholeFile(file: string, message: string): BadFile {
  return new BadFile([{ file, line: 1, column: 1, length: 0, message }]);
}

const widthMax = 120;

function formatProblem(problem: Problem): string {
  const place = `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`;
  if (problem.text === undefined) return place;
  // A long line is cut around the place; what is marked must be seen.
  const from = Math.max(0, problem.column - 1 - widthMax / 2);
  const shown = problem.text.slice(from, from + widthMax).replaceAll("\t", " ");
  const before = problem.column - 1 - from;
  const carets = "^".repeat(Math.max(1, Math.min(problem.length, shown.length - before)));
  const gutter = String(problem.line).padStart(5);
  return [place, `${gutter} │ ${shown}`, `${" ".repeat(5)} │ ${" ".repeat(before)}${carets}`].join("\n");
}
