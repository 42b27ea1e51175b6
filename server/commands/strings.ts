/** Commands that read and write whole strings. */

import type { Database } from "../keyspace/database.ts";
import { NEVER } from "../keyspace/slot-table.ts";
import { OK, type Reply, ReplyError, SYNTAX_ERROR, WRONG_TYPE } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { stringValue } from "../types/string-type.ts";
import type { StringValue } from "../types/value.ts";
import { deadline, invalidExpireTime, type TimeForm, timeForms } from "./arguments.ts";
import { ALL_KEYS, type Args, type Command, type Flag, ONE_KEY } from "./command.ts";
import { logAsRemoval, removeBecausePast } from "./removal.ts";

const readFast: ReadonlySet<Flag> = new Set(["readonly", "fast"]);
const writes: ReadonlySet<Flag> = new Set(["write", "denyoom"]);
const writesFast: ReadonlySet<Flag> = new Set(["write", "denyoom", "fast"]);

/** The string at a key, for reading; undefined when there is no such key. */
export function readString(db: Database, key: string): StringValue | undefined {
  const value = db.get(key);
  if (typeof value === "object") throw WRONG_TYPE;
  return value;
}

/** The string at a key, to be replaced. */
export function stringForWrite(db: Database, key: string): StringValue | undefined {
  const value = db.forWrite(key);
  if (typeof value === "object") throw WRONG_TYPE;
  return value;
}

function readReply(db: Database, key: string): Reply {
  const value = readString(db, key);
  return value === undefined ? null : String(value);
}

function overwrite(db: Database, key: string, text: string): void {
  db.set(key, stringValue(text), NEVER);
  db.changed(key, "set");
}

/** What SET and GETEX understand behind their arguments. */
interface StringOptions {
  readonly condition: "NX" | "XX" | undefined;
  readonly get: boolean;
  readonly expiry: "KEEPTTL" | "PERSIST" | { readonly form: TimeForm; readonly text: string } | undefined;
}

function readOptions(args: Args, from: number, words: ReadonlySet<string>): StringOptions {
  let condition: "NX" | "XX" | undefined;
  let get = false;
  let expiry: StringOptions["expiry"];
  for (let index = from; index < args.length; index++) {
    const word = (args[index] as string).toUpperCase();
    const form = timeForms[word];
    if (!words.has(word)) throw SYNTAX_ERROR;
    if (word === "GET") {
      get = true;
    } else if (word === "NX" || word === "XX") {
      if (condition !== undefined && condition !== word) throw SYNTAX_ERROR;
      condition = word;
    } else if (word === "KEEPTTL" || word === "PERSIST") {
      if (expiry !== undefined && expiry !== word) throw SYNTAX_ERROR;
      expiry = word;
    } else {
      const text = args[++index];
      const isOther = expiry !== undefined && (typeof expiry === "string" || expiry.form !== form);
      if (form === undefined || text === undefined || isOther) throw SYNTAX_ERROR;
      expiry = { form, text };
    }
  }
  return { condition, get, expiry };
}

const setWords = new Set(["NX", "XX", "GET", "KEEPTTL", ...Object.keys(timeForms)]);
const getexWords = new Set(["PERSIST", ...Object.keys(timeForms)]);

function futureDeadline(text: string, form: TimeForm, nowMs: number, command: string): number {
  const deadlineMs = deadline(text, form, nowMs, command);
  // Also what is given as a date must not be zero or negative.
  if (deadlineMs <= 0 || (form.relative && deadlineMs <= nowMs)) throw invalidExpireTime(command);
  return deadlineMs;
}

function set(args: Args, session: Session): Reply {
  const { db } = session;
  const [, key, text] = args as readonly [string, string, string];
  if (args.length === 3) {
    overwrite(db, key, text);
    return OK;
  }
  const { condition, get, expiry } = readOptions(args, 3, setWords);
  const deadlineMs =
    typeof expiry === "object"
      ? futureDeadline(expiry.text, expiry.form, session.server.keyspace.nowMs, "set")
      : undefined;
  const before = get ? readReply(db, key) : undefined;
  if (condition !== undefined && db.has(key) !== (condition === "XX")) return before ?? null;
  db.set(key, stringValue(text), deadlineMs ?? (expiry === "KEEPTTL" ? undefined : NEVER));
  db.changed(key, "set");
  if (deadlineMs !== undefined) {
    db.announce(key, "expire");
    session.logAs(["SET", key, text, "PXAT", String(deadlineMs)]);
  } else if (get) {
    session.logAs(args.filter((word, index) => index < 3 || word.toUpperCase() !== "GET"));
  }
  return get ? (before as Reply) : OK;
}

