/** "did you mean": the nearest of the words that would have been right. */
import { closest, distance } from "fastest-levenshtein";

/** The word of `known` that `given` was probably meant to be; undefined when none is near enough to be a slip. */
export function nearest(given: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const best = closest(given, [...known]);
  return distance(given, best) <= Math.max(1, Math.floor(best.length / 3)) ? best : undefined;
}

/** How an unknown word is answered: the likely one, or all of them when there are few enough to read. */
export function hint(given: string, known: readonly string[]): string {
  const likely = nearest(given, known);
  if (likely !== undefined) return `did you mean ${likely}?`;
  return known.length === 0 ? "there is none" : `expected one of ${[...known].sort().join(", ")}`;
}
