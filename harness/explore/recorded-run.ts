/**
 * A recorded run: what whoever recorded hands to whoever explores. A recorded volume makes one of a real store, the
 * simulated world makes one of a seed, and the explorer does not ask which.
 *
 *     history      ──invoke────acked──invoke────────────acked──▶
 *     journal      ─────write──sync▷─────▷sync──rename──────────▶ endNs
 *     stretches          └──── rewrite ────────────┘               what only the recorder can know of
 */
import type { Save, Suspension } from "../oracle/evidence.ts";
import type { History } from "../recording/history.ts";
import type { Journal } from "../recording/journal.ts";
import type { Interval, StampNs } from "../recording/stamp.ts";

export interface RecordedRun {
  readonly journal: Journal;
  readonly history: History;
  /** Where the last interval ends: not before the last entry of either track. */
  readonly endNs: StampNs;
  /** Snapshots that were begun (O8). */
  readonly saves: readonly Save[];
  /** Stretches in which the contract promises less. */
  readonly suspensions: readonly Suspension[];
  /** Stretches of the run by name, beside those that the journal itself shows. */
  readonly stretches: readonly Stretch[];
  /** Sha256 over bytes, stamps, history and network (W4); empty where equal seeds do not make equal recordings. */
  readonly digest: string;
}

/** A named stretch of the timeline: `bgsave`, `recovery`, `transaction` … */
export interface Stretch extends Interval {
  readonly name: string;
}
