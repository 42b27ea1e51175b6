/** What a cycle or a recording broke, by name: told to whoever watches a run for it. */
import type { FindingKind } from "./oracle/checker.ts";
import type { Judgement } from "./oracle/judgement.ts";

/** Without the documented level, which honest stores miss too. */
export function failingKinds(judgements: Iterable<Judgement>): FindingKind[] {
  const kinds = new Set<FindingKind>();
  for (const { findings } of judgements) {
    for (const { kind, level } of findings) if (level !== "documented") kinds.add(kind);
  }
  return [...kinds];
}
