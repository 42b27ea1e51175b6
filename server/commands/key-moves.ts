/** Commands that take keys elsewhere, or away all at once: RENAME, MOVE, COPY, SWAPDB, FLUSHDB, FLUSHALL. */
import type { Database } from "../keyspace/database.ts";
import { NEVER } from "../keyspace/slot-table.ts";
import { OK, type Reply, ReplyError, SYNTAX_ERROR } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { copyValue } from "../types/copy-value.ts";
import { int32 } from "./arguments.ts";
import { type Args, type Command, ONE_KEY } from "./command.ts";

const TWO_KEYS = { first: 1, last: 2, step: 1 };

/** @throws ReplyError when there is no such database. */
export function databaseOf(session: Session, index: number): Database {
  const db = session.server.keyspace.databases[index];
  if (db === undefined) throw new ReplyError("ERR DB index is out of range");
  return db;
}

/** False: the target is there, and must not be replaced. */
function rename(args: Args, { db }: Session, onlyNew: boolean): boolean {
  const [, key, target] = args as readonly [string, string, string];
  if (!db.has(key)) throw new ReplyError("ERR no such key");
  if (key === target) return !onlyNew;
  if (db.has(target) && onlyNew) return false;
  db.moveTo(key, db, target);
  db.changed(key, "rename_from", 0);
  db.changed(target, "rename_to");
  return true;
}

function move(args: Args, session: Session): Reply {
  const { db } = session;
  const key = args[1] as string;
  const target = databaseOf(session, int32(args[2] as string));
  if (target === db) throw sameObject;
  if (!db.has(key) || target.has(key)) return 0;
  db.moveTo(key, target, key);
  db.changed(key, "move_from", 0);
  target.changed(key, "move_to");
  return 1;
}

const sameObject = new ReplyError("ERR source and destination objects are the same");

function copy(args: Args, session: Session): Reply {
  const { db, server } = session;
  const [, key, targetKey] = args as readonly [string, string, string];
  let target = db;
  let replace = false;
  for (let index = 3; index < args.length; index++) {
    const word = (args[index] as string).toUpperCase();
    const next = args[index + 1];
    if (word === "REPLACE") {
      replace = true;
    } else if (word === "DB" && next !== undefined) {
      target = databaseOf(session, int32(next));
      index++;
    } else {
      throw SYNTAX_ERROR;
    }
  }
  if (target === db && key === targetKey) throw sameObject;
  const value = db.get(key);
  if (value === undefined) return 0;
  if (target.has(targetKey) && !replace) return 0;
  target.delete(targetKey);
  target.add(targetKey, copyValue(value, server.encodingLimits), db.deadline(key) ?? NEVER);
  target.changed(targetKey, "copy_to");
  return 1;
}

/** ASYNC and SYNC are the same here: keys are not given back one by one. */
function checkFlushWord(args: Args): void {
  const isKnown = args.length === 1 || (args.length === 2 && /^a?sync$/i.test(args[1] as string));
  if (!isKnown) throw SYNTAX_ERROR;
}

export const keyMoveCommands: readonly Command[] = [
  {
    name: "rename",
    arity: 3,
    flags: new Set(["write"]),
    keys: TWO_KEYS,
    group: "generic",
    run(args, session) {
      rename(args, session, false);
      return OK;
    },
  },
  {
    name: "renamenx",
    arity: 3,
    flags: new Set(["write", "fast"]),
    keys: TWO_KEYS,
    group: "generic",
    run: (args, session) => (rename(args, session, true) ? 1 : 0),
  },
  { name: "move", arity: 3, flags: new Set(["write", "fast"]), keys: ONE_KEY, group: "generic", run: move },
  { name: "copy", arity: -3, flags: new Set(["write", "denyoom"]), keys: TWO_KEYS, group: "generic", run: copy },
  {
    name: "swapdb",
    arity: 3,
    flags: new Set(["write", "fast"]),
    group: "server",
    run(args, session) {
      const index = (word: string, complaint: string) => {
        if (!/^-?\d{1,9}$/.test(word)) throw new ReplyError(complaint);
        return Number(word);
      };
      const first = index(args[1] as string, "ERR invalid first DB index");
      const second = index(args[2] as string, "ERR invalid second DB index");
      const { keyspace } = session.server;
      keyspace.swap(databaseOf(session, first), databaseOf(session, second));
      keyspace.dirty++;
      return OK;
    },
  },
  {
    name: "flushdb",
    arity: -1,
    flags: new Set(["write"]),
    group: "server",
    run(args, session) {
      checkFlushWord(args);
      session.server.keyspace.dirty += session.db.clear();
      // Logged even when there was nothing to remove: a replayed log may differ in what had expired by then.
      session.logAs(args);
      return OK;
    },
  },
  {
    name: "flushall",
    arity: -1,
    flags: new Set(["write"]),
    group: "server",
    run(args, session) {
      checkFlushWord(args);
      const { keyspace, persistence } = session.server;
      for (const db of keyspace.databases) keyspace.dirty += db.clear();
      if (session.role === "client") persistence.flushedAll();
      session.logAs(args);
      return OK;
    },
  },
];
