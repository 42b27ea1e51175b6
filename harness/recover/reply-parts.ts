/** A store's answers, taken at their word or not at all. */
import type { Bytes, Reply } from "../recording/history.ts";

/** The store's answers make no sense, or hold what no model can express: nothing can be said about its state. */
export class CannotReadBack extends Error {
  override readonly name = "CannotReadBack";
}

export function textOf(reply: Reply | undefined): Bytes {
  if (reply?.kind === "string") return reply.value;
  if (reply?.kind === "integer" || reply?.kind === "double") return String(reply.value);
  return unexpected(reply, "a string");
}

export function integerOf(reply: Reply | undefined): number {
  return reply?.kind === "integer" ? reply.value : unexpected(reply, "a number");
}

export function itemsOf(reply: Reply | undefined): readonly Reply[] {
  return reply?.kind === "array" ? reply.items : unexpected(reply, "an array");
}

/** One and one of what stands in a row. */
export function pairsOf(items: readonly Reply[]): (readonly [Reply | undefined, Reply | undefined])[] {
  return Array.from({ length: items.length / 2 }, (_, index) => [items[index * 2], items[index * 2 + 1]] as const);
}

function unexpected(reply: Reply | undefined, wanted: string): never {
  throw new CannotReadBack(
    `expected ${wanted} and was told ${reply === undefined ? "nothing" : JSON.stringify(reply)}`,
  );
}
