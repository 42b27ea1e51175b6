/**
 * A bundle: one finding, and all that is needed to see it again on another machine. A plan replays exactly, but the
 * timing of a real process does not; so the crash state itself is in it, and a replay starts from there.
 *
 *     NAME.lossbound = tar.gz
 *       NAME/README          what this is, for whoever finds it
 *       NAME/finding.txt     what was promised and what came back
 *       NAME/repro.sh        shows it with the store and redis-cli alone
 *       NAME/bundle.json     versions, target, promise, cut, findings, what the recovery showed
 *       NAME/plan.json       every choice of the run
 *       NAME/history.jsonl   what clients asked and were told
 *       NAME/store.conf      the store's directives
 *       NAME/store.log       the last lines that it wrote
 *       NAME/image/…         the data folder as the crash left it
 *       NAME/journal/…       of a power cut: what the disk was asked; with recording.json, the folder is a recording too
 */
import type { Image } from "../disk/image.ts";
import type { Exposure } from "../explore/exploration-title.ts";
import type { CrashPoint } from "../faults/fault.ts";
import type { Model, ModelJson } from "../operations/model.ts";
import type { Finding } from "../oracle/checker.ts";
import type { CrashFacts, PresetPromise } from "../oracle/evidence.ts";
import type { Plan } from "../plan.ts";
import type { History } from "../recording/history.ts";
import type { Interval } from "../recording/stamp.ts";
import type { StoreIdentity, TargetKind } from "../targets/target.ts";

export const bundleFormat = "lossbound/bundle@1";
export const bundleExtension = ".lossbound";

/** bundle.json */
export interface BundleHeader {
  readonly format: typeof bundleFormat;
  /** Of the lossbound that wrote it. */
  readonly version: string;
  readonly writtenAt: string;
  readonly target: { readonly name: string; readonly kind: TargetKind; readonly store: StoreIdentity };
  readonly promise: PresetPromise;
  readonly documentedCounts: boolean;
  /** Which crash of the plan's chain, counted from 0. */
  readonly link: number;
  readonly cut: Interval;
  readonly crash: CrashFacts;
  readonly point: CrashPoint;
  /** What the store held before the first call of this history. */
  readonly initial?: ModelJson;
  readonly findings: readonly Finding[];
  /** Of a power cut: for how long of the recording one would have shown it. */
  readonly exposure?: Exposure;
  /** What each start on the crash state showed, when it was found. */
  readonly starts: readonly StartJson[];
}

export type StartJson =
  | { readonly kind: "served"; readonly state: ModelJson; readonly readAtWallMs: number; readonly tookMs: number }
  | { readonly kind: "refused"; readonly exitCode: number | null; readonly lastLogLines: readonly string[] }
  | { readonly kind: "unclear"; readonly why: string; readonly lastLogLines: readonly string[] };

/** A bundle taken apart. */
export interface Bundle {
  readonly header: BundleHeader;
  readonly plan: Plan;
  readonly history: History;
  readonly initial?: Model;
  readonly image: Image;
}

/** Not a bundle, a damaged one, or one of a format that this version does not know: exit 2. */
export class BadBundle extends Error {
  override readonly name = "BadBundle";
}
