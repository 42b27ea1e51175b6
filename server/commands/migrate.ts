/** MIGRATE: keys go to another server, and from here when they are there. */

import type { Outcome } from "../moves.ts";
import { dumpPayload } from "../rdb/dump-payload.ts";
import { OK, type Reply, ReplyError, SimpleString, SYNTAX_ERROR } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { integer } from "./arguments.ts";
import type { Args, Command } from "./command.ts";

const usualTimeoutMs = 1000;

interface Order {
  readonly host: string;
  readonly port: number;
  readonly keys: readonly string[];
  readonly database: number;
  readonly timeoutMs: number;
  readonly copy: boolean;
  readonly replace: boolean;
  readonly auth: readonly string[] | undefined;
}

function readOrder(args: Args): Order {
  const [, host, port, key, database, timeout, ...options] = args as readonly string[] & Record<number, string>;
  let copy = false;
  let replace = false;
  let auth: readonly string[] | undefined;
  let keys: readonly string[] = [key as string];
  for (let at = 0; at < options.length; at++) {
    const word = (options[at] as string).toUpperCase();
    const left = options.length - at - 1;
    if (word === "COPY") {
      copy = true;
    } else if (word === "REPLACE") {
      replace = true;
    } else if (word === "AUTH" && left >= 1) {
      auth = ["AUTH", ...options.slice(at + 1, at + 2)];
      at += 1;
    } else if (word === "AUTH2" && left >= 2) {
      auth = ["AUTH", ...options.slice(at + 1, at + 3)];
      at += 2;
    } else if (word === "KEYS") {
      if (key !== "") {
        throw new ReplyError("ERR When using MIGRATE KEYS option, the key argument must be set to the empty string");
      }
      keys = options.slice(at + 1);
      break;
    } else {
      throw SYNTAX_ERROR;
    }
  }
  const timeoutMs = integer(timeout as string);
  return {
    host: host as string,
    port: integer(port as string),
    keys,
    database: integer(database as string),
    timeoutMs: timeoutMs <= 0 ? usualTimeoutMs : timeoutMs,
    copy,
    replace,
    auth,
  };
}

function migrate(args: Args, session: Session): Reply {
  const { server, db } = session;
  const order = readOrder(args);
  if (session.mustNotWait) throw new ReplyError("ERR MIGRATE waits for another server, which cannot be done here");
  const { nowMs } = server.keyspace;
  const keys = [...new Set(order.keys)].filter((key) => db.get(key) !== undefined);
  if (keys.length === 0) return new SimpleString("NOKEY");
  const restores = keys.map((key) => {
    const deadlineMs = db.deadline(key) as number;
    const ttlMs = Number.isFinite(deadlineMs) ? Math.max(1, deadlineMs - nowMs) : 0;
    const payload = dumpPayload(db.peek(key) as NonNullable<ReturnType<typeof db.peek>>, false);
    return ["RESTORE", key, String(ttlMs), payload, ...(order.replace ? ["REPLACE"] : [])];
  });
  const request = session.request;
  const { host, port, database, auth, timeoutMs } = order;
  server.moves.run({ address: { host, port }, database, auth, restores, timeoutMs }, (outcome) => {
    const moved = order.copy ? [] : keys.filter((_, index) => outcome.taken[index] === true);
    // Also when its client is gone, or was told not to wait: the keys are at the other server.
    server.execution.runFor(session, request, () => {
      for (const key of moved) if (db.delete(key)) db.changed(key, "del");
      session.logAs(...(moved.length === 0 ? [] : [["DEL", ...moved]]));
    });
    server.blocking.answer(session, answerTo(outcome));
    server.turn.request();
  });
  return session.block({
    on: "never",
    timeoutMs: 0,
    retry: () => undefined,
    timedOut: () => new ReplyError("IOERR the keys are on their way, but the client was told not to wait"),
  });
}

function answerTo({ refusal, trouble }: Outcome): Reply {
  if (refusal !== undefined) return new ReplyError(`ERR Target instance replied with error: ${refusal}`);
  if (trouble === undefined) return OK;
  return new ReplyError(
    `IOERR error or timeout ${trouble} to ${trouble === "connecting" ? "the client" : "target instance"}`,
  );
}

/** How many words behind an option are a user's and a password. */
function secretCount(option: string): number {
  const word = option.toUpperCase();
  return word === "AUTH" ? 1 : word === "AUTH2" ? 2 : 0;
}

function keysOf(args: Args): readonly string[] {
  // A password may be anything, `KEYS` too.
  let list = 6;
  while (list < args.length && args[list]?.toUpperCase() !== "KEYS") list += 1 + secretCount(args[list] as string);
  return args[3] === "" && list < args.length ? args.slice(list + 1) : args.slice(3, 4);
}

export const migrateCommands: readonly Command[] = [
  {
    name: "migrate",
    arity: -6,
    // In a transaction it could not wait for the other server.
    flags: new Set(["write", "movablekeys", "no_multi"]),
    keys: keysOf,
    group: "generic",
    run: migrate,
  },
];
