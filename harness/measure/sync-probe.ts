/**
 * How long does a sync take on this disk, now? Beside the store's data, in the same file system, a small file is written
 * and synced on a cadence of its own, for as long as a run lasts. What a store may lose is a function of that time (O7).
 *
 *     probe   ──▮▮────────▮▮────────▮▮▮▮▮▮▮▮▮▮▮▮▮▮ ╎ not finished at the cut: counts too
 *                                                  cut
 *
 * It runs in a thread of its own and waits for each sync there: measured between turns of a busy event loop, a sync would
 * look longer than it was, and a bound that follows from it would be too generous.
 */
import path from "node:path";
import { Worker } from "node:worker_threads";

/** What the thread sends after each sync; CLOCK_MONOTONIC nanoseconds. */
export interface SyncSample {
  readonly startNs: bigint;
  readonly endNs: bigint;
}

export interface ProbeJob {
  readonly file: string;
  readonly cadenceMs: number;
  /** One number: when the sync that is under way began; 0 between syncs; below 0: stop. */
  readonly underWay: SharedArrayBuffer;
}

const samplesKept = 20_000;

export class SyncProbe {
  private readonly underWay = new BigInt64Array(new SharedArrayBuffer(8));
  private readonly samples: SyncSample[] = [];
  private readonly thread: Worker;
  private failure: Error | undefined;

  /** @param folder on the disk that is asked; a file `probe` is made in it. */
  constructor(folder: string, cadenceMs = 20) {
    const job: ProbeJob = { file: path.join(folder, "probe"), cadenceMs, underWay: this.underWay.buffer };
    const main = new URL(`./sync-probe-main${path.extname(import.meta.filename)}`, import.meta.url);
    this.thread = new Worker(main, { workerData: job });
    this.thread.on("message", (sample: SyncSample) => {
      this.samples.push(sample);
      if (this.samples.length > samplesKept) this.samples.splice(0, samplesKept / 2);
    });
    this.thread.on("error", (error: Error) => {
      this.failure = error;
    });
    this.thread.unref();
  }

  /**
   * The longest of all syncs of which any part fell between two moments, one that has not ended yet included.
   * @throws Error when the probe could not do its work: then nobody knows how long a sync took.
   */
  longestMs(fromNs: bigint, toNs: bigint): number {
    if (this.failure !== undefined) throw new Error(`the sync probe failed: ${this.failure.message}`);
    let longestNs = 0n;
    for (const { startNs, endNs } of this.samples) {
      if (startNs <= toNs && endNs >= fromNs && endNs - startNs > longestNs) longestNs = endNs - startNs;
    }
    const begun = Atomics.load(this.underWay, 0);
    if (begun > 0n && begun <= toNs) {
      const soFarNs = process.hrtime.bigint() - begun;
      if (soFarNs > longestNs) longestNs = soFarNs;
    }
    return Number(longestNs) / 1e6;
  }

  async close(): Promise<void> {
    Atomics.store(this.underWay, 0, -1n);
    Atomics.notify(this.underWay, 0);
    await this.thread.terminate();
  }
}
