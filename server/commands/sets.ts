/** Commands on one set, and SMOVE. */
import { type Reply, SetReply, SYNTAX_ERROR } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { SetValue } from "../types/set.ts";
import { limit } from "./arguments.ts";
import { ofType, removeEmptied, removingItems, scanReply } from "./collections.ts";
import { type Args, type Command, type Flag, ONE_KEY } from "./command.ts";
import { draw, drawCount } from "./draws.ts";
import { readCursor } from "./key-walks.ts";

const group = "set";
const reads: ReadonlySet<Flag> = new Set(["readonly"]);
const readsFast: ReadonlySet<Flag> = new Set(["readonly", "fast"]);
const shrinksFast: ReadonlySet<Flag> = new Set(["write", "fast"]);

/** When fewer than a fifth of what is popped would be left, what is left makes a new set. */
const newSetRatio = 5;

function readSet({ db }: Session, args: Args): SetValue | undefined {
  return ofType(SetValue, db.get(args[1] as string));
}

/** Adds members, to a set that is made when there is none. Returns how many of them are new. */
function addMembers({ db, server }: Session, key: string, members: readonly string[]): number {
  let set = ofType(SetValue, db.forWrite(key));
  const isNew = set === undefined;
  set ??= new SetValue(server.encodingLimits);
  let added = 0;
  for (const member of members) if (set.add(member)) added++;
  if (isNew) db.add(key, set);
  if (added > 0) db.changed(key, "sadd", added);
  return added;
}

function move(args: Args, session: Session): Reply {
  const { db } = session;
  const [, source, target, member] = args as readonly [string, string, string, string];
  const from = ofType(SetValue, db.forWrite(source));
  if (from === undefined) return 0;
  const to = ofType(SetValue, db.peek(target));
  if (from === to) return from.has(member) ? 1 : 0;
  if (!from.delete(member)) return 0;
  db.changed(source, "srem");
  removeEmptied(db, source, from.size);
  addMembers(session, target, [member]);
  return 1;
}

function pop(args: Args, session: Session): Reply {
  const [, key, countText] = args as readonly [string, string, string?];
  if (args.length > 3) throw SYNTAX_ERROR;
  if (countText !== undefined) return popSeveral(session, key, limit(countText));
  const { db, server } = session;
  const set = ofType(SetValue, db.forWrite(key));
  if (set === undefined) return null;
  const member = set.randomMember(server.random);
  set.delete(member);
  db.changed(key, "spop");
  removeEmptied(db, key, set.size);
  session.logAs(["SREM", key, member]);
  return member;
}

function popSeveral(session: Session, key: string, count: number): Reply {
  const { db, server } = session;
  const set = ofType(SetValue, db.forWrite(key));
  if (set === undefined || count === 0) return new SetReply([]);
  if (count >= set.size) {
    const members = new SetReply(set.members());
    db.changed(key, "spop", set.size);
    removeEmptied(db, key, 0);
    session.logAs(["DEL", key]);
    return members;
  }
  const left = set.size - count;
  const drawn = (howMany: number) => draw(server.random, set.size, howMany).map((position) => set.at(position));
  let popped: string[];
  if (left * newSetRatio > count) {
    popped = drawn(count);
    for (const member of popped) set.delete(member);
  } else {
    const kept = new SetValue(server.encodingLimits);
    for (const member of drawn(left)) kept.add(member);
    popped = [...set.members()].filter((member) => !kept.has(member));
    db.set(key, kept);
  }
  db.changed(key, "spop", count);
  session.logAs(...popped.map((member) => ["SREM", key, member]));
  return new SetReply(popped);
}

function random(args: Args, session: Session): Reply {
  const [, , countText] = args;
  if (args.length > 3) throw SYNTAX_ERROR;
  const { random: source } = session.server;
  if (countText === undefined) return readSet(session, args)?.randomMember(source) ?? null;
  const count = drawCount(countText);
  const set = readSet(session, args);
  return set === undefined ? [] : draw(source, set.size, count).map((position) => set.at(position));
}

export const setCommands: readonly Command[] = [
  {
    name: "sadd",
    arity: -3,
    flags: new Set(["write", "denyoom", "fast"]),
    keys: ONE_KEY,
    group,
    run: (args, session) => addMembers(session, args[1] as string, args.slice(2)),
  },
  { name: "srem", arity: -3, flags: shrinksFast, keys: ONE_KEY, group, run: removingItems(SetValue, "srem") },
  { name: "smove", arity: 4, flags: shrinksFast, keys: { first: 1, last: 2, step: 1 }, group, run: move },
  { name: "spop", arity: -2, flags: shrinksFast, keys: ONE_KEY, group, run: pop },
  { name: "srandmember", arity: -2, flags: reads, keys: ONE_KEY, group, run: random },
  {
    name: "sismember",
    arity: 3,
    flags: readsFast,
    keys: ONE_KEY,
    group,
    run: (args, session) => (readSet(session, args)?.has(args[2] as string) ? 1 : 0),
  },
  {
    name: "smismember",
    arity: -3,
    flags: readsFast,
    keys: ONE_KEY,
    group,
    run(args, session) {
      const set = readSet(session, args);
      return args.slice(2).map((member) => (set?.has(member) ? 1 : 0));
    },
  },
  {
    name: "scard",
    arity: 2,
    flags: readsFast,
    keys: ONE_KEY,
    group,
    run: (args, session) => readSet(session, args)?.size ?? 0,
  },
  {
    name: "smembers",
    arity: 2,
    flags: reads,
    keys: ONE_KEY,
    group,
    run: (args, session) => new SetReply(readSet(session, args)?.members() ?? []),
  },
  {
    name: "sscan",
    arity: -3,
    flags: reads,
    keys: ONE_KEY,
    group,
    run(args, session) {
      const cursor = readCursor(args[2] as string);
      return scanReply(args, readSet(session, args), cursor, (set, from, count, visit) => set.scan(from, count, visit));
    },
  },
];
