/** What an exploration is of, and what is kept of each finding until its bundle is written. */
import type { PowerCut, Scenario } from "../../scenarios/scenario.ts";
import type { DiskModel } from "../disk/disk-model.ts";
import type { Finding } from "../oracle/checker.ts";
import type { CrashName } from "../simulated/token.ts";
import type { StoreIdentity } from "../targets/target.ts";
import type { Explorable } from "./explorable.ts";
import type { JudgedPair } from "./exploration.ts";

export interface ExplorationTitle {
  readonly scenario: Scenario & { readonly fault: PowerCut };
  readonly preset: string;
  readonly target: string;
  readonly seed: string;
  readonly engine: Explorable["engine"];
  /** The real one under the store; empty where there is none. */
  readonly filesystem: string;
  readonly store: StoreIdentity;
  readonly models: readonly DiskModel[];
  /** The day on which known findings are held against their last day, `2026-01-31`. */
  readonly todayIso: string;
}

/** One finding of the recording at hand, with the pair that shows it best. */
export interface BestExample {
  readonly finding: Finding;
  readonly pair: JudgedPair;
  readonly from: Source;
  /** In this recording. Absent: as long as it is not over. */
  readonly exposure?: Exposure;
}

/** For how long of a recording a power cut would have shown it. */
export interface Exposure {
  readonly ms: number;
  /** How long it was: all the time that its crash points stand for. */
  readonly ofMs: number;
}

/** Which recording a pair is of. */
export interface Source {
  /** Counted from 0 along the chain. */
  readonly link: number;
  /** The crashes that the chain came through before this recording, by name. */
  readonly before?: readonly CrashName[];
  /** Where its files are, if it has any. */
  readonly dir?: string;
}

/** How a finding can be seen again. */
export interface Replay {
  /** Path; empty when none was written. */
  readonly bundle: string;
  readonly command: string;
}
