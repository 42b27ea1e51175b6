/**
 * SORT and SORT_RO: the elements of a list, set or sorted set in another order.
 *
 *     SORT ids BY weight_* GET # GET data_*->name LIMIT 0 10 DESC STORE result
 *                 │            │     └ the field `name` of the hash data_<element>
 *                 │            └ the element itself
 *                 └ sorted by the value of weight_<element>; without `*` in it: not sorted at all
 */
import { strtod } from "../codec/doubles.ts";
import type { Database } from "../keyspace/database.ts";
import { NEVER } from "../keyspace/slot-table.ts";
import { type Reply, ReplyError, SYNTAX_ERROR, WRONG_TYPE } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { HashValue } from "../types/hash.ts";
import { ListValue } from "../types/list.ts";
import { SetValue } from "../types/set.ts";
import { SortedSetValue } from "../types/sorted-set.ts";
import type { Value } from "../types/value.ts";
import { integer } from "./arguments.ts";
import type { Args, Command } from "./command.ts";

interface SortRequest {
  readonly key: string;
  readonly descending: boolean;
  readonly alpha: boolean;
  readonly first: number;
  /** Negative: all. */
  readonly count: number;
  readonly by: string | undefined;
  readonly get: readonly string[];
  readonly store: string | undefined;
}

function readRequest(args: Args, mayStore: boolean): SortRequest {
  let [descending, alpha, first, count] = [false, false, 0, -1];
  let by: string | undefined;
  let store: string | undefined;
  const get: string[] = [];
  for (let at = 2; at < args.length; at++) {
    const word = (args[at] as string).toUpperCase();
    const left = args.length - at - 1;
    if (word === "ASC" || word === "DESC") {
      descending = word === "DESC";
    } else if (word === "ALPHA") {
      alpha = true;
    } else if (word === "LIMIT" && left >= 2) {
      first = integer(args[++at] as string);
      count = integer(args[++at] as string);
    } else if (word === "STORE" && mayStore && left >= 1) {
      store = args[++at];
    } else if (word === "BY" && left >= 1) {
      by = args[++at];
    } else if (word === "GET" && left >= 1) {
      get.push(args[++at] as string);
    } else {
      throw SYNTAX_ERROR;
    }
  }
  return { key: args[1] as string, descending, alpha, first, count, by, get, store };
}

/** In their own order, where they have one. */
function elementsOf(value: Value | undefined): string[] {
  if (value === undefined) return [];
  if (value instanceof ListValue) return [...value.elements()];
  if (value instanceof SetValue) return [...value.members()];
  if (value instanceof SortedSetValue) return value.range(0, value.size).map(({ member }) => member);
  throw WRONG_TYPE;
}

/** What a pattern names for an element: `#` the element, `weight_*` a string, `data_*->name` a hash's field. */
function lookUp(db: Database, pattern: string, element: string): string | undefined {
  if (pattern === "#") return element;
  const star = pattern.indexOf("*");
  if (star < 0) return undefined;
  const arrow = pattern.indexOf("->", star + 1);
  const hasField = arrow >= 0 && arrow + 2 < pattern.length;
  const behind = pattern.slice(star + 1, hasField ? arrow : undefined);
  const value = db.get(pattern.slice(0, star) + element + behind);
  if (hasField) return value instanceof HashValue ? value.get(pattern.slice(arrow + 2)) : undefined;
  return value === undefined || typeof value === "object" ? undefined : String(value);
}

function compareTexts(first: string, second: string): number {
  if (first === second) return 0;
  return first < second ? -1 : 1;
}

function numberOf(text: string | undefined): number {
  if (text === undefined || text === "") return 0;
  const value = strtod(text.trimStart());
  if (value === undefined) throw new ReplyError("ERR One or more scores can't be converted into double");
  return value;
}

function sorted(db: Database, elements: readonly string[], { by, alpha, descending }: SortRequest): string[] {
  const weightOf = (element: string) => (by === undefined ? element : lookUp(db, by, element));
  const sign = descending ? -1 : 1;
  if (alpha) {
    const weighed = elements.map((element) => ({ element, weight: weightOf(element) }));
    // What has no weight comes first.
    const compare = (first: string | undefined, second: string | undefined) =>
      first === undefined || second === undefined
        ? Number(first !== undefined) - Number(second !== undefined)
        : compareTexts(first, second);
    weighed.sort((first, second) => sign * compare(first.weight, second.weight));
    return weighed.map(({ element }) => element);
  }
  const weighed = elements.map((element) => ({ element, weight: numberOf(weightOf(element)) }));
  weighed.sort((first, second) => sign * (first.weight - second.weight || compareTexts(first.element, second.element)));
  return weighed.map(({ element }) => element);
}

function inOrder(db: Database, value: Value | undefined, request: SortRequest): string[] {
  const elements = elementsOf(value);
  const isUnsorted = request.by !== undefined && !request.by.includes("*");
  if (!isUnsorted) return sorted(db, elements, request);
  // A set has no order of its own: what is stored must not depend on how it is kept.
  if (value instanceof SetValue && request.store !== undefined) {
    return sorted(db, elements, { ...request, by: undefined, alpha: true });
  }
  return request.descending && !(value instanceof SetValue) ? elements.reverse() : elements;
}

/** Which keys a pattern leads to is not known before: it needs the right to read all. */
function mustReadPatterns({ by, get }: SortRequest, args: Args, { user, role, runs }: Session): void {
  if (role !== "client" || user.isUnlimited || runs === undefined) return;
  const option = by?.includes("*") ? "BY" : get.some((pattern) => pattern !== "#") ? "GET" : undefined;
  if (option === undefined || user.readsAllKeysWith(runs.command, args)) return;
  throw new ReplyError(`ERR ${option} option of SORT denied due to insufficient ACL permissions.`);
}

function sort(args: Args, session: Session, mayStore: boolean): Reply {
  const { db, server } = session;
  const request = readRequest(args, mayStore);
  mustReadPatterns(request, args, session);
  const elements = inOrder(db, db.get(request.key), request);
  const first = Math.max(0, request.first);
  const chosen = elements.slice(first, request.count < 0 ? undefined : first + request.count);
  const { get, store } = request;
  const results =
    get.length === 0 ? chosen : chosen.flatMap((element) => get.map((pattern) => lookUp(db, pattern, element) ?? null));
  if (store === undefined) return results;
  const list = new ListValue(server.encodingLimits);
  for (const result of results) list.push("tail", result ?? "");
  if (results.length > 0) {
    db.set(store, list, NEVER);
    db.changed(store, "sortstore", results.length);
  } else if (db.delete(store)) {
    db.changed(store, "del");
  }
  return results.length;
}

/** The list that is made counts as a key, the patterns do not: what they name is not known before. */
function keysOf(args: Args): readonly string[] {
  const target = args.findLastIndex((word, at) => at >= 2 && at + 1 < args.length && word.toUpperCase() === "STORE");
  return target < 0 ? args.slice(1, 2) : [args[1] as string, args[target + 1] as string];
}

export const sortCommands: readonly Command[] = [
  {
    name: "sort",
    arity: -2,
    flags: new Set(["write", "denyoom"]),
    keys: keysOf,
    group: "generic",
    run: (args, session) => sort(args, session, true),
  },
  {
    name: "sort_ro",
    arity: -2,
    flags: new Set(["readonly", "movablekeys"]),
    keys: { first: 1, last: 1, step: 1 },
    group: "generic",
    run: (args, session) => sort(args, session, false),
  },
];
