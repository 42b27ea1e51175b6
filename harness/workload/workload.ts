/**
 * From weights and a seed to the calls of each client, every one written down before the first is sent.
 *
 *     client 0   ▮▮▮▮▮▮▮▮ ▮▮▮ ▮▮▮▮▮▮ ▮ …            eager: the next batch leaves when the last one is answered
 *     client 1   ▮▮▮      ▮        ▮▮▮▮      ▮▮ …   paced: it waits in between, so that the run lasts
 *                └─ a batch: calls that leave in one write, pipelined
 *
 * Both are needed. Eager clients keep the store's buffers full; paced ones find it idle, which is when a store may forget
 * to sync what came last.
 */
import type { Workload } from "../../scenarios/scenario.ts";
import { KeyPool } from "../operations/key-pool.ts";
import { type Weights, weightsFor } from "../operations/operations.ts";
import { drawCall, drawTransaction } from "../operations/transactions.ts";
import type { Random } from "../random.ts";
import type { Call } from "../recording/history.ts";
import { withMarker } from "./marker.ts";
import { profileOf } from "./profiles.ts";

export interface ClientPlan {
  readonly protocol: 2 | 3;
  readonly batches: readonly Batch[];
}

export interface Batch {
  /** Waited before it leaves. */
  readonly pauseMs: number;
  readonly calls: readonly Call[];
}

/** How much is asked of the clients together: so many calls, spread over so much time. 0: as fast as answers come. */
export interface Rhythm {
  readonly calls: number;
  readonly lastsMs: number;
  /** How many of the clients do not wait between batches, 0 to 1. Absent: what suits a short run. */
  readonly eagerShare?: number;
  /** When keys expire: decades later, or while the run lasts. Absent: far. */
  readonly deadlines?: "far" | "near";
}

/** What a store understands: what its version knows, without the commands that it said it does not. */
export interface Vocabulary {
  readonly redisVersion: string;
  readonly withoutCommands: readonly string[];
}

const eagerShareDefault = 0.4;
const pacedPauseMs = 2;

/**
 * @param markerOf of this life of the store: every write also appends to one shared log (marker.ts). Absent: it does not.
 * @param first the number of the first client: who comes after a crash is another client, with keys of its own.
 */
export function planClients(
  workload: Workload,
  rhythm: Rhythm,
  words: Vocabulary,
  random: Random,
  markerOf?: number,
  first = 0,
): ClientPlan[] {
  const profile = profileOf(workload);
  const weights = weightsFor(words.redisVersion, (operation) =>
    words.withoutCommands.includes(operation.name) ? 0 : profile.scale(operation),
  );
  if (weights.length === 0) throw new RangeError(`the store knows no command that ${workload.profile} draws`);
  const each = { ...rhythm, calls: Math.ceil(rhythm.calls / workload.clients) };
  // One log of that name: a client that changed its database would begin another one.
  const asked = markerOf === undefined ? workload : { ...workload, databases: 1 };
  const plans = Array.from({ length: workload.clients }, (_, client) =>
    planClient(first + client, each, asked, weights, words, profile.transactionPercent, random),
  );
  return markerOf === undefined ? plans : plans.map((plan, client) => withMarker(plan, first + client, markerOf));
}

/**
 * It keeps its client waiting, so it is the last of its batch; and not for long, because a store that answers nobody for
 * longer has stalled, and how long it did is part of what may be lost. Who wants to wait a second asks again and again.
 */
const waitaof: Call = { requests: [["WAITAOF", "1", "0", "50"]], transaction: false };
const waitaofAgain = [0, 4, 25];

export function countCalls(clients: readonly ClientPlan[]): number {
  return clients.reduce((sum, { batches }) => sum + batches.reduce((part, { calls }) => part + calls.length, 0), 0);
}

function planClient(
  client: number,
  { calls, lastsMs, eagerShare, deadlines = "far" }: Rhythm,
  workload: Workload,
  weights: Weights,
  words: Vocabulary,
  transactionPercent: number,
  random: Random,
): ClientPlan {
  const own = random.fork(`client ${client}`);
  const pool = new KeyPool(own.fork("keys"), client, { ...workload, deadlines });
  const batchSizes = drawBatchSizes(calls, workload.pipeline, own);
  const meanPauseMs = lastsMs > 0 ? lastsMs / batchSizes.length : pacedPauseMs;
  const eager = own.chance(eagerShare ?? eagerShareDefault) || (lastsMs === 0 && own.chance(0.5));
  const asksForSync = words.withoutCommands.includes("WAITAOF") ? 0 : workload.waitaofPercent / 100;
  const waits = own.fork("waitaof");
  const batches = batchSizes.flatMap((size): Batch[] => {
    const pauseMs = eager ? 0 : drawPause(meanPauseMs, own);
    const calls = Array.from({ length: size }, () =>
      own.chance(transactionPercent / 100) ? drawTransaction(pool, weights) : drawCall(pool, weights),
    );
    if (!waits.chance(asksForSync)) return [{ pauseMs, calls }];
    const again = Array.from({ length: waits.pick(waitaofAgain) }, () => ({ pauseMs: 0, calls: [waitaof] }));
    return [{ pauseMs, calls: [...calls, waitaof] }, ...again];
  });
  return { protocol: own.pick([2, 3]), batches };
}

/** Half of the batches are single calls, the rest anything up to the deepest pipeline. */
function drawBatchSizes(calls: number, pipeline: number, random: Random): number[] {
  const sizes: number[] = [];
  for (let left = calls; left > 0; left -= sizes.at(-1) as number) {
    sizes.push(Math.min(left, random.chance(0.5) ? 1 : 1 + random.below(pipeline)));
  }
  return sizes;
}

/** Whole milliseconds, for timers know no others; their mean is what was asked, also when that is below one. */
function drawPause(meanMs: number, random: Random): number {
  return Math.floor(random.fraction() * 2 * meanMs + random.fraction() * Math.min(1, meanMs));
}
