/** Commands on one list. */
import { NIL_ARRAY, OK, type Reply, ReplyError, SYNTAX_ERROR } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { type ListEnd, ListValue } from "../types/list.ts";
import { integer, integerWithin, limit } from "./arguments.ts";
import { fromFirst, ofType, readRange, removeEmptied } from "./collections.ts";
import { type Args, type Command, type Flag, ONE_KEY } from "./command.ts";

const group = "list";
const reads: ReadonlySet<Flag> = new Set(["readonly"]);
const readsFast: ReadonlySet<Flag> = new Set(["readonly", "fast"]);
const writes: ReadonlySet<Flag> = new Set(["write"]);
const grows: ReadonlySet<Flag> = new Set(["write", "denyoom"]);
const growsFast: ReadonlySet<Flag> = new Set(["write", "denyoom", "fast"]);
const shrinksFast: ReadonlySet<Flag> = new Set(["write", "fast"]);

export const pushEvents: Readonly<Record<ListEnd, string>> = { head: "lpush", tail: "rpush" };
export const popEvents: Readonly<Record<ListEnd, string>> = { head: "lpop", tail: "rpop" };

/** Pushes elements, one after the other, those from index `from` on; the list is made when there is none. Returns its length. */
export function push(
  { db, server }: Session,
  key: string,
  end: ListEnd,
  elements: readonly string[],
  from: number,
  changes: number,
): number {
  let list = ofType(ListValue, db.forWrite(key));
  const isNew = list === undefined;
  list ??= new ListValue(server.encodingLimits);
  for (let at = from; at < elements.length; at++) list.push(end, elements[at] as string);
  if (isNew) db.add(key, list);
  db.changed(key, pushEvents[end], changes);
  return list.length;
}

/** Pops `limit` elements at most from a list that is there; the key of an emptied list goes. */
export function pop({ db }: Session, key: string, list: ListValue, end: ListEnd, limit: number): string[] {
  const taken = Math.min(limit, list.length);
  const elements = end === "head" ? list.range(0, taken) : list.range(list.length - taken, taken).reverse();
  if (end === "head") list.removeRange(0, taken);
  else list.removeRange(list.length - taken, taken);
  db.changed(key, popEvents[end], taken);
  removeEmptied(db, key, list.length);
  return elements;
}

function pushCommand(end: ListEnd) {
  return (args: Args, session: Session): Reply => push(session, args[1] as string, end, args, 2, args.length - 2);
}

function pushToExisting(end: ListEnd) {
  return (args: Args, session: Session): Reply => {
    const key = args[1] as string;
    if (ofType(ListValue, session.db.peek(key)) === undefined) return 0;
    return push(session, key, end, args, 2, args.length - 2);
  };
}

function popCommand(name: string, end: ListEnd) {
  return (args: Args, session: Session): Reply => {
    const [, key, countText] = args as readonly [string, string, string?];
    if (args.length > 3) throw new ReplyError(`ERR wrong number of arguments for '${name}' command`);
    const wanted = countText === undefined ? undefined : limit(countText);
    const list = ofType(ListValue, session.db.forWrite(key));
    if (list === undefined) return wanted === undefined ? null : NIL_ARRAY;
    if (wanted === 0) return [];
    const elements = pop(session, key, list, end, wanted ?? 1);
    return wanted === undefined ? (elements[0] as string) : elements;
  };
}

function insert(args: Args, { db }: Session): Reply {
  const [, key, whereText, pivot, element] = args as readonly [string, string, string, string, string];
  const where = whereText.toLowerCase();
  if (where !== "before" && where !== "after") throw SYNTAX_ERROR;
  const list = ofType(ListValue, db.forWrite(key));
  if (list === undefined) return 0;
  const [index] = list.positions(pivot, "head", 0, 1, 0);
  if (index === undefined) return -1;
  list.insert(index, element, where);
  db.changed(key, "linsert");
  return list.length;
}

function setAt(args: Args, { db }: Session): Reply {
  const [, key, indexText, element] = args as readonly [string, string, string, string];
  const list = ofType(ListValue, db.forWrite(key));
  if (list === undefined) throw new ReplyError("ERR no such key");
  const index = fromFirst(integer(indexText), list.length);
  if (index < 0 || index >= list.length) throw new ReplyError("ERR index out of range");
  list.replace(index, element);
  db.changed(key, "lset");
  return OK;
}

