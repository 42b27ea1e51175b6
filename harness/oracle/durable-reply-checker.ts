/**
 * Was everything kept that WAITAOF had called safe? Its answer `[1, …]` says that all earlier writes of its connection
 * are synced: whatever befalls the store after it, they must come back.
 */
import type { Checker, Finding } from "./checker.ts";
import { describeCall, storyCall } from "./describe.ts";
import { makeFinding } from "./finding.ts";
import type { Inquiry } from "./inquiry.ts";
import type { Lane } from "./lane.ts";

const name = "durable-reply";

export const durableReplyChecker: Checker = {
  name,
  question: "Was everything kept that WAITAOF had called durable?",
  check(inquiry) {
    const { lanes } = inquiry.lanes;
    // Without such an answer nothing was called durable, whatever came back.
    if (lanes.every((lane) => lane.lastDurableAt(inquiry.endNs) === undefined)) return { kind: "held" };
    const { explained } = inquiry;
    if (explained.kind === "contradicted") {
      return { kind: "unknown", why: "no prefix explains what came back, so nobody can say what was lost" };
    }
    const findings = lanes.flatMap((lane, index) => brokenAnswer(inquiry, lane, explained.lengths[index] as number));
    return findings.length === 0 ? { kind: "held" } : { kind: "violated", findings };
  },
};

function brokenAnswer(inquiry: Inquiry, lane: Lane, kept: number): readonly Finding[] {
  const lostIndex = lane.brokenDurable(kept, inquiry.endNs);
  if (lostIndex === undefined) return [];
  const lost = lane.elementAt(lostIndex).record;
  const answer = lane.elementAt(lane.lastDurableAt(inquiry.endNs) as number).record;
  const { startNs } = inquiry.lanes;
  return [
    makeFinding(inquiry, {
      kind: "false-durable-reply",
      level: "source",
      checker: name,
      trait: "WAITAOF",
      message: `${describeCall(answer.call)} called all earlier writes durable, and ${describeCall(lost.call)} is lost`,
      story: { calls: [storyCall(lost, "lost", startNs), storyCall(answer, "wrong", startNs)] },
    }),
  ];
}
