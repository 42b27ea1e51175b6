/**
 * A judgement: what all checkers together say of one piece of evidence, with the numbers that a report shows whatever
 * was promised. The outcome adds up the judgements of a run.
 */
import type { Finding, Level, Verdict } from "./checker.ts";
import type { Evidence } from "./evidence.ts";

export interface Judgement {
  readonly verdict: Verdict["kind"];
  /** Only when unknown. */
  readonly why?: string;
  /** Of all levels. Those of level `documented` fail the verdict only when the scenario expects that line to hold. */
  readonly findings: readonly Finding[];
  /** The three levels side by side, in the order documented, source, consistency. */
  readonly promises: readonly PromiseVerdict[];
  /** Absent when no recovery point explains what came back, or nothing was served. */
  readonly loss?: Loss;
  /** How many calls of each client the recovered state includes, counted from its first. Absent as `loss` is. */
  readonly recoveryPoint?: RecoveryPoint;
  /** From starting the process to its first answer, at the first start that served. */
  readonly recoveryMs?: number;
  readonly refused: boolean;
  readonly checkers: readonly { readonly name: string; readonly question: string; readonly verdict: Verdict }[];
}

export interface PromiseVerdict {
  readonly level: Level;
  readonly text: string;
  /** Null where the promise is not a length of time. */
  readonly boundMs: number | null;
  /** Age of the oldest lost ack at the cut (O6), and from there to the newest; 0 when nothing was lost. */
  readonly ageMs: number;
  readonly spanMs: number;
  readonly verdict: Verdict["kind"];
}

/** The greatest cut through all clients' sequences that explains the state and respects real time (O2). */
export interface RecoveryPoint {
  readonly lengths: readonly number[];
}

export interface Loss {
  /** Acked calls that had an effect and are not in the recovered state. */
  readonly acked: number;
  readonly ageMs: number;
  readonly spanMs: number;
  /** Ids of the oldest and the newest of them; absent when nothing was lost. */
  readonly oldest?: number;
  readonly newest?: number;
}

export interface JudgeOptions {
  /** Findings of level `documented` fail the verdict too: `expect: { documented: true }` in the scenario. */
  readonly documentedCounts?: boolean;
}

/** Never throws for what a store did: a checker that fails makes the verdict unknown, with its reason. */
export type Judge = (evidence: Evidence, options?: JudgeOptions) => Judgement;
