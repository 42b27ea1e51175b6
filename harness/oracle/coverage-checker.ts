/**
 * Did the run test what it was meant to test (N1)? This checker never accuses a store: where too little happened, the
 * verdict is unknown, because a promise that was not put to the test was not kept either.
 */
import { fateOf } from "../recording/history.ts";
import type { Checker } from "./checker.ts";
import type { Inquiry } from "./inquiry.ts";

export const coverageChecker: Checker = {
  name: "coverage",
  question: "Did the run reach what the scenario asks for?",
  check(inquiry) {
    const { needs } = inquiry.evidence;
    if (needs === undefined) return { kind: "held" };
    const acks = countAcks(inquiry);
    if (acks < needs.acksMin) {
      return { kind: "unknown", why: `only ${acks} calls were acked, and ${needs.acksMin} are needed` };
    }
    const missed = needs.windows.filter(({ hit }) => !hit).map(({ name }) => name);
    if (missed.length > 0) return { kind: "unknown", why: `never hit while it was open: ${missed.join(", ")}` };
    return { kind: "held" };
  },
};

function countAcks({ evidence, endNs }: Inquiry): number {
  let count = 0;
  for (const sequence of evidence.history.clients) {
    for (const record of sequence) {
      if (fateOf(record) === "acked" && (record.completed?.ns ?? endNs) <= endNs) count++;
    }
  }
  return count;
}
