/** Commands about the connection itself: who it is, what it speaks, where it works. */
import { authenticate, startsAuthenticated } from "../authentication.ts";
import { MapReply, OK, PONG, type Reply, ReplyError, SimpleString, SYNTAX_ERROR } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { redisVersion } from "../version.ts";
import { int32, int64 } from "./arguments.ts";
import { setClientName } from "./client-command.ts";
import type { Args, Command, Flag } from "./command.ts";
import { databaseOf } from "./key-moves.ts";
import { stopWatching } from "./transactions.ts";

const always: readonly Flag[] = ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"];

function hello(args: Args, session: Session): Reply {
  let protocol: 2 | 3 | undefined;
  if (args.length > 1) {
    const asked = int64(args[1] as string, "ERR Protocol version is not an integer or out of range");
    if (asked !== 2 && asked !== 3) throw new ReplyError("NOPROTO unsupported protocol version");
    protocol = asked;
  }
  for (let index = 2; index < args.length; index++) {
    const word = (args[index] as string).toUpperCase();
    const [first, second] = [args[index + 1], args[index + 2]];
    if (word === "AUTH" && first !== undefined && second !== undefined) {
      authenticate(session, first, second);
      index += 2;
    } else if (word === "SETNAME" && first !== undefined) {
      setClientName(session, first);
      index++;
    } else {
      throw new ReplyError(`ERR Syntax error in HELLO option '${args[index]}'`);
    }
  }
  if (!session.authenticated) {
    throw new ReplyError(
      "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> " +
        "option can be used to authenticate the client and select the RESP protocol version at the same time",
    );
  }
  session.protocol = protocol ?? session.protocol;
  return new MapReply([
    ["server", "redis"],
    ["version", redisVersion],
    ["proto", session.protocol],
    ["id", session.client?.id ?? 0],
    ["mode", "standalone"],
    ["role", "master"],
    ["modules", []],
  ]);
}

function auth(args: Args, session: Session): Reply {
  if (args.length > 3) throw SYNTAX_ERROR;
  if (args.length === 3) {
    authenticate(session, args[1] as string, args[2] as string);
    return OK;
  }
  if (session.server.users.default.noPassword) {
    throw new ReplyError(
      "ERR AUTH <password> called without any password configured for the default user. " +
        "Are you sure your configuration is correct?",
    );
  }
  authenticate(session, "default", args[1] as string);
  return OK;
}

/** As if the connection were new. */
function reset(_args: Args, session: Session): Reply {
  const { server, client } = session;
  session.transaction = undefined;
  stopWatching(session);
  server.channels.forget(session);
  server.monitors.forget(session);
  server.tracking.end(session);
  session.db = server.keyspace.db(0);
  session.protocol = 2;
  session.user = server.users.default;
  session.authenticated = startsAuthenticated(server);
  if (client !== undefined) {
    client.name = "";
    client.replyMode = "on";
    client.noEvict = false;
  }
  return new SimpleString("RESET");
}

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
    name: "echo",
    arity: 2,
    flags: new Set(["loading", "stale", "fast"]),
    group: "connection",
    run: (args) => args[1] as string,
  },
  {
    name: "select",
    arity: 2,
    flags: new Set(["loading", "stale", "fast"]),
    group: "connection",
    run(args, session) {
      session.db = databaseOf(session, int32(args[1] as string));
      return OK;
    },
  },
  { name: "auth", arity: -2, flags: new Set(always), group: "connection", run: auth },
  { name: "hello", arity: -1, flags: new Set(always), group: "connection", run: hello },
  { name: "reset", arity: 1, flags: new Set(always), group: "connection", run: reset },
  {
    name: "quit",
    arity: -1,
    flags: new Set(always),
    group: "connection",
    run(_args, session) {
      session.client?.closeAfterReplies();
      return OK;
    },
  },
];
