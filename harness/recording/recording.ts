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
  /** Of journal and history; equal for equal seeds where time is simulated (W4). */
  readonly digest: string;
}
