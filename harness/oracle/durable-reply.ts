/**
 * What WAITAOF answers: `[local, replicas]`. With `local` of 1 or more all earlier writes of its connection are synced on
 * the disk of the store that answers; `WAITAOF 0 …` asks nothing of that disk, so nothing follows from its answer.
 */
import { type CallRecord, fateOf, type Reply, type Request } from "../recording/history.ts";

/** Whether the client was told so, within a transaction or without. */
export function saysDurable(record: CallRecord): boolean {
  const { call, completed } = record;
  if (!call.requests.some(asksForLocalSync) || fateOf(record) !== "acked") return false;
  const reply = completed?.reply as Reply;
  return call.requests.some((request, index) => {
    if (!asksForLocalSync(request)) return false;
    const own = call.transaction && reply.kind === "array" ? reply.items[index] : reply;
    const local = own?.kind === "array" ? own.items[0] : undefined;
    return local?.kind === "integer" && local.value >= 1;
  });
}

function asksForLocalSync([command = "", local = "0"]: Request): boolean {
  return command.length === 7 && command.toUpperCase() === "WAITAOF" && Number(local) >= 1;
}
