/**
 * The contract between the search for a smaller plan and whoever can play one: the simulated world, a process on a
 * recorded volume, a process that is killed.
 */
import type { LinkResult } from "../cycle.ts";
import type { Finding } from "../oracle/checker.ts";
import type { Plan } from "../plan.ts";

export interface CrashPlace {
  readonly pointIndex: number;
  readonly model: string;
  /** Of those that were pending; absent until the crash was looked at closely. */
  readonly lostOperations?: number;
}

/** A plan that failed, with what a bundle is written from. */
export interface Failure {
  readonly plan: Plan;
  readonly finding: Finding;
  readonly result: LinkResult;
  /** Where in a recording the power went; absent where nothing was recorded. */
  readonly crash?: CrashPlace;
  /**
   * The same recording with an earlier cut and fewer lost operations, as far as the time goes. Absent where there is
   * nothing but the one crash state.
   */
  narrowed?(untilMs: number): Promise<Failure>;
  /** Gives back what the recording holds; the failure itself stays good. */
  release(): Promise<void>;
}

export interface Player {
  /** Two plays of a plan are the same play. Where they are not, one failure of several plays is enough to go on. */
  readonly isExact: boolean;
  /**
   * Plays it once. Undefined: it did not fail in the same way, or could not be played.
   * @param untilMs of performance.now(): a search that takes longer is given up
   */
  play(plan: Plan, untilMs: number): Promise<Failure | undefined>;
  close(): Promise<void>;
}
