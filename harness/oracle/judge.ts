/**
 * The judgement of one piece of evidence: every checker is asked, and their verdicts are one verdict. Violated outranks
 * unknown outranks held; a checker that throws could not do its work, and is unknown with its reason.
 */
import { type Checker, type Finding, type Verdict, worstVerdict } from "./checker.ts";
import { checkers } from "./checkers.ts";
import type { Evidence } from "./evidence.ts";
import { type Explained, Inquiry } from "./inquiry.ts";
import type { Judgement, JudgeOptions, Loss, PromiseVerdict } from "./judgement.ts";
import type { Lane } from "./lane.ts";
import { ageMsOf, type LossAtCut, spanMsOf } from "./loss.ts";
import { promiseVerdicts } from "./loss-checker.ts";

export function judge(evidence: Evidence, options: JudgeOptions = {}): Judgement {
  const inquiry = new Inquiry(evidence);
  const asked = checkers.map((checker) => {
    const { name, question } = checker;
    return { name, question, verdict: ask(checker, inquiry) };
  });
  const verdicts = asked.map(({ verdict }) => verdict);
  const counting = verdicts.map((verdict) => withoutUncounted(verdict, options));
  const verdict = worstVerdict(counting.map(({ kind }) => kind));
  const explained = explainedOrNot(inquiry);
  const loss = explained === undefined ? undefined : lossOf(inquiry, explained.loss);
  const starts = evidence.recovery.starts;
  const served = starts.find((start) => start.kind === "served");
  return {
    verdict,
    ...(verdict === "unknown" && { why: reasonsOf(counting) }),
    findings: verdicts.flatMap(findingsOf),
    promises: [...promiseVerdicts(inquiry, explained?.loss), consistencyVerdict(verdicts, starts.length)],
    ...(loss !== undefined && { loss }),
    ...(explained !== undefined && { recoveryPoint: { lengths: callsKept(inquiry, explained.lengths) } }),
    ...(served !== undefined && { recoveryMs: served.tookMs }),
    refused: starts.some((start) => start.kind === "refused"),
    checkers: asked,
  };
}

function ask(checker: Checker, inquiry: Inquiry): Verdict {
  if (refusedDamage(inquiry.evidence)) return { kind: "held" };
  try {
    return checker.check(inquiry);
  } catch (error) {
    return { kind: "unknown", why: error instanceof Error ? error.message : String(error) };
  }
}

/** What reads wrong is better refused than served: then no answer was wrong, because none was given. */
function refusedDamage({ crash, recovery }: Evidence): boolean {
  return crash.damage !== undefined && recovery.starts.every(({ kind }) => kind === "refused");
}

/** What breaks the documentation alone is shown, and counts only where the scenario expects that line to hold. */
function withoutUncounted(verdict: Verdict, { documentedCounts = false }: JudgeOptions): Verdict {
  if (verdict.kind !== "violated" || documentedCounts) return verdict;
  const findings = verdict.findings.filter(({ level }) => level !== "documented");
  return findings.length > 0 ? { kind: "violated", findings } : { kind: "held" };
}

function findingsOf(verdict: Verdict): readonly Finding[] {
  return verdict.kind === "violated" ? verdict.findings : [];
}

function reasonsOf(verdicts: readonly Verdict[]): string {
  return [...new Set(verdicts.flatMap((verdict) => (verdict.kind === "unknown" ? [verdict.why] : [])))].join("; ");
}

function explainedOrNot(inquiry: Inquiry): Extract<Explained, { kind: "explained" }> | undefined {
  try {
    return inquiry.explained.kind === "explained" ? inquiry.explained : undefined;
  } catch (error) {
    // Each checker that asked has already said so, as its reason for not knowing.
    if (error instanceof Error) return undefined;
    throw error;
  }
}

function consistencyVerdict(verdicts: readonly Verdict[], starts: number): PromiseVerdict {
  const broken = verdicts.some((verdict) => findingsOf(verdict).some(({ level }) => level === "consistency"));
  const unknown = verdicts.some(({ kind }) => kind === "unknown");
  return {
    level: "consistency",
    text: `a prefix of what was asked, transactions whole, values right, starts again${starts > 1 ? ", twice the same" : ""}`,
    boundMs: null,
    ageMs: 0,
    spanMs: 0,
    verdict: broken ? "violated" : unknown ? "unknown" : "held",
  };
}

function lossOf({ lanes, endNs }: Inquiry, loss: LossAtCut): Loss {
  const idOf = (lane: number, index: number) => (lanes.lanes[lane] as Lane).elementAt(index).record.id;
  const measured = { acked: loss.count, ageMs: ageMsOf(loss, endNs), spanMs: spanMsOf(loss) };
  if (loss.count === 0) return measured;
  return {
    ...measured,
    oldest: idOf(loss.oldestLane, loss.oldestIndex),
    newest: idOf(loss.newestLane, loss.newestIndex),
  };
}

/** By client, its own calls only: what takes place in every lane is counted once. */
function callsKept({ evidence, lanes }: Inquiry, lengths: Int32Array): number[] {
  return evidence.history.clients.map((_, client) =>
    (lanes.lanes[client] as Lane).callsWithin(lengths[client] as number),
  );
}
