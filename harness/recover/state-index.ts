/**
 * The contract of an index: it says what a store would serve on a crash state without starting it, for states that are a
 * lawful prefix of what the store really wrote (J1), as the *target's* loader would read them (J2).
 *
 *     crash state ──▶ manifest version, and for each file that it lists inode and length ──▶ explanation
 *                └──▶ anything odd: undefined, and the real store is started
 *
 * It answers in the oracle's terms: for each lane the lengths that explain what would be served. So an answer costs no
 * keyspace, and the explorer judges it at each crash point as it judges a boot. A state whose answer breaks a promise is
 * booted all the same before anything is reported, and an answer that a boot contradicts makes the run unknown.
 */
import type { CrashState } from "../disk/crash-states.ts";
import type { Timeline } from "../disk/timeline.ts";
import type { LengthRanges } from "../oracle/explain.ts";
import type { Lanes } from "../oracle/lanes.ts";
import type { Recording } from "../recording/recording.ts";
import type { Config, StoreIdentity } from "../targets/target.ts";

export interface StateIndex {
  /** In the order of the lanes. Undefined: only a boot can tell. */
  explain(state: CrashState): readonly LengthRanges[] | undefined;
  /** The log as the store wrote it, as far as it can be followed. */
  units(): Iterable<WrittenUnit>;
}

/** A unit of the log: a command, or a transaction. */
export interface WrittenUnit {
  readonly inode: number;
  /** So many bytes of the file have to be there for a loader to take it. */
  readonly endBytes: number;
  /** What explains the log up to it, in the order of the lanes. */
  readonly lengths: readonly LengthRanges[];
}

export interface IndexOrder {
  readonly recording: Recording;
  readonly timeline: Timeline;
  readonly lanes: Lanes;
  readonly config: Config;
  readonly store: StoreIdentity;
}

/** Undefined where the log cannot be read: then every state is booted that is to be judged. */
export type MakeStateIndex = (order: IndexOrder) => StateIndex | undefined;
