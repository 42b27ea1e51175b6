/**
 * Evidence: all that is known of one crash state once a store was started on it. Checkers read this and nothing else,
 * so a bundle that holds it can be judged again anywhere.
 */
import type { Model } from "../operations/model.ts";
import type { History } from "../recording/history.ts";
import type { SaveSeen } from "../recording/recording.ts";
import type { Interval } from "../recording/stamp.ts";

export interface Evidence {
  /** The same object for all crash states of one recording: what the oracle works out of it is kept beside it. */
  readonly history: History;
  /** What the store held before the first call. Absent: nothing. */
  readonly initial?: Model;
  /**
   * The interval of the timeline in which the run ended (S1). What is present may come from calls invoked up to its end;
   * what is promised are the acks up to its end, and ages are counted from there. A kill's interval begins before the
   * signal is sent, and ends with the last reply that still arrived, or when the signal was sent if none did.
   */
  readonly cut: Interval;
  readonly crash: CrashFacts;
  readonly promise: PresetPromise;
  readonly recovery: RecoveryFacts;
  /** What the run had to reach before a verdict means anything (N1). Absent: nothing. */
  readonly needs?: Needs;
}

export interface CrashFacts {
  /** What befell the run: decides which column of the durability contract is asked. */
  readonly fault: "kill" | "power-cut" | "disk-fault" | "shutdown";
  /** Measured, never guessed (O7): the longest sync of the run, one unfinished at the cut included. */
  readonly longestSyncMs: number;
  /** The longest time for which a client waited and no client had a reply. */
  readonly longestStallMs: number;
  /** Snapshots that were begun: what an RDB-only preset promises hangs on them (O8). */
  readonly saves: readonly Save[];
  /** Stretches in which the contract promises less, e.g. while a disk refuses writes. */
  readonly suspensions: readonly Suspension[];
  /** What on the disk is not as the store wrote it: then a store does right when it does not start. Absent: nothing. */
  readonly damage?: Damage;
  /** Class of place where it struck, e.g. `rewrite:manifest-switch`; part of a finding's fingerprint. Empty: unknown. */
  readonly place: string;
}

export type Save = SaveSeen;

/**
 * A stretch of time in which acks are worth less than the preset says. What was acked in it may be lost while it lasts,
 * and until a sync has covered it; what was acked before it is judged as if the run had ended where it begins.
 */
export interface Suspension {
  /** Ends with the first finished sync that covers what was written in it; open ends are the end of the history. */
  readonly interval: Interval;
  readonly why:
    | "a child ran and no-appendfsync-on-rewrite is on"
    | "the disk refused writes or syncs"
    | "the log was switched on and its first rewrite had not ended"
    | "the process had died, and no sync had covered since what it left in the log";
}

/** What the preset promises, as a row of the durability contract; see oracle/promises.ts. */
export interface PresetPromise {
  readonly row:
    | "always"
    | "everysec"
    | "everysec-no-fsync-on-rewrite"
    | "os-decides"
    | "rdb-only"
    | "none"
    | "as-documented";
  /** As the store says itself, e.g. `redis-server` and `7.0.15`: bounds at the level `source` differ between versions. */
  readonly store: { readonly name: string; readonly version: string };
  /** The `save` directives in force. */
  readonly savePoints: readonly SavePoint[];
  /** Each write is in the log's file before it is answered, also while a sync runs: a kill takes none of them. */
  readonly writesBeforeReply?: true;
  /** It writes down what is durable, so often at the least. Absent: it does not. */
  readonly attestsEveryMs?: number;
}

export interface Damage {
  readonly path: string;
  /** `bit 3 of byte 90 of dump.rdb reads wrong` */
  readonly what: string;
}

export interface SavePoint {
  readonly seconds: number;
  readonly changes: number;
}

export interface RecoveryFacts {
  /** Each start on the crash state, in order: the second must find what the first one served. */
  readonly starts: readonly RecoveryStart[];
  /** As in `CrashFacts`, where it went wrong between the crash and the start. */
  readonly damage?: Damage;
  /** The stretches that the files tell of which it was started on. Absent: the crash state itself tells. */
  readonly windows?: readonly string[];
}

export type RecoveryStart =
  | ServedStart
  | { readonly kind: "refused"; readonly exitCode: number | null; readonly lastLogLines: readonly string[] }
  /** The harness could not tell: its patience ended, or its connection broke. Never a violation. */
  | { readonly kind: "unclear"; readonly why: string; readonly lastLogLines: readonly string[] };

export interface ServedStart {
  readonly kind: "served";
  /** Everything: all databases, types, deadlines, keys nobody wrote too (O3). */
  readonly state: Model;
  /** When reading back had ended: a key past its deadline by then may be absent, and that proves nothing (O4). */
  readonly readAtWallMs: number;
  /** How exact the deadlines in `state` are: 0 from PEXPIRETIME, the length of the read from PTTL. */
  readonly deadlineErrorMs: number;
  /** From starting the process to its first answer. */
  readonly tookMs: number;
}

export interface Needs {
  readonly acksMin: number;
  /** Stretches of the run that the scenario names, and whether the fault hit one. */
  readonly windows: readonly { readonly name: string; readonly hit: boolean }[];
}
