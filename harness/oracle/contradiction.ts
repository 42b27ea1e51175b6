/**
 * A contradiction: why no prefix explains what came back, named as a person would name it, with the smallest evidence
 * that tells.
 *
 *     hole              an older call is lost, a newer one was kept
 *     resurrection      a hole whose lost call deleted something: what it deleted is back
 *     half-transaction  a call was applied in part
 *     phantom           something came back that nobody had asked for by then
 *     wrong-value       a key holds what no prefix gives it, its deadline included
 */
import type { CallRecord } from "../recording/history.ts";
import type { StoryKey } from "./describe.ts";

export type ContradictionKind = "hole" | "resurrection" | "half-transaction" | "phantom" | "wrong-value";

export interface Contradiction {
  readonly kind: ContradictionKind;
  /** What sort of thing was hit, e.g. `deadline` or `list`: part of the fingerprint, so no names and no numbers. */
  readonly trait: string;
  /** One sentence. */
  readonly message: string;
  readonly calls: readonly ToldCall[];
  readonly keys: readonly StoryKey[];
  /** Why a correct store cannot end up here. */
  readonly laws: readonly string[];
}

export interface ToldCall {
  readonly record: CallRecord;
  readonly fate: "kept" | "lost" | "wrong";
}

export const laws = {
  prefix:
    "A store runs the calls of one connection in the order in which they were sent: what it keeps of them is a prefix.",
  realTime: "A call that was over before another was sent came first: whoever keeps the second has kept the first.",
  whole: "A transaction happens as a whole or not at all, and so does every single command.",
  authorship: "A store holds what its clients wrote, and nothing else.",
} as const;
