/**
 * A recording: both tracks of one run of a store, from its start to its death. Cut it at any stamp and you know what had
 * been promised and what had been written; that is all that an explorer needs, whoever made it.
 *
 *     recorded volume + process ─┐
 *     simulated world           ─┼─▶ recording ──▶ crash points ──▶ crash states ──▶ …
 *     real file system          ─┘
 */
import type { Model } from "../operations/model.ts";
import type { History } from "./history.ts";
import type { Journal } from "./journal.ts";
import type { StampNs } from "./stamp.ts";

/** A death of the process within a recording: nothing on the disk is settled by it (S7). */
export interface KillSeen {
  /** Before the signal was sent. */
  readonly atNs: StampNs;
  /** Whether its children died with it (S8). */
  readonly scope: "process" | "tree";
  /** Pids of those that outlived it, as the journal has them. */
  readonly orphans: readonly number[];
  /** What the next life served before its clients came. */
  readonly served: Model;
  readonly readAtWallMs: number;
  /** How exact its deadlines are. */
  readonly deadlineErrorMs: number;
}

/** A snapshot, with both ends where they promise least. */
export interface SaveSeen {
  /** Not after the moment whose data it holds: the last time at which it had surely not begun. */
  readonly startedNs: StampNs;
  /** Not before it was safe: renamed and, for a power cut, its directory synced. Absent: it never was. */
  readonly completedNs?: StampNs;
}

export interface Recording {
  readonly history: History;
  /** What the store held before the first call. Absent: nothing. */
  readonly initial?: Model;
  /** Ends where the run does: no record is later than `endNs`. */
  readonly journal: Journal;
  /** When the run ended: the last crash point reaches up to here (S1). */
  readonly endNs: StampNs;
  /**
   * Snapshots that were seen to begin, with the last moment at which each had surely not begun. When they are safe is in
   * the journal.
   */
  readonly savesBegunNs: readonly StampNs[];
  /** Snapshots as the store told of them, where the journal is of blocks and knows no files. Absent: the journal knows. */
  readonly saves?: readonly SaveSeen[];
  /** When the store was told to keep no log any more. Absent: never. */
  readonly logOffNs?: readonly StampNs[];
  /** Where the process died and was started again on the same disk, in order. Absent: it did not. */
  readonly kills?: readonly KillSeen[];
  /** Of journal and history; equal for equal seeds where time is simulated (W4). */
  readonly digest: string;
}
