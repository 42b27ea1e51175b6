/** Commands on strings. */
import { OK, ReplyError } from "../resp/reply.ts";
import type { Command } from "./command.ts";

export const stringCommands: readonly Command[] = [
  {
    name: "get",
    arity: 2,
    flags: new Set(["readonly", "fast"]),
    keys: { first: 1, last: 1, step: 1 },
    group: "string",
    run(args, { db }) {
      const value = db.get(args[1] as string);
      if (value === undefined) return null;
      if (typeof value === "object")
        throw new ReplyError("WRONGTYPE Operation against a key holding the wrong kind of value");
      return String(value);
    },
  },
  {
    name: "set",
    arity: -3,
    flags: new Set(["write", "denyoom"]),
    keys: { first: 1, last: 1, step: 1 },
    group: "string",
    run(args, { db, server }) {
      db.set(args[1] as string, args[2] as string);
      server.keyspace.dirty++;
      return OK;
    },
  },
];
