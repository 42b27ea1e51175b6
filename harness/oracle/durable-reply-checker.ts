/**
 * Was everything kept that WAITAOF had called safe? Its answer `[1, …]` says that all earlier writes of its connection
 * are synced: whatever befalls the store after it, they must come back.
 */
import { fateOf, type Reply, type Request } from "../recording/history.ts";
import type { Checker, Finding } from "./checker.ts";
import { describeCall, storyCall } from "./describe.ts";
import { makeFinding } from "./finding.ts";
import type { Inquiry } from "./inquiry.ts";
import type { Element, Lane } from "./lane.ts";

const name = "durable-reply";

export const durableReplyChecker: Checker = {
  name,
  question: "Was everything kept that WAITAOF had called durable?",
  check(inquiry) {
    // Without such an answer nothing was called durable, whatever came back.
    const given = inquiry.lanes.lanes.map((lane) => lastDurableAnswer(lane, inquiry.endNs));
    if (given.every((index) => index === undefined)) return { kind: "held" };
    const { explained } = inquiry;
    if (explained.kind === "contradicted") {
      return { kind: "unknown", why: "no prefix explains what came back, so nobody can say what was lost" };
    }
    const findings = inquiry.lanes.lanes.flatMap((lane, index) =>
      brokenAnswer(inquiry, lane, explained.lengths[index] as number, given[index]),
    );
    return findings.length === 0 ? { kind: "held" } : { kind: "violated", findings };
  },
};

/** Position of the last call by the cut that was told: durable. */
function lastDurableAnswer(lane: Lane, endNs: number): number | undefined {
  const index = lane.input.elements.findLastIndex(
    (element) =>
      element.own && (element.record.completed?.ns ?? Number.POSITIVE_INFINITY) <= endNs && saysDurable(element),
  );
  return index < 0 ? undefined : index;
}

function saysDurable({ record }: Element): boolean {
  if (fateOf(record) !== "acked") return false;
  const reply = record.completed?.reply as Reply;
  return record.call.requests.some((request, index) => {
    if (!asksForLocalSync(request)) return false;
    const own = record.call.transaction && reply.kind === "array" ? reply.items[index] : reply;
    const local = own?.kind === "array" ? own.items[0] : undefined;
    return local?.kind === "integer" && local.value >= 1;
  });
}

/** `WAITAOF 0 …` asks nothing of the local disk. */
function asksForLocalSync([command = "", local = "0"]: Request): boolean {
  return command.toUpperCase() === "WAITAOF" && Number(local) >= 1;
}

function brokenAnswer(inquiry: Inquiry, lane: Lane, kept: number, answered: number | undefined): readonly Finding[] {
  if (answered === undefined) return [];
  const lostIndex = lane.promised[lane.promisedWithin[kept] as number];
  if (lostIndex === undefined || lostIndex >= answered) return [];
  const lost = lane.elementAt(lostIndex).record;
  const answer = lane.elementAt(answered).record;
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
