/**
 * How every verb ends. Scripts of users rely on these numbers.
 *
 *      0  held            nothing was violated, and everything was tested
 *      1  violated        a promise was broken, or an expectation of the scenario was missed
 *      2  usage           wrong words, wrong scenario or preset; nothing was started
 *      3  unable          this machine or this target cannot do it; the reason is told
 *      4  nothing         nothing was selected
 *      5  inconclusive    some verdict is unknown, none is violated
 *    130  interrupted     what was found so far is written
 */
import type { VerdictName } from "../../reports/outcome.ts";

export const exitCodes = {
  held: 0,
  violated: 1,
  usage: 2,
  unable: 3,
  nothing: 4,
  inconclusive: 5,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** A reason to end before there is a verdict. `message` is for the user: what, where, what was expected. */
export class Exit extends Error {
  override readonly name = "Exit";
  readonly code: ExitCode;

  constructor(code: ExitCode, message: string) {
    super(message);
    this.code = code;
  }
}

export function exitCodeOf(verdict: VerdictName, expectationsMissed: number): ExitCode {
  if (verdict === "violated" || expectationsMissed > 0) return exitCodes.violated;
  return verdict === "held" ? exitCodes.held : exitCodes.inconclusive;
}
