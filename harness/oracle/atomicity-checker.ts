/**
 * Did every transaction, and every single command, happen as a whole or not at all?
 */
import type { Checker } from "./checker.ts";
import { contradictionFinding } from "./finding.ts";

const name = "atomicity";

export const atomicityChecker: Checker = {
  name,
  question: "Did every transaction happen as a whole or not at all?",
  check(inquiry) {
    const { explained } = inquiry;
    if (explained.kind === "explained") return { kind: "held" };
    const halves = explained.contradictions.filter(({ kind }) => kind === "half-transaction");
    if (halves.length > 0) {
      return { kind: "violated", findings: halves.map((found) => contradictionFinding(inquiry, name, found)) };
    }
    return { kind: "unknown", why: "no prefix explains what came back, so it does not show which transactions ran" };
  },
};
