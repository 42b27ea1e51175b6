/**
 * Was more lost than promised? Judged by the age of the oldest lost ack at the cut (O6), at the levels documented and
 * source side by side; the lines themselves are computed here too, because a report shows them whatever the verdict.
 */
import type { Checker, Finding, Verdict } from "./checker.ts";
import { storyCall } from "./describe.ts";
import { findOverdueSave } from "./due-save.ts";
import { makeFinding } from "./finding.ts";
import type { Inquiry } from "./inquiry.ts";
import type { PromiseVerdict } from "./judgement.ts";
import type { Lane } from "./lane.ts";
import { ageMsOf, type LossAtCut, spanMsOf } from "./loss.ts";
import { promiseVerdict } from "./promise-verdicts.ts";
import { boundMsOf, isBroken, promisesAt, suspendedSince, type TimedPromise } from "./promises.ts";

const name = "loss";

export const lossChecker: Checker = {
  name,
  question: "Was more lost than was promised?",
  check(inquiry): Verdict {
    const { explained } = inquiry;
    if (explained.kind === "contradicted") {
      return { kind: "unknown", why: "no prefix explains what came back, so nobody can say what was lost" };
    }
    const findings = [
      ...brokenPromises(inquiry, explained.loss).map((promise) => lossFinding(inquiry, promise, explained.loss)),
      ...overdueSave(inquiry),
    ];
    return findings.length === 0 ? { kind: "held" } : { kind: "violated", findings };
  },
};

/** The lines documented and source of a report. Unknown where there is no recovery point to measure from. */
export function promiseVerdicts(inquiry: Inquiry, loss: LossAtCut | undefined): readonly PromiseVerdict[] {
  const { evidence, endNs } = inquiry;
  if (loss !== undefined) {
    return promisesOf(inquiry).map((promise) => promiseVerdict(promise, loss, evidence.crash, endNs));
  }
  return promisesOf(inquiry).map(({ level, text, protects }) => {
    return { level, text, boundMs: boundMsOf(protects), ageMs: 0, spanMs: 0, verdict: "unknown" };
  });
}

function promisesOf({ evidence, endNs }: Inquiry): readonly TimedPromise[] {
  return promisesAt(evidence.promise, evidence.crash, endNs);
}

function brokenPromises(inquiry: Inquiry, loss: LossAtCut): readonly TimedPromise[] {
  const { evidence, endNs } = inquiry;
  const suspendedNs = suspendedSince(evidence.crash, endNs)?.sinceNs;
  return promisesOf(inquiry).filter(({ protects }) => isBroken(protects, loss, suspendedNs, endNs));
}

function lossFinding(inquiry: Inquiry, { level, text, protects }: TimedPromise, loss: LossAtCut): Finding {
  const { lanes, startNs } = inquiry.lanes;
  const age = `${round(ageMsOf(loss, inquiry.endNs))} ms`;
  const calls = loss.count === 1 ? "one acked call was lost" : `${loss.count} acked calls were lost`;
  const oldest = (lanes[loss.oldestLane] as Lane).elementAt(loss.oldestIndex).record;
  const newest = (lanes[loss.newestLane] as Lane).elementAt(loss.newestIndex).record;
  const shown = oldest.id === newest.id ? [oldest] : [oldest, newest];
  return makeFinding(inquiry, {
    kind: "loss-beyond-bound",
    level,
    checker: name,
    trait: inquiry.evidence.promise.row,
    message: `promised: ${text}; ${calls}, the oldest ${age} before the end`,
    story: { calls: shown.map((record) => storyCall(record, "lost", startNs)) },
    more: {
      ackedLost: loss.count,
      ageMs: ageMsOf(loss, inquiry.endNs),
      spanMs: spanMsOf(loss),
      boundMs: boundMsOf(protects),
    },
  });
}

function overdueSave(inquiry: Inquiry): readonly Finding[] {
  const { evidence, lanes, endNs } = inquiry;
  if (evidence.promise.row !== "rdb-only" || suspendedSince(evidence.crash, endNs) !== undefined) return [];
  const overdue = findOverdueSave(lanes, evidence.promise.savePoints, evidence.crash, endNs);
  if (overdue === undefined) return [];
  const { point, dueNs } = overdue;
  const sinceMs = (endNs - dueNs) / 1e6;
  const message = `a save was due by "save ${point.seconds} ${point.changes}" ${round(sinceMs)} ms before the end, and none was made`;
  return [
    makeFinding(inquiry, {
      kind: "loss-beyond-bound",
      level: "source",
      checker: name,
      trait: "save overdue",
      message,
      story: {},
      more: { dueForMs: sinceMs },
    }),
  ];
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
