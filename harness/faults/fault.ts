/**
 * The contract of a fault: what befalls a living run. It turns it into a crash state, and after that point nobody asks
 * which fault it was: recover, observe, check, report is one path.
 */
import type { Image } from "../disk/image.ts";
import type { Volume } from "../disk/volume.ts";
import type { CrashFacts } from "../oracle/evidence.ts";
import type { LinkPlan, Plan, PlannedFault } from "../plan.ts";
import type { JournalRecord } from "../recording/journal.ts";
import type { Interval, StampClock, StampNs } from "../recording/stamp.ts";
import type { Config, Instance, StartOptions, Target } from "../targets/target.ts";
import type { Driver } from "../workload/driver.ts";

export interface Fault<F extends PlannedFault = PlannedFault> {
  readonly name: F["kind"];
  /** Why this target cannot be struck so, as a sentence; undefined when it can. */
  refuses(link: LinkPlan<F>, target: Target): string | undefined;
  /** Where the store has to live to be struck so. */
  volume(link: LinkPlan<F>, target: Target): "directory" | "recorded";
  /** What the store must be told at its start to be struck later. */
  prepare(link: LinkPlan<F>): StartOptions;
  /** @throws StoreEndedEarly when the store ended before anything struck it */
  crash(live: LiveRun<F>): Promise<CrashState>;
}

/** A run under way: the store serves, the clients play. */
export interface LiveRun<F extends PlannedFault = PlannedFault> {
  readonly plan: Plan;
  readonly link: LinkPlan<F>;
  readonly target: Target;
  readonly volume: Volume;
  readonly config: Config;
  readonly instance: Instance;
  readonly driver: Driver;
  readonly clock: StampClock;
}

export interface CrashState {
  /** Acks up to its end are promises (S1). */
  readonly cut: Interval;
  readonly point: CrashPoint;
  /** Which column of the durability contract is asked. */
  readonly fault: CrashFacts["fault"];
  /** Stretches of the run that the fault hit, e.g. `rewrite`. */
  readonly windows: readonly Window[];
  /** The files as the crash left them. */
  readonly image: Image;
  /** Stretches in which the disk kept the store from keeping its word. Absent: none. */
  readonly suspensions?: CrashFacts["suspensions"];
  /** What the disk was asked, for reports. Absent where nobody noted it down. */
  readonly asked?: readonly JournalRecord[];
  /** What in the image is not as the store wrote it. Absent: nothing. */
  readonly damage?: CrashFacts["damage"];
  /** What is to be started again is no crash state but a backup of the store. */
  readonly backup?: BackedUp;
}

/** A backup that claims to be complete, laid out as its user would restore it. */
export interface BackedUp {
  /** With which the store has to be started to read it. */
  readonly config: Config;
  /** It holds what the store had in hand by then. */
  readonly beganNs: StampNs;
  readonly completedNs: StampNs;
  /** True where that is what the store had written to its log, which may lag behind what it had acked. */
  readonly isLog: boolean;
  /** Why it cannot even be laid out: then it is refused, as by a store. Absent: it can. */
  readonly broken?: string;
}

/** Where it struck. */
export interface CrashPoint {
  /** Class of place, e.g. `rewrite`: part of a finding's fingerprint. */
  readonly place: string;
  /** What the disk or the harness was doing, e.g. `SIGKILL`. */
  readonly operation: string;
  readonly path: string;
  /** Position in the journal; -1 where none is kept. */
  readonly journalIndex: number;
  readonly stampNs: StampNs;
}

export interface Window {
  readonly name: string;
  /** How long it was open when the fault struck; 0 where that is not known. */
  readonly openMs: number;
}

/** The store was gone before anything had struck it: whatever that is, it is not what was to be tested. */
export class StoreEndedEarly extends Error {
  override readonly name = "StoreEndedEarly";
}
