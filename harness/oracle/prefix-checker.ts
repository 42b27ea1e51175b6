/**
 * Is what came back a prefix of what was asked? Not less of the old and more of the new, not what nobody wrote, not what
 * had been deleted, not another value or deadline.
 */
import { countKeys } from "../operations/model.ts";
import type { Checker, Verdict } from "./checker.ts";
import { contradictionFinding, makeFinding } from "./finding.ts";
import type { Inquiry } from "./inquiry.ts";

const name = "prefix";

export const prefixChecker: Checker = {
  name,
  question: "Is what came back a prefix of what was asked: no hole, no phantom, no resurrection, no wrong value?",
  check(inquiry) {
    if (inquiry.evidence.promise.row === "none") return checkNothingSaved(inquiry);
    const { explained } = inquiry;
    if (explained.kind === "explained") return { kind: "held" };
    const mine = explained.contradictions.filter(({ kind }) => kind !== "half-transaction");
    // Half a transaction is no prefix either, and the atomicity checker has said so.
    if (mine.length === 0) return { kind: "held" };
    return { kind: "violated", findings: mine.map((found) => contradictionFinding(inquiry, name, found)) };
  },
};

/** A config that saves nothing must start empty: whatever comes back is older than anybody thinks. */
function checkNothingSaved(inquiry: Inquiry): Verdict {
  const count = countKeys(inquiry.served.state);
  if (count === 0 || inquiry.evidence.crash.saves.length > 0) return { kind: "held" };
  const message = `this config saves nothing, and ${count} ${count === 1 ? "key" : "keys"} came back`;
  const finding = makeFinding(inquiry, {
    kind: "phantom",
    level: "consistency",
    checker: name,
    trait: "nothing saved",
    message,
    story: {},
  });
  return { kind: "violated", findings: [finding] };
}
