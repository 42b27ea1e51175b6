/**
 * The table of operations. A new one is an entry in its family; a new family is a file and a line here.
 */
import type { Call, Request } from "../recording/history.ts";
import { bits } from "./bits.ts";
import { fieldDeadlines } from "./field-deadlines.ts";
import { geo } from "./geo.ts";
import { hashes } from "./hashes.ts";
import type { KeyPool } from "./key-pool.ts";
import { keys } from "./keys.ts";
import { lists } from "./lists.ts";
import type { Operation } from "./operation.ts";
import { sets } from "./sets.ts";
import { sketches } from "./sketches.ts";
import { sortedSets } from "./sorted-sets.ts";
import { streams } from "./streams.ts";
import { strings } from "./strings.ts";

export const operations: ReadonlyMap<string, Operation> = new Map(
  [
    ...strings,
    ...bits,
    ...sketches,
    ...lists,
    ...hashes,
    ...fieldDeadlines,
    ...sets,
    ...sortedSets,
    ...geo,
    ...streams,
    ...keys,
  ].map((operation) => [operation.name, operation]),
);

/** @throws UnknownCommand */
export function operationOf(request: Request): Operation {
  const name = request[0] ?? "";
  const operation = operations.get(name) ?? operations.get(name.toUpperCase());
  if (operation === undefined) throw new UnknownCommand(name);
  return operation;
}

/** A history holds a command that no operation describes: nobody can say what it did. */
export class UnknownCommand extends Error {
  override readonly name = "UnknownCommand";

  constructor(command: string) {
    super(`no operation describes the command ${JSON.stringify(command)}`);
  }
}

/** How often each operation is drawn, beside the others. */
export type Weights = readonly (readonly [operation: Operation, weight: number])[];

/** What a store knows that speaks as that Redis does, as often as each operation says; `scale` makes some more or less frequent. */
export function weightsFor(redisVersion: string, scale: (operation: Operation) => number = () => 1): Weights {
  return [...operations.values()]
    .filter((operation) => operation.since === undefined || isAtLeast(redisVersion, operation.since))
    .map((operation) => [operation, operation.weight * scale(operation)] as const)
    .filter(([, weight]) => weight > 0);
}

export function drawRequest(pool: KeyPool, weights: Weights): Request {
  return pool.random.weighted(weights).generate(pool);
}

/** `7.0.15` is at least `6.2`. */
export function isAtLeast(version: string, least: string): boolean {
  const have = version.split(".").map(Number);
  const want = least.split(".").map(Number);
  for (const [index, number] of want.entries()) {
    const other = have[index] ?? 0;
    if (other !== number) return other > number;
  }
  return true;
}

/** Whether a call can leave a trace in the keyspace: one that only reads cannot be lost. */
export function changesSomething({ requests }: Call): boolean {
  return requests.some(([name = ""]) => {
    const changes = operations.get(name.toUpperCase())?.changes;
    return changes === "keys" || changes === "everything";
  });
}