function setWithTime(command: string, form: TimeForm) {
  return (args: Args, session: Session): Reply => {
    const [, key, time, text] = args as readonly [string, string, string, string];
    const deadlineMs = futureDeadline(time, form, session.server.keyspace.nowMs, command);
    session.db.set(key, stringValue(text), deadlineMs);
    session.db.changed(key, "set");
    session.db.announce(key, "expire");
    session.logAs(["SET", key, text, "PXAT", String(deadlineMs)]);
    return OK;
  };
}

function getex(args: Args, session: Session): Reply {
  const { db, server } = session;
  const key = args[1] as string;
  const { expiry } = readOptions(args, 2, getexWords);
  const reply = readReply(db, key);
  if (reply === null || expiry === undefined) return reply;
  if (expiry === "PERSIST") {
    if (db.deadline(key) === NEVER) return reply;
    db.setDeadline(key, NEVER);
    db.changed(key, "persist");
    session.logAs(["PERSIST", key]);
    return reply;
  }
  const { form, text } = expiry as { form: TimeForm; text: string };
  const deadlineMs = futureDeadline(text, form, server.keyspace.nowMs, "getex");
  if (!form.relative && removeBecausePast(session, key, deadlineMs)) return reply;
  db.setDeadline(key, deadlineMs);
  db.changed(key, "expire");
  session.logAs(["PEXPIREAT", key, String(deadlineMs)]);
  return reply;
}

function setMany(args: Args, session: Session, onlyNew: boolean): boolean {
  const { db } = session;
  if (args.length % 2 === 0) {
    throw new ReplyError(`ERR wrong number of arguments for '${onlyNew ? "msetnx" : "mset"}' command`);
  }
  if (onlyNew) {
    for (let index = 1; index < args.length; index += 2) if (db.has(args[index] as string)) return false;
  }
  for (let index = 1; index < args.length; index += 2) overwrite(db, args[index] as string, args[index + 1] as string);
  return true;
}

const PAIRS = { first: 1, last: -1, step: 2 };

export const stringCommands: readonly Command[] = [
  {
    name: "get",
    arity: 2,
    flags: readFast,
    keys: ONE_KEY,
    group: "string",
    run: (args, { db }) => readReply(db, args[1] as string),
  },
  { name: "set", arity: -3, flags: writes, keys: ONE_KEY, group: "string", run: set },
  {
    name: "setnx",
    arity: 3,
    flags: writesFast,
    keys: ONE_KEY,
    group: "string",
    run(args, { db }) {
      const [, key, text] = args as readonly [string, string, string];
      if (db.has(key)) return 0;
      overwrite(db, key, text);
      return 1;
    },
  },
  {
    name: "setex",
    arity: 4,
    flags: writes,
    keys: ONE_KEY,
    group: "string",
    run: setWithTime("setex", { unitMs: 1000, relative: true }),
  },
  {
    name: "psetex",
    arity: 4,
    flags: writes,
    keys: ONE_KEY,
    group: "string",
    run: setWithTime("psetex", { unitMs: 1, relative: true }),
  },
  {
    name: "getset",
    arity: 3,
    flags: writesFast,
    keys: ONE_KEY,
    group: "string",
    run(args, session) {
      const [, key, text] = args as readonly [string, string, string];
      const before = readReply(session.db, key);
      overwrite(session.db, key, text);
      session.logAs(["SET", key, text]);
      return before;
    },
  },
  { name: "getex", arity: -2, flags: new Set(["write", "fast"]), keys: ONE_KEY, group: "string", run: getex },
  {
    name: "getdel",
    arity: 2,
    flags: new Set(["write", "fast"]),
    keys: ONE_KEY,
    group: "string",
    run(args, session) {
      const key = args[1] as string;
      const before = readReply(session.db, key);
      if (before === null) return null;
      session.db.delete(key);
      session.db.changed(key, "del");
      logAsRemoval(session, "lazyfree-lazy-user-del", key);
      return before;
    },
  },
  {
    name: "mget",
    arity: -2,
    flags: readFast,
    keys: ALL_KEYS,
    group: "string",
    run: (args, { db }) =>
      args.slice(1).map((key) => {
        const value = db.get(key);
        return value === undefined || typeof value === "object" ? null : String(value);
      }),
  },
  {
    name: "mset",
    arity: -3,
    flags: writes,
    keys: PAIRS,
    group: "string",
    run(args, session) {
      setMany(args, session, false);
      return OK;
    },
  },
  {
    name: "msetnx",
    arity: -3,
    flags: writes,
    keys: PAIRS,
    group: "string",
    run: (args, session) => (setMany(args, session, true) ? 1 : 0),
  },
  {
    name: "strlen",
    arity: 2,
    flags: readFast,
    keys: ONE_KEY,
    group: "string",
    run: (args, { db }) => String(readString(db, args[1] as string) ?? "").length,
  },
];
