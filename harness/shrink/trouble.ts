/**
 * What must stay the same while a plan gets smaller: the sort of trouble, at its level, as the same checker tells it. A
 * fingerprint also names the class of place where the crash struck, and an earlier crash may well strike elsewhere.
 */
import type { Finding } from "../oracle/checker.ts";
import type { Judgement } from "../oracle/judgement.ts";

export type Trouble = Pick<Finding, "kind" | "level" | "checker">;

export function findingOf({ findings }: Judgement, { kind, level, checker }: Trouble): Finding | undefined {
  return findings.find((each) => each.kind === kind && each.level === level && each.checker === checker);
}

/** What no timing excuses comes before what breaks the source's own bound, and that before the documentation. */
export function gravestOf(findings: readonly Finding[]): Finding | undefined {
  const weights = { consistency: 0, source: 1, documented: 2 };
  return [...findings].sort((one, other) => weights[one.level] - weights[other.level])[0];
}
