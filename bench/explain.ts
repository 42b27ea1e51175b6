/**
 * How fast the oracle judges: recovered states explained a second, for a short and a long history, and losses a second at
 * recovery points that are known already (what an index asks). Side by side with reading the state alone, which is what
 * any check of every key would cost at least.
 */
import { performance } from "node:perf_hooks";
import { KeyPool } from "../harness/operations/key-pool.ts";
import type { Model } from "../harness/operations/model.ts";
import { weightsFor } from "../harness/operations/operations.ts";
import { explain, greatestCut } from "../harness/oracle/explain.ts";
import { completeLanes, type Lanes, readLanes } from "../harness/oracle/lanes.ts";
import { lossAt, noLoss } from "../harness/oracle/loss.ts";
import { readState } from "../harness/oracle/reading.ts";
import { randomFrom } from "../harness/random.ts";
import { served } from "../tests/evidence.ts";
import { replayLog, runToy, type ToyRun } from "../tests/toy-store.ts";

const unplayable = new Set(["SRANDMEMBER", "TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"]);
const weights = weightsFor("7.0", ({ name }) => (unplayable.has(name) ? 0 : 1));

function recording(calls: number): ToyRun {
  return runToy(randomFrom(`bench ${calls}`), {
    clients: 4,
    calls,
    pipeline: 8,
    transactions: 0.1,
    refusals: 0,
    drained: true,
    pool: (client) =>
      new KeyPool(randomFrom(`keys of ${client}`), client, {
        keys: 40,
        valueBytes: { least: 4, most: 200 },
        databases: 2,
        deadlines: "far",
      }),
    weights,
  });
}

/** Calls a second, over at least a second, after a warm-up. */
function rate(run: () => void): number {
  for (const warmUntil = performance.now() + 300; performance.now() < warmUntil; ) run();
  let count = 0;
  const start = performance.now();
  for (; performance.now() < start + 1_000; count++) run();
  return count / ((performance.now() - start) / 1_000);
}

function measure(calls: number): void {
  const run = recording(calls);
  const begin = performance.now();
  const lanes = readLanes(run.history, { initial: new Map(), trouble: false });
  const readMs = performance.now() - begin;
  const lengths = [0.25, 0.5, 0.75, 1].map((share) => wholeLength(run, Math.floor(run.log.length * share)));
  const states = lengths.map((length) => replayLog(run.log.slice(0, length)));
  let next = 0;
  const reading = rate(() => void readState(lanes, served(states[next++ % 4] as Model, run.endWallMs)));
  const explaining = rate(() => explained(lanes, states[next++ % 4] as Model, run));
  const points = states.map((state) => explained(lanes, state, run));
  const loss = noLoss();
  const losing = rate(() => void lossAt(lanes, points[next++ % 4] as Int32Array, run.endNs - (next % 1_000), loss));
  console.log(
    [
      `${calls} calls`.padStart(14),
      `history read in ${readMs.toFixed(0)} ms`.padEnd(26),
      `explained ${Math.round(explaining)}/s`.padEnd(20),
      `${(explaining / reading).toFixed(2)} of reading the state alone`.padEnd(36),
      `losses ${Math.round(losing)}/s`,
    ].join("  "),
  );
}

/** No transaction is cut through. */
function wholeLength({ log }: ToyRun, about: number): number {
  let length = about;
  while (length < log.length && log[length]?.callId === log[length - 1]?.callId) length++;
  return length;
}

function explained(lanes: Lanes, state: Model, run: ToyRun): Int32Array {
  const complete = completeLanes(lanes, served(state, run.endWallMs), run.endNs);
  const explanation = explain(complete, readState(complete, served(state, run.endWallMs)));
  const cut = greatestCut(complete, explanation, run.endNs);
  if (cut.kind !== "found") throw new Error(`a lawful state was not explained: ${cut.kind}`);
  return cut.lengths;
}

for (const calls of [200, 2_000, 100_000]) measure(calls);
