/** The thread of the sync probe: write, sync, say how long it took, sleep. */
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import type { ProbeJob, SyncSample } from "./sync-probe.ts";

const { file, cadenceMs, underWay } = workerData as ProbeJob;
const state = new BigInt64Array(underWay);
const descriptor = openSync(file, "w");
const record = new Uint8Array(64);

while (Atomics.load(state, 0) >= 0n) {
  const startNs = process.hrtime.bigint();
  // Whoever stopped us meanwhile has written a number below 0, which must stay.
  if (Atomics.compareExchange(state, 0, 0n, startNs) !== 0n) break;
  writeSync(descriptor, record, 0, record.length, 0);
  fdatasyncSync(descriptor);
  if (Atomics.compareExchange(state, 0, startNs, 0n) !== startNs) break;
  parentPort?.postMessage({ startNs, endNs: process.hrtime.bigint() } satisfies SyncSample);
  Atomics.wait(state, 0, 0n, cadenceMs);
}
closeSync(descriptor);
