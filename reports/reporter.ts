/**
 * The contract of a reporter: it turns a report into a text, and does nothing else. Where the text goes (the terminal, a
 * file) is its caller's affair, so every reporter can be run on every outcome, also on one of last year.
 */
import type { Detail } from "./detail.ts";
import type { Night } from "./nights.ts";
import type { Outcome, Run } from "./outcome.ts";

export interface Reporter {
  readonly name: string;
  /** One line for `lossbound list reporters`. */
  readonly what: string;
  /** Of a report that nobody wants to see on a terminal: where it goes when no file is named. */
  fileName?(report: Report): string;
  render(report: Report, style: Style): string;
}

export interface Report {
  readonly outcome: Outcome;
  /** For the page; absent where a result has none. */
  readonly detail?: Detail;
  /** This one and those before it, oldest first; absent where nobody keeps them. */
  readonly nights?: readonly Night[];
  /** The scenarios' own thresholds, each met or missed. */
  readonly expectations: readonly Expectation[];
  /** Where the outcome was written, as the user would type it. */
  readonly outcomeFile: string;
  /** True when the run was interrupted: what is here is what was found so far. */
  readonly interrupted: boolean;
  /** Which of several machines this was; absent: the only one. */
  readonly shard?: { readonly index: number; readonly count: number };
  /** Every run cycle by cycle, for a blob; absent where none was asked for. */
  readonly parts?: readonly unknown[];
}

/** A line of `expect:`, asked of one run. */
export interface Expectation {
  readonly met: boolean;
  /** Which run it was asked of. */
  readonly of: Pick<Run, "scenario" | "preset" | "target">;
  /** What was expected, e.g. `lossAgeMsMax 1000`. */
  readonly wanted: string;
  /** What was measured, e.g. `2180 ms`. */
  readonly found: string;
}

/** The expectations of one run that it missed. */
export function missedBy(run: Run, expectations: readonly Expectation[]): Expectation[] {
  return expectations.filter(
    ({ met, of }) => !met && of.scenario === run.scenario && of.preset === run.preset && of.target === run.target,
  );
}

export interface Style {
  readonly colour: boolean;
  /** Characters in a line. */
  readonly columns: number;
}

export const plain: Style = { colour: false, columns: 100 };

/**
 * Renders with a reporter, and keeps its trouble to itself: a broken reporter must not cost the night its verdict.
 * @returns the text, or the reason why there is none.
 */
export function render(
  reporter: Reporter,
  report: Report,
  style: Style,
): { readonly text: string } | { readonly trouble: string } {
  try {
    return { text: reporter.render(report, style) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { trouble: `the reporter ${reporter.name} broke, the verdict stands without it: ${reason}` };
  }
}
