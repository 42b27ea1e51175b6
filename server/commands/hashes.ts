/** Commands on hashes. */
import { addLongDoubles, formatLongDouble, parseLongDouble } from "../codec/long-double.ts";
import { MapReply, OK, Pairs, type Reply, ReplyError, SYNTAX_ERROR } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { type HashEntry, HashValue } from "../types/hash.ts";
import { int64, longDouble } from "./arguments.ts";
import { ofType, removingItems, scanReply } from "./collections.ts";
import { type Args, type Command, type Flag, ONE_KEY } from "./command.ts";
import { addInt64 } from "./counters.ts";
import { draw, drawCount } from "./draws.ts";
import { readCursor } from "./key-walks.ts";

const group = "hash";
const reads: ReadonlySet<Flag> = new Set(["readonly"]);
const readsFast: ReadonlySet<Flag> = new Set(["readonly", "fast"]);
const growsFast: ReadonlySet<Flag> = new Set(["write", "denyoom", "fast"]);

/** To be read only. */
export function readHash({ db }: Session, args: Args): HashValue | undefined {
  return ofType(HashValue, db.get(args[1] as string));
}

/** Sets a field to what came of its value; it expires when it would have. Returns the deadline. */
function setCounter(session: Session, key: string, field: string, value: string, event: string): number | undefined {
  const deadlineMs = ofType(HashValue, session.db.peek(key))?.deadline(field);
  setFields(session, key, [field, value], event);
  if (deadlineMs !== undefined) ofType(HashValue, session.db.forWrite(key))?.setDeadline(field, deadlineMs);
  return deadlineMs;
}

/**
 * Sets fields, each followed by its value, from index `from` on, of a hash that is made when there is none. Returns how
 * many of them are new.
 */
function setFields(
  { db, server }: Session,
  key: string,
  fieldsAndValues: readonly string[],
  event: string,
  from = 0,
): number {
  let hash = ofType(HashValue, db.forWrite(key));
  const isNew = hash === undefined;
  hash ??= new HashValue(server.encodingLimits);
  let added = 0;
  for (let at = from; at < fieldsAndValues.length; at += 2) {
    if (hash.set(fieldsAndValues[at] as string, fieldsAndValues[at + 1] as string)) added++;
  }
  if (isNew) db.add(key, hash);
  db.changed(key, event, (fieldsAndValues.length - from) / 2);
  return added;
}

function setAll(name: string, reply: (added: number) => Reply) {
  return (args: Args, session: Session): Reply => {
    if (args.length % 2 === 1) throw new ReplyError(`ERR wrong number of arguments for '${name}' command`);
    return reply(setFields(session, args[1] as string, args, "hset", 2));
  };
}

function setNew(args: Args, session: Session): Reply {
  const [, key, field, value] = args as readonly [string, string, string, string];
  if (ofType(HashValue, session.db.peek(key))?.has(field)) return 0;
  return setFields(session, key, [field, value], "hset");
}

function increase(args: Args, session: Session): Reply {
  const [, key, field, byText] = args as readonly [string, string, string, string];
  const by = int64(byText);
  const before = ofType(HashValue, session.db.peek(key))?.get(field) ?? "0";
  const sum = addInt64(int64(before, "ERR hash value is not an integer"), by);
  setCounter(session, key, field, String(sum), "hincrby");
  return sum;
}

function increaseFloat(args: Args, session: Session): Reply {
  const [, key, field, byText] = args as readonly [string, string, string, string];
  if (/^[+-]?inf(inity)?$/i.test(byText)) throw new ReplyError("ERR value is NaN or Infinity");
  const by = longDouble(byText);
  const before = parseLongDouble(ofType(HashValue, session.db.peek(key))?.get(field) ?? "0");
  if (before === undefined) throw new ReplyError("ERR hash value is not a float");
  const text = formatLongDouble(addLongDoubles(before, by));
  const deadlineMs = setCounter(session, key, field, text, "hincrbyfloat");
  // Another processor may round another way: what is logged is the result.
  const result = ["HSET", key, field, text];
  if (deadlineMs === undefined) session.logAs(result);
  else session.logAs(result, ["HPEXPIREAT", key, String(deadlineMs), "FIELDS", "1", field]);
  return text;
}

