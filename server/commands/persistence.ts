/** SAVE, BGSAVE, BGREWRITEAOF, LASTSAVE, WAITAOF, SHUTDOWN: what is kept, and what is known about it. */
import type { StopOrder } from "../persistence.ts";
import { OK, type Reply, ReplyError, SimpleString, SYNTAX_ERROR } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { count, integerWithin } from "./arguments.ts";
import type { Args, Command, Flag } from "./command.ts";

const admin: ReadonlySet<Flag> = new Set<Flag>(["admin", "noscript", "no_async_loading"]);

export const persistenceCommands: readonly Command[] = [
  {
    name: "save",
    arity: 1,
    flags: new Set<Flag>([...admin, "no_multi"]),
    group: "server",
    run(_args, { server }) {
      if (!server.persistence.snapshots.save()) throw new ReplyError("ERR");
      return OK;
    },
  },
  { name: "bgsave", arity: -1, flags: admin, group: "server", run: saveInBackground },
  { name: "bgrewriteaof", arity: 1, flags: admin, group: "server", run: rewriteLog },
  {
    name: "lastsave",
    arity: 1,
    flags: new Set<Flag>(["loading", "stale", "fast"]),
    group: "server",
    run: (_args, { server }) => server.persistence.snapshots.lastSaveS,
  },
  { name: "waitaof", arity: 4, flags: new Set<Flag>(["noscript", "blocking"]), group: "generic", run: waitForLog },
  {
    name: "shutdown",
    arity: -1,
    flags: new Set<Flag>(["admin", "noscript", "loading", "stale", "no_multi", "allow_busy"]),
    group: "server",
    run: shutDown,
  },
];

function saveInBackground(args: Args, { server, inExec }: Session): Reply {
  const { desk, snapshots } = server.persistence;
  if (args.length > 2 || (args[1] ?? "SCHEDULE").toUpperCase() !== "SCHEDULE") throw SYNTAX_ERROR;
  if (desk.isSaving("rdb")) throw new ReplyError("ERR Background save already in progress");
  if (desk.isBusy || inExec) {
    if (args.length === 1 && !inExec) {
      throw new ReplyError(
        "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a " +
          "BGSAVE whenever possible.",
      );
    }
    snapshots.schedule();
    return new SimpleString("Background saving scheduled");
  }
  if (!snapshots.startInBackground()) throw new ReplyError("ERR");
  return new SimpleString("Background saving started");
}

function rewriteLog(_args: Args, { server, inExec }: Session): Reply {
  const { desk, rewrite } = server.persistence;
  if (rewrite.isRunning) throw new ReplyError("ERR Background append only file rewriting already in progress");
  if (desk.isBusy || inExec) {
    rewrite.isScheduled = true;
    // Who asks for it by hand need not wait for what failed before.
    rewrite.consecutiveFailures = 0;
    return new SimpleString("Background append only file rewriting scheduled");
  }
  if (!rewrite.start()) {
    throw new ReplyError(
      "ERR Can't execute an AOF background rewriting. Please check the server logs for more information.",
    );
  }
  return new SimpleString("Background append only file rewriting started");
}

/** There are no replicas: the second number of the answer is 0. */
function waitForLog(args: Args, session: Session): Reply {
  const localCount = integerWithin(args[1] as string, 0, 1);
  const replicaCount = count(args[2] as string);
  const timeoutMs = count(args[3] as string, "ERR timeout is negative");
  const { persistence } = session.server;
  if (localCount > 0 && persistence.aof.state === "off") {
    throw new ReplyError("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
  }
  const position = session.logPosition;
  const local = () => (persistence.aof.durablePosition >= position ? 1 : 0);
  const isEnough = () => local() >= localCount && replicaCount === 0;
  if (isEnough()) return [local(), 0];
  return session.block({
    on: "sync ended",
    timeoutMs,
    retry: () => (isEnough() ? [local(), 0] : undefined),
    timedOut: () => [local(), 0],
  });
}

function shutDown(args: Args, session: Session): Reply {
  const words = args.slice(1).map((word) => word.toUpperCase());
  const known = ["NOSAVE", "SAVE", "NOW", "FORCE", "ABORT"];
  const isAbort = words.includes("ABORT");
  if (!words.every((word) => known.includes(word)) || (isAbort && words.length > 1)) throw SYNTAX_ERROR;
  if (words.includes("SAVE") && words.includes("NOSAVE")) throw SYNTAX_ERROR;
  const { shutdown, blocking } = session.server;
  if (isAbort) {
    if (!shutdown.abort()) throw new ReplyError("ERR No shutdown in progress.");
    return OK;
  }
  const order: StopOrder = {
    save: words.includes("SAVE") ? "yes" : words.includes("NOSAVE") ? "no" : "as configured",
    force: words.includes("FORCE"),
  };
  const failure = () => new ReplyError("ERR Errors trying to SHUTDOWN. Check logs.");
  const reply = session.block({ on: "never", timeoutMs: 0, retry: () => undefined, timedOut: failure });
  shutdown.begin(order, () => void blocking.cancel(session, "timeout"));
  return reply;
}
