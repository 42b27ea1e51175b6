/**
 * Did every reply agree with what the store must have held? A refusal (MISCONF, LOADING, OOM, READONLY …) always does:
 * it says that nothing changed.
 */
import type { Checker } from "./checker.ts";
import { describeRequest, storyCall } from "./describe.ts";
import { makeFinding } from "./finding.ts";
import type { Inquiry } from "./inquiry.ts";
import type { OddAnswer } from "./lane.ts";

const name = "reply";

export const replyChecker: Checker = {
  name,
  question: "Did every reply agree with what the store must have held?",
  check(inquiry) {
    const { lanes } = inquiry.lanes;
    const odd = lanes
      .flatMap(({ unfolded }) => unfolded.oddAnswers)
      .filter(({ record }) => record.completed !== undefined && record.completed.ns <= inquiry.endNs)
      .sort((one, other) => one.record.id - other.record.id);
    const [first] = odd;
    if (first === undefined) return { kind: "held" };
    return { kind: "violated", findings: [wrongReply(inquiry, first, odd.length)] };
  },
};

/** The first alone: whatever is odd after it may only follow from it. */
function wrongReply(inquiry: Inquiry, { record, oddReply }: OddAnswer, count: number) {
  const request = record.call.requests[oddReply.requestIndex];
  const asked = request === undefined ? "a transaction" : describeRequest(request);
  const more = count > 1 ? ` (and ${count - 1} more)` : "";
  return makeFinding(inquiry, {
    kind: "wrong-reply",
    level: "consistency",
    checker: name,
    trait: request?.[0]?.toUpperCase() ?? "EXEC",
    message: `${asked} was answered ${oddReply.told}, and the store must have held ${oddReply.expected}${more}`,
    story: { calls: [storyCall(record, "wrong", inquiry.lanes.startNs)] },
  });
}
