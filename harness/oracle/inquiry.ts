/**
 * An inquiry: one piece of evidence, and what is worked out from it, once, for all checkers. The lanes of a history are
 * kept beside it, so that its thousand crash states share them.
 */
import { emptyModel } from "../operations/model.ts";
import type { History } from "../recording/history.ts";
import type { Contradiction } from "./contradiction.ts";
import { findContradictions } from "./diagnose.ts";
import type { Evidence, ServedStart, Suspension } from "./evidence.ts";
import { type Explanation, explain, greatestCut } from "./explain.ts";
import { completeLanes, type Lanes, type LanesOptions, readLanes } from "./lanes.ts";
import { type LossAtCut, lossAt } from "./loss.ts";
import { readState } from "./reading.ts";

export type Explained =
  | { readonly kind: "explained"; readonly lengths: Int32Array; readonly loss: LossAtCut }
  | { readonly kind: "contradicted"; readonly contradictions: readonly Contradiction[] };

export class Inquiry {
  readonly evidence: Evidence;
  private made: Explained | undefined;

  constructor(evidence: Evidence) {
    this.evidence = evidence;
  }

  get endNs(): number {
    return this.evidence.cut.endNs;
  }

  /** @throws NobodyCanTell when the history is of a kind that cannot be judged */
  get lanes(): Lanes {
    const { history, initial = emptyModel, crash } = this.evidence;
    const trouble = crash.fault === "disk-fault" || crash.suspensions.some(({ why }) => why === refusing);
    return lanesOf(history, { initial, trouble });
  }

  /** What the first start on the crash state served. @throws NobodyCanTell when it did not serve */
  get served(): ServedStart {
    const [first] = this.evidence.recovery.starts;
    if (first === undefined) throw new NobodyCanTell("the store was not started on the crash state");
    if (first.kind === "refused") throw new NobodyCanTell("the store did not start, so nothing could be read back");
    if (first.kind === "unclear") throw new NobodyCanTell(first.why);
    return first;
  }

  /** @throws NobodyCanTell */
  get explained(): Explained {
    this.made ??= this.explain();
    return this.made;
  }

  private explain(): Explained {
    const { endNs, served } = this;
    const lanes = completeLanes(this.lanes, served, endNs);
    const explanation = explanationOf(lanes, served);
    const contradictions = findContradictions(lanes, explanation, endNs);
    if (contradictions.length > 0) return { kind: "contradicted", contradictions };
    const cut = greatestCut(lanes, explanation, endNs);
    if (cut.kind !== "found") throw new Error(`a state without contradictions has no recovery point: ${cut.kind}`);
    return { kind: "explained", lengths: cut.lengths, loss: lossAt(lanes, cut.lengths, endNs) };
  }
}

/** A question without an answer: the verdict is unknown, for this reason. */
export class NobodyCanTell extends Error {
  override readonly name = "NobodyCanTell";
}

const refusing: Suspension["why"] = "the disk refused writes or syncs";

const explained = new WeakMap<ServedStart, { readonly lanes: Lanes; readonly explanation: Explanation }>();

/** What came back is explained once, and held against as many cuts as there are. */
function explanationOf(lanes: Lanes, served: ServedStart): Explanation {
  const before = explained.get(served);
  if (before?.lanes === lanes) return before.explanation;
  const explanation = explain(lanes, readState(lanes, served));
  explained.set(served, { lanes, explanation });
  return explanation;
}

const known = new WeakMap<History, { readonly options: LanesOptions; readonly lanes: Lanes | Error }>();

/** @throws as `readLanes` does, again and again: what nobody can judge is found out once. */
export function lanesOf(history: History, options: LanesOptions): Lanes {
  const before = known.get(history);
  const isKnown = before?.options.initial === options.initial && before.options.trouble === options.trouble;
  const lanes = isKnown ? before.lanes : readOrFail(history, options);
  if (!isKnown) known.set(history, { options, lanes });
  if (lanes instanceof Error) throw lanes;
  return lanes;
}

function readOrFail(history: History, options: LanesOptions): Lanes | Error {
  try {
    return readLanes(history, options);
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}
