/**
 * Calls that change keys which they do not name: FLUSHALL, FLUSHDB, SWAPDB. They take place in every lane at once, and
 * that can only be judged when nothing else was under way (O5):
 *
 *     client 0   ──[SET]──[SET]──────────────────[SET]──
 *     client 1   ────[INCR]─────────[FLUSHALL]──────────      quiet: everything else is before it or after it
 */
import { operationOf } from "../operations/operations.ts";
import { type CallRecord, fateOf, type History, type Request } from "../recording/history.ts";

export interface GlobalCall {
  readonly record: CallRecord;
  /** The database in which its client stood. */
  readonly database: number;
}

/** Something else was under way while a call changed everything: nobody can say what it met. */
export class NotQuiet extends Error {
  override readonly name = "NotQuiet";
}

/** In the order in which they took place. @throws NotQuiet */
export function findGlobalCalls(history: History): readonly GlobalCall[] {
  const found = history.clients
    .flatMap(globalCallsOf)
    .sort((one, other) => one.record.invokedNs - other.record.invokedNs);
  for (const { record } of found) requireQuiet(record, history);
  return found;
}

function globalCallsOf(sequence: readonly CallRecord[]): GlobalCall[] {
  let database = 0;
  const found: GlobalCall[] = [];
  for (const record of sequence) {
    if (fateOf(record) === "refused") continue;
    if (record.call.requests.some(changesEverything)) found.push({ record, database });
    database = databaseAfterAll(record.call.requests, database);
  }
  return found;
}

function changesEverything(request: Request): boolean {
  return operationOf(request).changes === "everything";
}

/** In which database a connection stands after these, if they are not refused. */
export function databaseAfterAll(requests: readonly Request[], before: number): number {
  const last = requests.findLast(([name]) => name?.toUpperCase() === "SELECT");
  return last === undefined ? before : Number(last[1]);
}

function requireQuiet(global: CallRecord, history: History): void {
  for (const record of history.clients.flat()) {
    if (record === global) continue;
    const isBefore = record.completed !== undefined && record.completed.ns < global.invokedNs;
    const isAfter = global.completed !== undefined && record.invokedNs > global.completed.ns;
    if (!isBefore && !isAfter) {
      const [name] = global.call.requests.find(changesEverything) ?? [];
      throw new NotQuiet(`${name} (call ${global.id}) ran while call ${record.id} was under way`);
    }
  }
}
