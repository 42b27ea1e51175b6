/**
 * Evidence: all that is known of one crash state once a store was started on it. Checkers read this and nothing else,
 * so a bundle that holds it can be judged again anywhere.
 */
import type { Model } from "../operations/model.ts";
import type { History } from "../recording/history.ts";
import type { Interval, StampNs } from "../recording/stamp.ts";

export interface Evidence {
  readonly history: History;
  /** The interval of the timeline at which the run ended (S1): promised = acked up to its end. */
  readonly cut: Interval;
  readonly crash: CrashFacts;
  readonly promise: PresetPromise;
  readonly recovery: RecoveryFacts;
}

export interface CrashFacts {
  /** What befell the run: decides which row of the durability contract is asked. */
  readonly fault: "kill" | "power-cut" | "disk-fault" | "shutdown";
  /** Measured, never guessed (O7): the longest sync of the run, one unfinished at the cut included. */
  readonly longestSyncMs: number;
  /** The longest time for which clients had no reply. */
  readonly longestStallMs: number;
  /** Completed snapshots: what an RDB-only preset promises hangs on them (O8). */
  readonly saves: readonly { readonly startedNs: StampNs; readonly completedNs?: StampNs }[];
}

/** What the preset promises, as a name of a row of the durability contract; see oracle/promises.ts. */
export interface PresetPromise {
  readonly row:
    | "always"
    | "everysec"
    | "everysec-no-fsync-on-rewrite"
    | "os-decides"
    | "rdb-only"
    | "none"
    | "as-documented";
  readonly storeVersion: string;
}

export interface RecoveryFacts {
  /** Each start on the crash state, in order: the second must find what the first one served. */
  readonly starts: readonly RecoveryStart[];
}

export type RecoveryStart =
  | { readonly kind: "served"; readonly state: Model; readonly readAtWallMs: number; readonly tookMs: number }
  | { readonly kind: "refused"; readonly exitCode: number | null; readonly lastLogLines: readonly string[] };