function random(args: Args, session: Session): Reply {
  const [, , countText, word] = args;
  if (countText === undefined) return readHash(session, args)?.randomEntry(session.server.random)[0] ?? null;
  const count = drawCount(countText, word !== undefined);
  if (args.length > 4 || (word !== undefined && word.toLowerCase() !== "withvalues")) throw SYNTAX_ERROR;
  const hash = readHash(session, args);
  if (hash === undefined) return [];
  const entries = drawEntries(hash, draw(session.server.random, hash.size, count));
  return word === undefined ? entries.map(([field]) => field) : new Pairs(entries);
}

function drawEntries(hash: HashValue, positions: readonly number[]): HashEntry[] {
  if (!hash.isCompact) return positions.map((position) => hash.at(position));
  // A small hash has no positions; it is small enough to be given some.
  const all = [...hash.entries()];
  return positions.map((position) => all[position] as HashEntry);
}

export const hashCommands: readonly Command[] = [
  { name: "hset", arity: -4, flags: growsFast, keys: ONE_KEY, group, run: setAll("hset", (added) => added) },
  { name: "hmset", arity: -4, flags: growsFast, keys: ONE_KEY, group, run: setAll("hmset", () => OK) },
  { name: "hsetnx", arity: 4, flags: growsFast, keys: ONE_KEY, group, run: setNew },
  { name: "hincrby", arity: 4, flags: growsFast, keys: ONE_KEY, group, run: increase },
  { name: "hincrbyfloat", arity: 4, flags: growsFast, keys: ONE_KEY, group, run: increaseFloat },
  {
    name: "hdel",
    arity: -3,
    flags: new Set(["write", "fast"]),
    keys: ONE_KEY,
    group,
    run: removingItems(HashValue, "hdel"),
  },
  {
    name: "hget",
    arity: 3,
    flags: readsFast,
    keys: ONE_KEY,
    group,
    run: (args, session) => readHash(session, args)?.get(args[2] as string) ?? null,
  },
  {
    name: "hmget",
    arity: -3,
    flags: readsFast,
    keys: ONE_KEY,
    group,
    run(args, session) {
      const hash = readHash(session, args);
      return args.slice(2).map((field) => hash?.get(field) ?? null);
    },
  },
  {
    name: "hexists",
    arity: 3,
    flags: readsFast,
    keys: ONE_KEY,
    group,
    run: (args, session) => (readHash(session, args)?.has(args[2] as string) ? 1 : 0),
  },
  {
    name: "hlen",
    arity: 2,
    flags: readsFast,
    keys: ONE_KEY,
    group,
    run: (args, session) => readHash(session, args)?.size ?? 0,
  },
  {
    name: "hstrlen",
    arity: 3,
    flags: readsFast,
    keys: ONE_KEY,
    group,
    run: (args, session) => readHash(session, args)?.get(args[2] as string)?.length ?? 0,
  },
  {
    name: "hgetall",
    arity: 2,
    flags: reads,
    keys: ONE_KEY,
    group,
    run: (args, session) => new MapReply(readHash(session, args)?.entries() ?? []),
  },
  {
    name: "hkeys",
    arity: 2,
    flags: reads,
    keys: ONE_KEY,
    group,
    run: (args, session) => Array.from(readHash(session, args)?.entries() ?? [], ([field]) => field),
  },
  {
    name: "hvals",
    arity: 2,
    flags: reads,
    keys: ONE_KEY,
    group,
    run: (args, session) => Array.from(readHash(session, args)?.entries() ?? [], ([, value]) => value),
  },
  { name: "hrandfield", arity: -2, flags: reads, keys: ONE_KEY, group, run: random },
  {
    name: "hscan",
    arity: -3,
    flags: reads,
    keys: ONE_KEY,
    group,
    run(args, session) {
      const cursor = readCursor(args[2] as string);
      return scanReply(args, readHash(session, args), cursor, (hash, from, count, visit) =>
        hash.scan(from, count, visit),
      );
    },
  },
];
