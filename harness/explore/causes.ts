/**
 * Findings of one recording, each cause once. Where a hole takes calls out of the middle, a counter may come by another way
 * to what a lost transaction had made of it, and then that looks half applied: under a disk that tears holes it is the hole.
 */
import type { FindingKind } from "../oracle/checker.ts";

export interface CauseOf {
  readonly kind: FindingKind;
  /** The mildest under which it was seen. */
  readonly model: string;
  /** A hole that is known excuses nothing else. */
  readonly isKnown: boolean;
}

export function eachCauseOnce<S>(seen: ReadonlyMap<string, S>, of: (seen: S) => CauseOf): ReadonlyMap<string, S> {
  const causes = [...seen].map((entry) => ({ entry, cause: of(entry[1]) }));
  const torn = new Set(
    causes.filter(({ cause }) => cause.kind === "hole" && !cause.isKnown).map(({ cause }) => cause.model),
  );
  const isTheHole = ({ kind, model }: CauseOf) => kind === "half-transaction" && torn.has(model);
  return new Map(causes.filter(({ cause }) => !isTheHole(cause)).map(({ entry }) => entry));
}