function trim(args: Args, { db }: Session): Reply {
  const [, key, firstText, lastText] = args as readonly [string, string, string, string];
  const [first, last] = [integer(firstText), integer(lastText)];
  const list = ofType(ListValue, db.forWrite(key));
  if (list === undefined) return OK;
  const { length } = list;
  const kept = readRange(first, last, length) ?? { start: length, count: 0 };
  const behind = length - kept.start - kept.count;
  list.removeRange(length - behind, behind);
  list.removeRange(0, kept.start);
  db.changed(key, "ltrim", kept.start + behind);
  removeEmptied(db, key, list.length);
  return OK;
}

function remove(args: Args, { db }: Session): Reply {
  const [, key, countText, element] = args as readonly [string, string, string, string];
  const wanted = integer(countText);
  const list = ofType(ListValue, db.forWrite(key));
  if (list === undefined) return 0;
  const removed = list.removeEqual(element, wanted < 0 ? "tail" : "head", Math.abs(wanted));
  if (removed > 0) db.changed(key, "lrem", removed);
  removeEmptied(db, key, list.length);
  return removed;
}

function positions(args: Args, { db }: Session): Reply {
  const [, key, element] = args as readonly [string, string, string];
  let rank = 1;
  let wanted: number | undefined;
  let compareMax = 0;
  for (let at = 3; at < args.length; at += 2) {
    const value = args[at + 1];
    if (value === undefined) throw SYNTAX_ERROR;
    switch ((args[at] as string).toUpperCase()) {
      case "RANK":
        rank = integer(value);
        if (rank === 0) throw zeroRank;
        break;
      case "COUNT":
        wanted = integerWithin(value, 0, Number.POSITIVE_INFINITY, "ERR COUNT can't be negative");
        break;
      case "MAXLEN":
        compareMax = integerWithin(value, 0, Number.POSITIVE_INFINITY, "ERR MAXLEN can't be negative");
        break;
      default:
        throw SYNTAX_ERROR;
    }
  }
  const list = ofType(ListValue, db.get(key));
  const found = list?.positions(element, rank < 0 ? "tail" : "head", Math.abs(rank) - 1, wanted ?? 1, compareMax) ?? [];
  return wanted === undefined ? (found[0] ?? null) : found;
}

const zeroRank = new ReplyError(
  "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from " +
    "the end of the list",
);

export const listCommands: readonly Command[] = [
  { name: "lpush", arity: -3, flags: growsFast, keys: ONE_KEY, group, run: pushCommand("head") },
  { name: "rpush", arity: -3, flags: growsFast, keys: ONE_KEY, group, run: pushCommand("tail") },
  { name: "lpushx", arity: -3, flags: growsFast, keys: ONE_KEY, group, run: pushToExisting("head") },
  { name: "rpushx", arity: -3, flags: growsFast, keys: ONE_KEY, group, run: pushToExisting("tail") },
  { name: "lpop", arity: -2, flags: shrinksFast, keys: ONE_KEY, group, run: popCommand("lpop", "head") },
  { name: "rpop", arity: -2, flags: shrinksFast, keys: ONE_KEY, group, run: popCommand("rpop", "tail") },
  {
    name: "llen",
    arity: 2,
    flags: readsFast,
    keys: ONE_KEY,
    group,
    run: (args, { db }) => ofType(ListValue, db.get(args[1] as string))?.length ?? 0,
  },
  {
    name: "lindex",
    arity: 3,
    flags: reads,
    keys: ONE_KEY,
    group,
    run(args, { db }) {
      const list = ofType(ListValue, db.get(args[1] as string));
      if (list === undefined) return null;
      const index = fromFirst(integer(args[2] as string), list.length);
      return index < 0 || index >= list.length ? null : list.get(index);
    },
  },
  {
    name: "lrange",
    arity: 4,
    flags: reads,
    keys: ONE_KEY,
    group,
    run(args, { db }) {
      const [first, last] = [integer(args[2] as string), integer(args[3] as string)];
      const list = ofType(ListValue, db.get(args[1] as string));
      const range = list === undefined ? undefined : readRange(first, last, list.length);
      return range === undefined ? [] : (list as ListValue).range(range.start, range.count);
    },
  },
  { name: "linsert", arity: 5, flags: grows, keys: ONE_KEY, group, run: insert },
  { name: "lset", arity: 4, flags: grows, keys: ONE_KEY, group, run: setAt },
  { name: "ltrim", arity: 4, flags: writes, keys: ONE_KEY, group, run: trim },
  { name: "lrem", arity: 4, flags: writes, keys: ONE_KEY, group, run: remove },
  { name: "lpos", arity: -3, flags: reads, keys: ONE_KEY, group, run: positions },
];
