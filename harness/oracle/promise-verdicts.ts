/**
 * The lines documented and source of a report: each promise beside what was lost, kept or broken. Where a disk refused what
 * a store wrote, more may be gone than the line says, and then the line says why that is not held against the store.
 */
import type { StampNs } from "../recording/stamp.ts";
import type { CrashFacts } from "./evidence.ts";
import type { PromiseVerdict } from "./judgement.ts";
import { ageMsOf, type LossAtCut, spanMsOf } from "./loss.ts";
import { boundMsOf, isBroken, suspendedSince, type TimedPromise } from "./promises.ts";

export function promiseVerdict(
  { level, text, protects }: TimedPromise,
  loss: LossAtCut,
  crash: CrashFacts,
  endNs: StampNs,
): PromiseVerdict {
  const suspended = suspendedSince(crash, endNs);
  const broken = isBroken(protects, loss, suspended?.sinceNs, endNs);
  const boundMs = boundMsOf(protects);
  const ageMs = ageMsOf(loss, endNs);
  const excused = suspended !== undefined && !broken && boundMs !== null && ageMs > boundMs;
  return {
    level,
    text: excused ? `${text}; not counted is what was acked after ${suspended.why}` : text,
    boundMs,
    ageMs,
    spanMs: spanMsOf(loss),
    verdict: broken ? "violated" : "held",
  };
}
