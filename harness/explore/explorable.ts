/**
 * The contract between the explorer and the worlds that it explores: whoever can make a recording, and can start the store
 * on a crash state of it. A process on a recorded volume is one (`recorded-process.ts`), the simulated world another.
 */
import type { Image } from "../disk/image.ts";
import type { RecoveryFacts } from "../oracle/evidence.ts";
import type { Plan } from "../plan.ts";
import type { Recording } from "../recording/recording.ts";
import type { Config } from "../targets/target.ts";

export interface Explorable {
  /** As the outcome names it. */
  readonly engine: "recorded" | "filesystem" | "simulated";
  /** A bug may be planted where it loads its log: then no index can speak for it (J2). */
  readonly readsLogWrongly?: boolean;
  /**
   * Plays a link of the plan: the first one, or a later one on what a crash left. Where the recording is kept is the
   * world's affair; `close` gives it back.
   */
  record(plan: Plan, later?: LaterLink): Promise<KeptRecording>;
  /** What a user finds on such a disk, where a crash state is not files but the image of one. */
  filesIn?(disk: Image): Promise<Image>;
  /** To start the store with this config, `jobs` at a time. */
  recoverer(config: Config, jobs: number): Promise<Recoverer>;
}

/** A link of a chain that goes on from a crash state; everything in that is settled, as after a power cut (S7). */
export interface LaterLink {
  /** Counted from 0: 1 or more. */
  readonly link: number;
  readonly image: Image;
}

export interface KeptRecording {
  readonly recording: Recording;
  /** Where its files are, for whoever wants to explore it again; absent where the seed alone brings it back. */
  readonly dir?: string;
  close(): Promise<void>;
}

/** Starts the store on crash states and reads everything back. Never touches the recording. */
export interface Recoverer {
  /**
   * @param starts 2: stopped in an orderly way and started again, which must show the same. 1: ended after the first.
   */
  recover(image: Image, starts: 1 | 2): Promise<RecoveryFacts>;
  close(): Promise<void>;
}
