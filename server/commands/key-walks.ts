/** Commands that look at many keys: KEYS, SCAN, RANDOMKEY, DBSIZE. */
import { globMatches } from "../keyspace/glob.ts";
import { type Reply, ReplyError, SYNTAX_ERROR } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { typeOf } from "../types/value.ts";
import { integer } from "./arguments.ts";
import type { Args, Command } from "./command.ts";

/** What SCAN, HSCAN, SSCAN and ZSCAN are told. */
export interface ScanOptions {
  /** Undefined: everything matches. */
  readonly pattern: string | undefined;
  readonly count: number;
  /** Lower case; SCAN only. */
  readonly type: string | undefined;
}

/** The position where a walk goes on. */
export function readCursor(text: string): number {
  if (!/^\d{1,20}$/.test(text) || BigInt(text) >= 2n ** 64n) throw new ReplyError("ERR invalid cursor");
  return Number(text);
}

export function readScanOptions(args: Args, from: number, mayNameType = false): ScanOptions {
  let pattern: string | undefined;
  let count = 10;
  let type: string | undefined;
  for (let index = from; index < args.length; index += 2) {
    const word = (args[index] as string).toUpperCase();
    const value = args[index + 1];
    if (value === undefined) throw SYNTAX_ERROR;
    if (word === "COUNT") {
      count = integer(value);
      if (count < 1) throw SYNTAX_ERROR;
    } else if (word === "MATCH") {
      pattern = value === "*" ? undefined : value;
    } else if (word === "TYPE" && mayNameType) {
      type = value.toLowerCase();
    } else {
      throw SYNTAX_ERROR;
    }
  }
  return { pattern, count, type };
}

/** A call looks at so many slots for every key that it is asked for: in a table of mostly free slots it must move on. */
const slotsPerKey = 10;
const slotsMin = 1000;

function scan(args: Args, session: Session): Reply {
  const { db } = session;
  const start = readCursor(args[1] as string);
  const { pattern, count, type } = readScanOptions(args, 2, true);
  const { table } = db;
  const slotsMax = Math.max(count * slotsPerKey, slotsMin);
  const seen: string[] = [];
  let slot = start;
  for (; slot < table.end && slot - start < slotsMax && seen.length < count; slot++) {
    const key = table.keys[slot];
    if (key !== undefined) seen.push(key);
  }
  const cursor = slot < table.end ? slot : 0;
  // Only now are expired keys removed: removing the last one of all would take the table from under the walk.
  const found = seen.filter((key) => {
    if (pattern !== undefined && !globMatches(pattern, key)) return false;
    const value = db.peek(key);
    return value !== undefined && (type === undefined || typeOf(value) === type);
  });
  return [String(cursor), found];
}

export const keyWalkCommands: readonly Command[] = [
  {
    name: "keys",
    arity: 2,
    flags: new Set(["readonly"]),
    group: "generic",
    run(args, { db }) {
      const pattern = args[1] as string;
      const isAll = pattern === "*";
      return [...db.keys()].filter((key) => (isAll || globMatches(pattern, key)) && !db.isPast(key));
    },
  },
  {
    name: "scan",
    arity: -2,
    flags: new Set(["readonly", "touches_arbitrary_keys"]),
    group: "generic",
    run: scan,
  },
  {
    name: "randomkey",
    arity: 1,
    flags: new Set(["readonly", "touches_arbitrary_keys"]),
    group: "generic",
    run: (_args, { db, server }) => db.randomKey(server.random) ?? null,
  },
  {
    name: "dbsize",
    arity: 1,
    flags: new Set(["readonly", "fast"]),
    group: "server",
    run: (_args, { db }) => db.size,
  },
];
