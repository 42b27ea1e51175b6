/**
 * Makes findings, all in one form: evidence that reports can draw, and a fingerprint that is the same for the same
 * trouble in another run, so that a known one can be recognised.
 */
import type { Story } from "../../reports/story.ts";
import { textA, textB } from "../operations/digest.ts";
import type { Finding, FindingKind, Level } from "./checker.ts";
import type { Contradiction } from "./contradiction.ts";
import { storyCall } from "./describe.ts";
import type { Evidence } from "./evidence.ts";
import type { Inquiry } from "./inquiry.ts";

export interface FindingParts {
  readonly kind: FindingKind;
  readonly level: Level;
  readonly checker: string;
  /** What sort of thing it is, beyond its kind; no names, no numbers. */
  readonly trait: string;
  readonly message: string;
  readonly story: Partial<Story>;
  /** Whatever else helps; plain JSON. */
  readonly more?: Readonly<Record<string, unknown>>;
}

export function makeFinding({ evidence }: Inquiry, parts: FindingParts): Finding {
  const { kind, level, checker, message, story, more } = parts;
  const fingerprint = fingerprintOf([kind, level, checker, parts.trait, evidence.crash.fault, evidence.crash.place]);
  return { kind, level, checker, fingerprint, message, evidence: { ...story, ...more } };
}

export function contradictionFinding(inquiry: Inquiry, checker: string, contradiction: Contradiction): Finding {
  const { kind, trait, message, calls, keys, laws } = contradiction;
  const { startNs } = inquiry.lanes;
  const story = {
    calls: calls.map(({ record, fate }) => storyCall(record, fate, startNs)),
    keys: [...keys],
    laws: [...laws],
  };
  return makeFinding(inquiry, { kind, level: "consistency", checker, trait, message, story });
}

/** The kind to be read, and eight digits of everything that makes it the same trouble. */
function fingerprintOf(parts: readonly string[]): string {
  const text = parts.join("\n");
  const digits = (digest: number) => (digest >>> 16).toString(16).padStart(4, "0");
  return `${parts[0]}-${digits(textA(text))}${digits(textB(text))}`;
}

export function lastLogLinesOf({ recovery }: Evidence): readonly string[] {
  return recovery.starts.flatMap((start) => (start.kind === "served" ? [] : start.lastLogLines));
}
