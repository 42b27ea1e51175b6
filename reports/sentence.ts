/** The verdict in words, and how sure one may be of it: the same sentences in every report that people read. */
import type { Outcome, Run } from "./outcome.ts";
import type { Report } from "./reporter.ts";
import { counted, harmless, inPercent } from "./words.ts";

export function verdictSentence({ outcome, expectations }: Pick<Report, "outcome" | "expectations">): string {
  const broken = outcome.runs.filter(({ verdict }) => verdict === "violated");
  const open = outcome.runs.filter(({ verdict }) => verdict === "unknown");
  const missed = expectations.filter(({ met }) => !met);
  const aside = asideOf(outcome.runs);
  if (broken.length > 0) return `Violated: a promise was broken in ${named(broken)}.${aside}`;
  if (missed.length > 0)
    return `Held, but ${counted(missed.length, "expectation")} of the scenarios was missed.${aside}`;
  if (open.length > 0) return `Not known: ${named(open)} tested less than it should, and nothing was violated.${aside}`;
  if (outcome.runs.length === 0) return "Not known: nothing was run.";
  if (knownIn(outcome.runs).length > 0) return `Held: no promise was broken in a way that is not known.${aside}`;
  return `Held: what was acked and protected by its preset came back, every time.${aside}`;
}

/** What was found and failed nothing. */
function asideOf(runs: readonly Run[]): string {
  const known = knownIn(runs);
  const beyond = runs.filter(({ verdict, promises }) => {
    const isBroken = (level: string) => promises.some((each) => each.level === level && each.verdict === "violated");
    return verdict !== "violated" && isBroken("documented") && !isBroken("source");
  });
  const more = `In ${counted(beyond.length, "run")} more was lost than the store's documentation says, and not more than its source permits.`;
  return [
    ...(known.length > 0 ? [`${counted(known.length, "known finding")} did not fail it.`] : []),
    ...(beyond.length > 0 ? [more] : []),
  ]
    .map((sentence) => ` ${sentence}`)
    .join("");
}

function knownIn(runs: readonly Run[]): Run["findings"] {
  return runs.flatMap(({ findings }) => findings).filter((finding) => finding.known);
}

function named(runs: readonly Run[]): string {
  const names = runs.slice(0, 3).map(({ scenario, preset }) => harmless(`${scenario} with ${preset}`));
  return [...names, ...(runs.length > 3 ? [`${runs.length - 3} more`] : [])].join(", ");
}

/** How often a store was run to its end: `152 kills`, `3 recordings`, or both. */
export function trials({ statistics: { kills, recordings } }: Pick<Outcome, "statistics">): string {
  const parts = [
    ...(kills > 0 ? [counted(kills, "kill")] : []),
    ...(recordings > 0 ? [counted(recordings, "recording")] : []),
  ];
  return parts.join(", ");
}

/** What was not seen may still be there: how often it could happen at most. Empty when nothing can be said. */
export function confidence({ statistics, verdict }: Outcome): string {
  const { kills, recordings, rateUpper95 } = statistics;
  if (verdict !== "held" || kills + recordings === 0) return "";
  // The crash states of one recording are not independent: it counts once, however many it has (N4).
  const what =
    recordings === 0 ? "kills like these" : kills === 0 ? "runs like these, cut anywhere," : "runs like these";
  return `With 95 % confidence, fewer than ${inPercent(rateUpper95)} of ${what} break a promise.`;
}
