/**
 * The contract of a checker, and the three verdicts. Violated outranks unknown outranks held. A violated promise is
 * data; an exception means that the harness could not do its work, and becomes `unknown` with its reason.
 */
import type { Inquiry } from "./inquiry.ts";

export interface Checker {
  readonly name: string;
  /** What it asks, as one sentence that a report can print. */
  readonly question: string;
  check(inquiry: Inquiry): Verdict;
}

export type Verdict =
  | { readonly kind: "held" }
  | { readonly kind: "violated"; readonly findings: readonly Finding[] }
  | { readonly kind: "unknown"; readonly why: string };

/** What a finding breaks: the store's documentation, its own source, or consistency, which no timing excuses. */
export type Level = "documented" | "source" | "consistency";

export type FindingKind =
  | "loss-beyond-bound"
  | "hole"
  | "phantom"
  | "resurrection"
  | "wrong-value"
  | "half-transaction"
  | "refusal"
  | "false-durable-reply"
  | "unstable-recovery"
  | "wrong-reply";

export interface Finding {
  readonly kind: FindingKind;
  readonly level: Level;
  readonly checker: string;
  /** The same for the same trouble in another run: kind, level, checker, class of place, sort of value. No seeds, no keys. */
  readonly fingerprint: string;
  /** One sentence: what was promised and what came back. */
  readonly message: string;
  /** Plain JSON: the calls that matter, keys, expected and recovered values. The parts that reports draw are a Story. */
  readonly evidence: Readonly<Record<string, unknown>>;
}

/** Violated outranks unknown outranks held; of nothing at all the worst is unknown, because nothing was tested (N1). */
export function worstVerdict(kinds: readonly Verdict["kind"][]): Verdict["kind"] {
  if (kinds.includes("violated")) return "violated";
  return kinds.length === 0 || kinds.includes("unknown") ? "unknown" : "held";
}
