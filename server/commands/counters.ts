/** Strings that are numbers: INCR, DECR and their kin. */
import { addLongDoubles, formatLongDouble } from "../codec/long-double.ts";
import { type Reply, ReplyError } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { stringValue } from "../types/string-type.ts";
import { int64, longDouble } from "./arguments.ts";
import { type Command, type Flag, ONE_KEY } from "./command.ts";
import { stringForWrite } from "./strings.ts";

const int64Max = 2n ** 63n - 1n;
const int64Min = -(2n ** 63n);
const flags: ReadonlySet<Flag> = new Set(["write", "denyoom", "fast"]);

function increase({ db }: Session, key: string, by: number | bigint): Reply {
  const value = stringForWrite(db, key) ?? 0;
  const sum = addInt64(typeof value === "number" ? value : int64(value), by);
  db.set(key, typeof sum === "number" ? sum : String(sum));
  db.changed(key, "incrby");
  return sum;
}

/**
 * The sum of two integers of 64 bits: a number while it is exact, else a bigint.
 * @throws ReplyError
 */
export function addInt64(first: number | bigint, second: number | bigint): number | bigint {
  if (typeof first === "number" && typeof second === "number") {
    const sum = first + second;
    if (Number.isSafeInteger(sum)) return sum;
  }
  const sum = BigInt(first) + BigInt(second);
  if (sum > int64Max || sum < int64Min) throw new ReplyError("ERR increment or decrement would overflow");
  return Number.isSafeInteger(Number(sum)) ? Number(sum) : sum;
}

function negative(value: number | bigint): number | bigint {
  if (value === int64Min) throw new ReplyError("ERR decrement would overflow");
  // Zero minus, because -0 is not an integer that anybody should see.
  return typeof value === "number" ? 0 - value : -value;
}

export const counterCommands: readonly Command[] = [
  {
    name: "incr",
    arity: 2,
    flags,
    keys: ONE_KEY,
    group: "string",
    run: (args, session) => increase(session, args[1] as string, 1),
  },
  {
    name: "decr",
    arity: 2,
    flags,
    keys: ONE_KEY,
    group: "string",
    run: (args, session) => increase(session, args[1] as string, -1),
  },
  {
    name: "incrby",
    arity: 3,
    flags,
    keys: ONE_KEY,
    group: "string",
    run: (args, session) => increase(session, args[1] as string, int64(args[2] as string)),
  },
  {
    name: "decrby",
    arity: 3,
    flags,
    keys: ONE_KEY,
    group: "string",
    run: (args, session) => increase(session, args[1] as string, negative(int64(args[2] as string))),
  },
  {
    name: "incrbyfloat",
    arity: 3,
    flags,
    keys: ONE_KEY,
    group: "string",
    run(args, session) {
      const [, key, by] = args as readonly [string, string, string];
      const value = longDouble(String(stringForWrite(session.db, key) ?? 0));
      const text = formatLongDouble(addLongDoubles(value, longDouble(by)));
      session.db.set(key, stringValue(text));
      session.db.changed(key, "incrbyfloat");
      // Another processor may round another way: what is logged is the result.
      session.logAs(["SET", key, text, "KEEPTTL"]);
      return text;
    },
  },
];
