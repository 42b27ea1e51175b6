/**
 * The marker: every write also appends to one shared log, in the same transaction.
 *
 *     client 2   MULTI  SET c2:k1 …  RPUSH marker0 2.7  EXEC        →  [OK, 41]      the 41st write of the whole run
 *
 * The store itself numbers all writes for us, over all clients: whether a recovered state is a prefix is then one look at
 * one list. It also changes the log under test (no write stands alone any more), so only half of the recordings have it.
 */
import { operationOf } from "../operations/operations.ts";
import type { Call, Request } from "../recording/history.ts";
import type { ClientPlan } from "./workload.ts";

/** Each link of a chain has a log of its own: that of an earlier one may have lost its end, and its numbers with it. */
export const markerKey = (link: number): string => `marker${link}`;

export function withMarker(plan: ClientPlan, client: number, link: number): ClientPlan {
  let written = 0;
  const marked = (call: Call): Call => {
    if (!call.requests.some(writes)) return call;
    const append = ["RPUSH", markerKey(link), `${client}.${written++}`];
    return { ...call, transaction: true, requests: [...call.requests, append] };
  };
  return { ...plan, batches: plan.batches.map((batch) => ({ ...batch, calls: batch.calls.map(marked) })) };
}

function writes(request: Request): boolean {
  return operationOf(request).changes === "keys";
}
