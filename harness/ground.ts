/**
 * The ground that a store is killed on: an ordinary disk, or a recorded volume whose syncs take as long as the plan says.
 * Either way somebody must know how long syncs took, because what may be lost follows from it (O7).
 *
 *     ordinary   a folder; a probe beside it writes and syncs a small file, again and again
 *     recorded   a recorded volume; its journal has both ends of every sync, and its disk can be slow or go wrong
 */
import type { Delays } from "./disk/delays.ts";
import type { Image } from "./disk/image.ts";
import type { Volume } from "./disk/volume.ts";
import type { SyncProbe } from "./measure/sync-probe.ts";
import { longestSyncMs } from "./measure/sync-times.ts";
import type { RunFolder } from "./run-folder.ts";

export interface Ground {
  readonly volume: Volume;
  /** Between two moments of CLOCK_MONOTONIC, a sync under way at the second included. */
  longestSyncMs(fromNs: bigint, toNs: bigint): Promise<number>;
  /** Gives it back, with all that is on it. */
  leave(): Promise<void>;
}

export interface GroundOrder {
  readonly run: RunFolder;
  readonly probe: SyncProbe;
  /** What is there when the store starts. Absent: nothing. */
  readonly image?: Image;
  readonly recorded: boolean;
  /** Of a recorded volume: it must be seen by the whole machine. */
  readonly exposed?: boolean | undefined;
  /** How long syncs take on a recorded volume. Absent: no longer than it takes to note them down. */
  readonly syncs?: Delays | undefined;
  readonly seed: string;
}

/** @throws VolumeUnavailable where this machine has no recorded volumes, and one is asked for. */
export function makeGround(order: GroundOrder): Promise<Ground> {
  return order.recorded ? recorded(order) : ordinary(order);
}

async function ordinary({ run, probe, image }: GroundOrder): Promise<Ground> {
  const volume = run.newVolume();
  if (image !== undefined) await volume.lay(image);
  return {
    volume,
    longestSyncMs: async (fromNs, toNs) => probe.longestMs(fromNs, toNs),
    leave: async () => run.remove(volume.dir),
  };
}

async function recorded({ run, image, syncs, seed, exposed = false }: GroundOrder): Promise<Ground> {
  const originNs = process.hrtime.bigint();
  const volume = await run.newRecordedVolume({ originNs, exposed });
  if (image !== undefined) await volume.lay(image);
  if (syncs !== undefined) await volume.arm([slowSyncs(syncs)], seed);
  return {
    volume,
    async longestSyncMs(fromNs, toNs) {
      const journal = await volume.journal();
      journal.close();
      return longestSyncMs(journal, Number(fromNs - originNs), Number(toNs - originNs));
    },
    leave: () => volume.dispose(),
  };
}

/** What journals call it when a sync took as long as it was asked to: that is how the disk is, and no fault. */
export const slowSyncsName = "slow syncs";

/** For a recorded volume: every sync takes so long, of files and folders alike. */
export function slowSyncs(delays: Delays) {
  return { kind: "delay", name: slowSyncsName, when: { on: ["fsync", "fdatasync", "fsyncdir"] }, delays } as const;
}
