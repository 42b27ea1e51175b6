/** Sets out of sets: union, intersection, difference, answered or stored. */
import type { Database } from "../keyspace/database.ts";
import { NEVER } from "../keyspace/slot-table.ts";
import { type Reply, ReplyError, SetReply, SYNTAX_ERROR } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { SetValue } from "../types/set.ts";
import type { Collection } from "../types/value.ts";
import { integerWithin } from "./arguments.ts";
import { ofType } from "./collections.ts";
import { ALL_KEYS, type Args, type Command, type Flag } from "./command.ts";
import { countedKeys, keysCountedAt } from "./keynum.ts";

const group = "set";
const reads: ReadonlySet<Flag> = new Set(["readonly"]);
const stores: ReadonlySet<Flag> = new Set(["write", "denyoom"]);

/** Undefined stands for a key that is not there: an empty set. */
type Operand = SetValue | undefined;
/** Makes a new set of the operands. */
type Operation = (sets: readonly Operand[], empty: SetValue) => SetValue;

function operands({ db }: Session, keys: readonly string[]): Operand[] {
  return keys.map((key) => ofType(SetValue, db.get(key)));
}

const union: Operation = (sets, result) => {
  for (const set of sets) for (const member of set?.members() ?? []) result.add(member);
  return result;
};

const intersection: Operation = (sets, result) => {
  for (const member of common(sets)) result.add(member);
  return result;
};

/** The members that every set has. */
function* common(sets: readonly Operand[]): Generator<string, void, undefined> {
  const present = sets.filter((set) => set !== undefined).sort((a, b) => a.size - b.size);
  const [smallest, ...others] = present;
  if (smallest === undefined || present.length < sets.length) return;
  for (const member of smallest.members()) if (others.every((set) => set.has(member))) yield member;
}

const difference: Operation = ([first, ...others], result) => {
  if (first === undefined || others.includes(first)) return result;
  const present = others.filter((set) => set !== undefined);
  // Two ways, and which one is shorter: to look for each member in every set, or to take all of their members out.
  const lookups = (first.size * (present.length + 1)) / 2;
  const removals = present.reduce((sum, set) => sum + set.size, first.size);
  if (lookups <= removals) {
    for (const member of first.members()) if (!present.some((set) => set.has(member))) result.add(member);
    return result;
  }
  for (const member of first.members()) result.add(member);
  for (const set of present) for (const member of set.members()) result.delete(member);
  return result;
};

function answer(operation: Operation) {
  return (args: Args, session: Session): Reply => {
    const result = operation(operands(session, args.slice(1)), new SetValue(session.server.encodingLimits));
    return new SetReply(result.members());
  };
}

function store(operation: Operation, event: string) {
  return (args: Args, session: Session): Reply => {
    const result = operation(operands(session, args.slice(2)), new SetValue(session.server.encodingLimits));
    storeResult(session.db, args[1] as string, result, result.size, event);
    return result.size;
  };
}

/** What a …STORE command made takes the place of whatever was at the key; when it is empty, the key goes. */
export function storeResult(db: Database, key: string, result: Collection, size: number, event: string): void {
  if (size > 0) {
    db.set(key, result, NEVER);
    db.changed(key, event);
  } else if (db.delete(key)) {
    db.changed(key, "del");
  }
}

function countCommon(args: Args, session: Session): Reply {
  const { keys, next } = countedKeys(args, 1, undefined, tooManyKeys);
  const limit = readLimit(args, next);
  let count = 0;
  for (const _member of common(operands(session, keys))) if (++count === limit) break;
  return count;
}

export const tooManyKeys = new ReplyError("ERR Number of keys can't be greater than number of args");

/** `LIMIT n` behind the keys; 0: no limit. */
export function readLimit(args: Args, from: number): number {
  let limit = 0;
  for (let at = from; at < args.length; at += 2) {
    const value = args[at + 1];
    if ((args[at] as string).toUpperCase() !== "LIMIT" || value === undefined) throw SYNTAX_ERROR;
    limit = integerWithin(value, 0, Number.POSITIVE_INFINITY, "ERR LIMIT can't be negative");
  }
  return limit;
}

export const setAlgebraCommands: readonly Command[] = [
  { name: "sunion", arity: -2, flags: reads, keys: ALL_KEYS, group, run: answer(union) },
  { name: "sinter", arity: -2, flags: reads, keys: ALL_KEYS, group, run: answer(intersection) },
  { name: "sdiff", arity: -2, flags: reads, keys: ALL_KEYS, group, run: answer(difference) },
  { name: "sunionstore", arity: -3, flags: stores, keys: ALL_KEYS, group, run: store(union, "sunionstore") },
  { name: "sinterstore", arity: -3, flags: stores, keys: ALL_KEYS, group, run: store(intersection, "sinterstore") },
  { name: "sdiffstore", arity: -3, flags: stores, keys: ALL_KEYS, group, run: store(difference, "sdiffstore") },
  { name: "sintercard", arity: -3, flags: reads, keys: keysCountedAt(1), group, run: countCommon },
];
