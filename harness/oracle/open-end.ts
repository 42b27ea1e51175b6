/**
 * The open end of a lane: calls that were never answered, by a store that may have refused any of them. Each may have
 * taken effect or not, so n of them have gone one of 2ⁿ ways, too many to follow. What came back says which way they went,
 * key by key, for calls that share no key know nothing of each other:
 *
 *     never answered   SET a 1   RPUSH l x   SET a 2   RPUSH l y   SET b 1
 *     came back        a: 1, l: [y], b: –
 *     parts            { SET a 1, SET a 2 }      the first took effect: explained from length 1 on
 *                      { RPUSH l x, RPUSH l y }  the second did: from length 4 on
 *                      { SET b 1 }               no: from length 0 on
 *     together         explained from length 4 on, and by no shorter prefix
 *
 * For each part the earliest way that leads to what came back is looked for, by itself. Whatever follows may have been
 * refused, so every greater length explains it too: one way through all parts says exactly which lengths do.
 *
 * Within a part a way is given up when it cannot come out right any more: no later call names a key that is wrong, or all
 * that follow only append to a list that does not begin what came back.
 */
import { operationOf } from "../operations/operations.ts";
import type { Value } from "../operations/values.ts";
import type { Bytes } from "../recording/history.ts";
import type { Element } from "./lane.ts";

/** What came back under a key, as far as the lane is concerned; undefined: nothing. */
export interface Wanted {
  of(database: number, key: Bytes): WantedEntry | undefined;
  databasesOf(key: Bytes): readonly number[];
  readonly readAtWallMs: number;
  readonly deadlineErrorMs: number;
}

export interface WantedEntry {
  readonly value: Value;
  readonly deadlineMs?: number;
}

/** From there on no call was answered. */
export function openEndOf(elements: readonly Element[]): number {
  return elements.findLastIndex(({ record }) => record.completed !== undefined) + 1;
}

/** A call without a reply may have been refused, but for one that only selects a database: nobody declines that. */
export function mayBeRefused({ record }: Element): boolean {
  return record.completed === undefined && !record.call.requests.every(selects);
}

/** Calls that share no key with those of any other part, in their order; by their index. */
export interface Part {
  readonly keys: ReadonlySet<Bytes>;
  readonly members: readonly number[];
}

/** Undefined where they cannot be told apart: one of them changes keys that it does not name, or another database. */
export function partsOf(elements: readonly Element[], from: number): Part[] | undefined {
  let parts: Part[] = [];
  for (let index = from; index < elements.length; index++) {
    const element = elements[index] as Element;
    if (!mayBeRefused(element)) continue;
    const keys = keysNamed(element);
    if (keys === undefined) return undefined;
    const sharing = parts.filter((part) => [...keys].some((key) => part.keys.has(key)));
    parts = parts.filter((part) => !sharing.includes(part));
    parts.push({
      keys: new Set([...sharing.flatMap((part) => [...part.keys]), ...keys]),
      members: [...sharing.flatMap(({ members }) => members), index].sort((one, other) => one - other),
    });
  }
  return parts;
}

function keysNamed({ record, global }: Element): Set<Bytes> | undefined {
  const { requests, watch = [] } = record.call;
  if (global || requests.some(selects)) return undefined;
  return new Set([...watch, ...requests.flatMap((request) => operationOf(request).keys(request))]);
}

function selects([name]: readonly Bytes[]): boolean {
  return name?.toUpperCase() === "SELECT";
}

/** Whether a key is named again behind a member of its part, and whether to append to a list is all that is done then. */
export class Outlook {
  private readonly lastNamed = new Map<Bytes, number>();
  private readonly lastChanged = new Map<Bytes, number>();

  constructor({ members }: Part, elements: readonly Element[]) {
    for (const index of members) {
      const { requests, watch = [] } = (elements[index] as Element).record.call;
      for (const key of watch) this.note(key, index, false);
      for (const request of requests) {
        const appends = request[0]?.toUpperCase() === "RPUSH";
        for (const key of operationOf(request).keys(request)) this.note(key, index, appends);
      }
    }
  }

  isSettled(key: Bytes, index: number): boolean {
    return (this.lastNamed.get(key) ?? -1) <= index;
  }

  onlyGrows(key: Bytes, index: number): boolean {
    return (this.lastChanged.get(key) ?? -1) <= index;
  }

  private note(key: Bytes, index: number, appends: boolean): void {
    this.lastNamed.set(key, index);
    if (!appends) this.lastChanged.set(key, index);
  }
}

/** Whether what a way holds begins what came back: a list of which the rest may still follow. */
export function begins(held: Value | undefined, wanted: Value | undefined): boolean {
  if (held === undefined) return true;
  const [part, whole] = [held.plain(), wanted?.plain()];
  // An append to another type is an error, and changes nothing: that is for the comparison to say.
  if (part.type !== "list") return true;
  if (whole?.type !== "list" || part.items.length > whole.items.length) return false;
  return part.items.every((item, index) => item === whole.items[index]);
}
