/** MULTI, EXEC, DISCARD, WATCH, UNWATCH. What a queued command must be told is checked in execution.ts. */
import { NIL_ARRAY, OK, ReplyError } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { ALL_KEYS, type Command, type Flag } from "./command.ts";

const flags: ReadonlySet<Flag> = new Set(["noscript", "loading", "stale", "fast", "allow_busy"]);

export const transactionCommands: readonly Command[] = [
  {
    name: "multi",
    arity: 1,
    flags,
    group: "transactions",
    run(_args, session) {
      if (session.transaction !== undefined) throw new ReplyError("ERR MULTI calls can not be nested");
      session.transaction = { queue: [], broken: false };
      return OK;
    },
  },
  {
    name: "exec",
    arity: 1,
    flags: new Set<Flag>(["noscript", "loading", "stale", "skip_slowlog"]),
    group: "transactions",
    run(_args, session) {
      const { transaction, server } = session;
      if (transaction === undefined) throw new ReplyError("ERR EXEC without MULTI");
      const isTouched = server.watching.isTouched(session);
      stopWatching(session);
      if (transaction.broken || isTouched) {
        session.transaction = undefined;
        if (!transaction.broken) return NIL_ARRAY;
        throw new ReplyError("EXECABORT Transaction discarded because of previous errors.");
      }
      return server.execution.callQueued(session);
    },
  },
  {
    name: "discard",
    arity: 1,
    flags,
    group: "transactions",
    run(_args, session) {
      if (session.transaction === undefined) throw new ReplyError("ERR DISCARD without MULTI");
      session.transaction = undefined;
      stopWatching(session);
      return OK;
    },
  },
  {
    name: "watch",
    arity: -2,
    flags,
    keys: ALL_KEYS,
    group: "transactions",
    run(args, session) {
      if (session.transaction !== undefined) throw new ReplyError("ERR WATCH inside MULTI is not allowed");
      const { watching } = session.server;
      for (const key of args.slice(1)) watching.watch(session, session.db, key);
      session.server.watchedOrNot();
      return OK;
    },
  },
  {
    name: "unwatch",
    arity: 1,
    flags,
    group: "transactions",
    run(_args, session) {
      stopWatching(session);
      return OK;
    },
  },
];

export function stopWatching(session: Session): void {
  session.server.watching.forget(session);
  session.server.watchedOrNot();
}
