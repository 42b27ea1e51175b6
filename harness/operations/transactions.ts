/**
 * Transactions, as one element of a client's sequence: MULTI, requests, EXEC, sometimes behind a WATCH.
 *
 * What makes half a transaction visible is that its requests change several keys, so a transaction is drawn from writes.
 */
import type { Call } from "../recording/history.ts";
import type { KeyPool } from "./key-pool.ts";
import { drawRequest, type Weights } from "./operations.ts";

const requestsMax = 5;

export function drawCall(pool: KeyPool, weights: Weights): Call {
  return { requests: [drawRequest(pool, weights)], transaction: false };
}

export function drawTransaction(pool: KeyPool, weights: Weights): Call {
  const inside = weights.filter(([operation]) => operation.changes === "keys");
  const requests = Array.from({ length: 1 + pool.count(requestsMax - 1) }, () => drawRequest(pool, inside));
  return { requests, transaction: true, ...(pool.random.chance(0.3) && { watch: [pool.anyKey()] }) };
}
