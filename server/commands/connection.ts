/** Commands about the connection itself. */
import { OK, PONG, ReplyError } from "../resp/reply.ts";
import type { Command } from "./command.ts";

export const connectionCommands: readonly Command[] = [
  {
    name: "ping",
    arity: -1,
    flags: new Set(["fast"]),
    group: "connection",
    run(args, session) {
      if (args.length > 2) throw new ReplyError("ERR wrong number of arguments for 'ping' command");
      // A RESP2 client that listens to channels could not tell a plain PONG from a message.
      if (session.subscriptionCount > 0 && session.protocol === 2) return ["pong", args[1] ?? ""];
      return args[1] ?? PONG;
    },
  },
  {
    name: "select",
    arity: 2,
    flags: new Set(["loading", "stale", "fast"]),
    group: "connection",
    run(args, session) {
      const index = Number(args[1]);
      const db = /^\d{1,9}$/.test(args[1] as string) ? session.server.keyspace.databases[index] : undefined;
      if (db === undefined) throw new ReplyError("ERR DB index is out of range");
      session.db = db;
      return OK;
    },
  },
];
