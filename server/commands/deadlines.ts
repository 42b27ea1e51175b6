/** Commands about the time at which keys expire: the EXPIRE family, the TTL family, PERSIST. */
import { NEVER } from "../keyspace/slot-table.ts";
import { type Reply, ReplyError } from "../resp/reply.ts";
import { deadline, type TimeForm } from "./arguments.ts";
import { type Args, type Command, type Flag, ONE_KEY } from "./command.ts";
import { removeBecausePast } from "./removal.ts";

export type Condition = "NX" | "XX" | "GT" | "LT";

function readConditions(args: Args): ReadonlySet<Condition> {
  const conditions = new Set<Condition>();
  for (const word of args.slice(3)) {
    const upper = word.toUpperCase();
    if (upper !== "NX" && upper !== "XX" && upper !== "GT" && upper !== "LT") {
      throw new ReplyError(`ERR Unsupported option ${word}`);
    }
    conditions.add(upper);
  }
  if (conditions.has("NX") && conditions.size > 1) {
    throw new ReplyError("ERR NX and XX, GT or LT options at the same time are not compatible");
  }
  if (conditions.has("GT") && conditions.has("LT")) {
    throw new ReplyError("ERR GT and LT options at the same time are not compatible");
  }
  return conditions;
}

/** What never expires has a deadline greater than any other: NEVER. */
export function holds(condition: Condition, before: number, after: number): boolean {
  switch (condition) {
    case "NX":
      return before === NEVER;
    case "XX":
      return before !== NEVER;
    case "GT":
      return after > before;
    case "LT":
      return after < before;
  }
}

function expire(name: string, form: TimeForm): Command {
  return {
    name,
    arity: -3,
    flags: new Set(["write", "fast"]),
    keys: ONE_KEY,
    group: "generic",
    run(args, session) {
      const { db, server } = session;
      const key = args[1] as string;
      const conditions = readConditions(args);
      const deadlineMs = deadline(args[2] as string, form, server.keyspace.nowMs, name);
      const before = db.deadline(key);
      if (before === undefined) return 0;
      for (const condition of conditions) if (!holds(condition, before, deadlineMs)) return 0;
      if (removeBecausePast(session, key, deadlineMs)) return 1;
      db.setDeadline(key, deadlineMs);
      db.changed(key, "expire");
      session.logAs(["PEXPIREAT", key, String(deadlineMs), ...args.slice(3)]);
      return 1;
    },
  };
}

/** −2: no such key. −1: it never expires. */
function timeLeft(name: string, { unitMs, relative }: TimeForm): Command {
  const flags: readonly Flag[] = ["readonly", "fast"];
  return {
    name,
    arity: 2,
    flags: new Set(flags),
    keys: ONE_KEY,
    group: "generic",
    run(args, { db, server }): Reply {
      const deadlineMs = db.deadline(args[1] as string);
      if (deadlineMs === undefined) return -2;
      if (deadlineMs === NEVER) return -1;
      const ms = Math.max(relative ? deadlineMs - server.keyspace.nowMs : deadlineMs, 0);
      return unitMs === 1 ? ms : Math.floor((ms + 500) / 1000);
    },
  };
}

export const deadlineCommands: readonly Command[] = [
  expire("expire", { unitMs: 1000, relative: true }),
  expire("pexpire", { unitMs: 1, relative: true }),
  expire("expireat", { unitMs: 1000, relative: false }),
  expire("pexpireat", { unitMs: 1, relative: false }),
  timeLeft("ttl", { unitMs: 1000, relative: true }),
  timeLeft("pttl", { unitMs: 1, relative: true }),
  timeLeft("expiretime", { unitMs: 1000, relative: false }),
  timeLeft("pexpiretime", { unitMs: 1, relative: false }),
  {
    name: "persist",
    arity: 2,
    flags: new Set(["write", "fast"]),
    keys: ONE_KEY,
    group: "generic",
    run(args, { db }) {
      const key = args[1] as string;
      const before = db.deadline(key);
      if (before === undefined || before === NEVER) return 0;
      db.setDeadline(key, NEVER);
      db.changed(key, "persist");
      return 1;
    },
  },
];
