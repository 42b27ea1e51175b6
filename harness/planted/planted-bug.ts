/**
 * The contract of a planted bug: the bundled store with one step wrong, on purpose. A checker that was never seen to fail
 * may be one that cannot; each bug here is what at least one scenario must find (N3), under the right name:
 *
 *     correct parts ─ one of them exchanged ─┬▶ planted-main.ts, a process ──┬▶ the scenario that ships ─▶ finding
 *                                            └▶ the simulated world ─────────┘
 *     correct parts ────────────────────────────────────────────────────────▶ the same scenario ─────▶ silence
 *
 * Most are bugs that real stores had. Each is as small as it can be told: a subclass of one part of the server, or one
 * piece of the world that does not do as it was asked.
 */
import type { FindingKind } from "../oracle/checker.ts";
import type { Exchanged } from "../targets/simulated.ts";

export interface PlantedBug extends Exchanged {
  /** What is wrong, in a few words: `reply-before-log`. */
  readonly name: string;
  /** What the store does, in a sentence that whoever knows stores nods at. */
  readonly what: string;
  /** All of them must find it. The quickest first. */
  readonly foundBy: readonly [FoundBy, ...FoundBy[]];
}

/** Who finds it, and under which name. */
export interface FoundBy {
  /** Where the store with the bug runs: as a process of its own, or in the simulated world. */
  readonly where: "process" | "simulated";
  /** A scenario that ships, as it ships: its workload, its trigger, its budget. */
  readonly scenario: string;
  /** One that the scenario suits. */
  readonly preset: string;
  readonly kind: FindingKind;
  /** Other right names for what it leaves behind, where it is a matter of luck which of them shows first. */
  readonly orAs?: readonly FindingKind[];
}
