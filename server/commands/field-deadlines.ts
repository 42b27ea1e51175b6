/**
 * Commands about the time at which fields of a hash expire, as Redis has them from 7.4 on.
 *
 *     HEXPIRE key 60 NX FIELDS 2 a b     →  for each field:  −2 no such field, 0 the condition forbids it, 1 set,
 *                                                             2 removed, for the deadline is past already
 *     logged as                             HPEXPIREAT key ms FIELDS 1 a       what was set
 *                                           HDEL key b                         what was removed
 */
import type { Reply } from "../resp/reply.ts";
import { ReplyError } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { HashValue } from "../types/hash.ts";
import { fieldDeadlineMaxMs } from "../types/hash-type.ts";
import { deadline, integer, invalidExpireTime, type TimeForm } from "./arguments.ts";
import { ofType, removeEmptied } from "./collections.ts";
import { type Args, type Command, type Flag, ONE_KEY } from "./command.ts";
import { type Condition, holds } from "./deadlines.ts";
import { readHash } from "./hashes.ts";

const group = "hash";
const never = Number.POSITIVE_INFINITY;

/** As replies have them. */
const noSuchField = -2;
const neverExpires = -1;
const notMet = 0;
const done = 1;
const removedAtOnce = 2;

/** The fields behind `FIELDS n`, which stand at `at` and go on to the end. */
function readFields(args: Args, at: number): readonly string[] {
  if (args[at]?.toUpperCase() !== "FIELDS") {
    throw new ReplyError("ERR Mandatory argument FIELDS is missing or not at the right position");
  }
  const count = integer(args[at + 1] ?? "", "ERR Number of fields must be a positive integer");
  if (count < 1) throw new ReplyError("ERR Parameter `numFields` should be greater than 0");
  const fields = args.slice(at + 2);
  if (fields.length !== count) {
    throw new ReplyError("ERR The `numfields` parameter must match the number of arguments");
  }
  return fields;
}

function readCondition(word: string | undefined): Condition | undefined {
  const upper = word?.toUpperCase();
  return upper === "NX" || upper === "XX" || upper === "GT" || upper === "LT" ? upper : undefined;
}

function readDeadline(text: string, form: TimeForm, nowMs: number, name: string): number {
  if (integer(text) < 0) throw new ReplyError("ERR invalid expire time, must be >= 0");
  const deadlineMs = deadline(text, form, nowMs, name);
  if (deadlineMs > fieldDeadlineMaxMs) throw invalidExpireTime(name);
  return deadlineMs;
}

function expireFields(name: string, form: TimeForm): Command {
  return {
    name,
    arity: -6,
    flags: new Set(["write", "denyoom", "fast"]),
    keys: ONE_KEY,
    group,
    run(args, session): Reply {
      const { db, server } = session;
      const key = args[1] as string;
      const condition = readCondition(args[3]);
      const fields = readFields(args, condition === undefined ? 3 : 4);
      const deadlineMs = readDeadline(args[2] as string, form, server.keyspace.nowMs, name);
      const hash = ofType(HashValue, db.forWrite(key));
      if (hash === undefined) return fields.map(() => noSuchField);
      // While a log is replayed fields go only when the log says so.
      const isPast = deadlineMs <= server.keyspace.nowMs && session.role !== "log";
      const set: string[] = [];
      const removed: string[] = [];
      const replies = fields.map((field) => {
        if (!hash.has(field)) return noSuchField;
        if (condition !== undefined && !holds(condition, hash.deadline(field) ?? never, deadlineMs)) return notMet;
        if (isPast) hash.delete(field);
        else hash.setDeadline(field, deadlineMs);
        (isPast ? removed : set).push(field);
        return isPast ? removedAtOnce : done;
      });
      if (set.length > 0) {
        db.fieldsMayExpire(key);
        db.changed(key, "hexpire", set.length);
        session.logAs(["HPEXPIREAT", key, String(deadlineMs), "FIELDS", String(set.length), ...set]);
      }
      if (removed.length > 0) {
        db.changed(key, "hdel", removed.length);
        session.logAs(["HDEL", key, ...removed]);
        removeEmptied(db, key, hash.size);
      }
      return replies;
    },
  };
}

/** Answers something for each field of `HTTL key FIELDS n field …`. */
function askFields(
  args: Args,
  session: Session,
  answer: (deadlineMs: number, nowMs: number) => number,
): readonly number[] {
  const fields = readFields(args, 2);
  const hash = readHash(session, args);
  return fields.map((field) => {
    if (hash?.has(field) !== true) return noSuchField;
    const deadlineMs = hash.deadline(field);
    return deadlineMs === undefined ? neverExpires : answer(deadlineMs, session.server.keyspace.nowMs);
  });
}

function timeLeft(name: string, { unitMs, relative }: TimeForm): Command {
  const flags: readonly Flag[] = ["readonly", "fast"];
  return {
    name,
    arity: -5,
    flags: new Set(flags),
    keys: ONE_KEY,
    group,
    run: (args, session) =>
      askFields(args, session, (deadlineMs, nowMs) => Math.ceil((relative ? deadlineMs - nowMs : deadlineMs) / unitMs)),
  };
}

function persistFields(args: Args, { db }: Session): Reply {
  const key = args[1] as string;
  const fields = readFields(args, 2);
  const hash = ofType(HashValue, db.forWrite(key));
  let persisted = 0;
  const replies = fields.map((field) => {
    if (hash?.has(field) !== true) return noSuchField;
    if (hash.deadline(field) === undefined) return neverExpires;
    hash.setDeadline(field, undefined);
    persisted++;
    return done;
  });
  if (persisted > 0) db.changed(key, "hpersist", persisted);
  return replies;
}

export const fieldDeadlineCommands: readonly Command[] = [
  expireFields("hexpire", { unitMs: 1000, relative: true }),
  expireFields("hpexpire", { unitMs: 1, relative: true }),
  expireFields("hexpireat", { unitMs: 1000, relative: false }),
  expireFields("hpexpireat", { unitMs: 1, relative: false }),
  timeLeft("httl", { unitMs: 1000, relative: true }),
  timeLeft("hpttl", { unitMs: 1, relative: true }),
  timeLeft("hexpiretime", { unitMs: 1000, relative: false }),
  timeLeft("hpexpiretime", { unitMs: 1, relative: false }),
  {
    name: "hpersist",
    arity: -5,
    flags: new Set(["write", "fast"]),
    keys: ONE_KEY,
    group,
    run: persistFields,
  },
];
