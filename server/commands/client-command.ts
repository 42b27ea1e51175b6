/** CLIENT: what a client can ask and say about itself and the others. */
import type { Client } from "../client.ts";
import { describeClient } from "../client-info.ts";
import { OK, type Reply, ReplyError, SILENCE, SYNTAX_ERROR, Verbatim } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { integer } from "./arguments.ts";
import type { Args, Flag } from "./command.ts";
import { container } from "./container.ts";
import { trackingSubcommands } from "./tracking-command.ts";

const usual: readonly Flag[] = ["noscript", "loading", "stale"];
const admin: readonly Flag[] = ["admin", ...usual];

/** @throws ReplyError for a name that would break the lines of CLIENT LIST. */
export function setClientName(session: Session, name: string): void {
  if (/[^!-~]/.test(name)) {
    throw new ReplyError("ERR Client names cannot contain spaces, newlines or special characters.");
  }
  if (session.client !== undefined) session.client.name = name;
}

function clientsOf(session: Session): Client[] {
  return [...session.server.clients.values()];
}

type ClientType = "normal" | "master" | "replica" | "pubsub";

function readType(word: string): ClientType {
  const lower = word.toLowerCase();
  if (lower === "slave") return "replica";
  if (lower === "normal" || lower === "master" || lower === "replica" || lower === "pubsub") return lower;
  throw new ReplyError(`ERR Unknown client type '${word}'`);
}

function isOfType(client: Client, type: ClientType): boolean {
  return client.outputClass === type;
}

function list(args: Args, session: Session): Reply {
  let clients = clientsOf(session);
  const word = args[2]?.toUpperCase();
  if (word === "TYPE" && args.length === 4) {
    const type = readType(args[3] as string);
    clients = clients.filter((client) => isOfType(client, type));
  } else if (word === "ID" && args.length > 3) {
    const ids = args.slice(3).map((id) => integer(id, "ERR Invalid client ID"));
    clients = ids.flatMap((id) => session.server.clients.get(id) ?? []);
  } else if (args.length !== 2) {
    throw SYNTAX_ERROR;
  }
  return new Verbatim(clients.map((client) => `${describeClient(client, client === session.client)}\n`).join(""));
}

/** Whether a client is meant by `CLIENT KILL option value …`. */
type Wanted = (client: Client) => boolean;

function readKill(args: Args, session: Session): Wanted {
  const conditions: Wanted[] = [];
  let skipMe = true;
  for (let index = 2; index < args.length; index += 2) {
    const word = (args[index] as string).toUpperCase();
    const value = args[index + 1];
    if (value === undefined) throw SYNTAX_ERROR;
    if (word === "ID") {
      const id = integer(value, "ERR client-id should be greater than 0");
      if (id < 1) throw new ReplyError("ERR client-id should be greater than 0");
      conditions.push((client) => client.id === id);
    } else if (word === "TYPE") {
      const type = readType(value);
      conditions.push((client) => isOfType(client, type));
    } else if (word === "ADDR") {
      conditions.push((client) => client.connection.remote === value);
    } else if (word === "LADDR") {
      conditions.push((client) => client.connection.local === value);
    } else if (word === "USER") {
      const user = session.server.users.find(value);
      if (user === undefined) throw new ReplyError(`ERR No such user '${value}'`);
      conditions.push((client) => client.session.user === user);
    } else if (word === "SKIPME" && /^(yes|no)$/i.test(value)) {
      skipMe = value.toLowerCase() === "yes";
    } else {
      throw SYNTAX_ERROR;
    }
  }
  return (client) => !(skipMe && client === session.client) && conditions.every((holds) => holds(client));
}

function kill(args: Args, session: Session): Reply {
  const isShort = args.length === 3;
  const wanted = isShort ? (client: Client) => client.connection.remote === args[2] : readKill(args, session);
  const killed = clientsOf(session).filter(wanted);
  for (const client of killed) {
    if (client === session.client) client.closeAfterReplies();
    else client.destroy();
  }
  if (!isShort) return killed.length;
  if (killed.length === 0) throw new ReplyError("ERR No such client");
  return OK;
}

function reply(args: Args, session: Session): Reply {
  const word = (args[2] as string).toLowerCase();
  if (word !== "on" && word !== "off" && word !== "skip") throw SYNTAX_ERROR;
  const { client } = session;
  if (client !== undefined && !(word === "skip" && client.replyMode === "off")) client.replyMode = word;
  return word === "on" ? OK : SILENCE;
}

function pause(args: Args, session: Session): Reply {
  const word = (args[3] ?? "all").toLowerCase();
  if (args.length > 4 || (word !== "all" && word !== "write")) {
    throw new ReplyError("ERR CLIENT PAUSE mode must be WRITE or ALL");
  }
  const durationMs = integer(args[2] as string, "ERR timeout is not an integer or out of range");
  if (durationMs < 0) throw new ReplyError("ERR timeout is negative");
  session.server.pause.begin(word, durationMs);
  return OK;
}

function unblock(args: Args, session: Session): Reply {
  const word = (args[3] ?? "timeout").toLowerCase();
  if (args.length > 4 || (word !== "timeout" && word !== "error")) {
    throw new ReplyError("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
  }
  const target = session.server.clients.get(integer(args[2] as string));
  return target !== undefined && session.server.blocking.cancel(target.session, word) ? 1 : 0;
}

function noEvict(args: Args, session: Session): Reply {
  const word = (args[2] as string).toLowerCase();
  if (word !== "on" && word !== "off") throw SYNTAX_ERROR;
  if (session.client !== undefined) session.client.noEvict = word === "on";
  return OK;
}

export const clientCommand = container("client", "connection", [
  {
    usage: "GETNAME",
    help: "The name of this connection.",
    arity: 2,
    flags: usual,
    run: (_args, { client }) => (client === undefined || client.name === "" ? null : client.name),
  },
  {
    usage: "ID",
    help: "The number of this connection.",
    arity: 2,
    flags: usual,
    run: (_args, { client }) => client?.id ?? 0,
  },
  {
    usage: "INFO",
    help: "This connection, as CLIENT LIST shows it.",
    arity: 2,
    flags: usual,
    run: (_args, { client }) => new Verbatim(client === undefined ? "" : `${describeClient(client, true)}\n`),
  },
  {
    usage: "KILL (<addr> | [ID <id>] [TYPE <type>] [ADDR <addr>] [LADDR <addr>] [USER <name>] [SKIPME YES|NO])",
    help: "Closes the connections that are meant; this one too only with SKIPME NO.",
    arity: -3,
    flags: admin,
    run: kill,
  },
  {
    usage: "LIST [TYPE NORMAL|MASTER|REPLICA|PUBSUB] [ID <id> ...]",
    help: "The connections, one a line.",
    arity: -2,
    flags: admin,
    run: list,
  },
  {
    usage: "NO-EVICT ON|OFF",
    help: "Whether this connection is spared when clients take too much memory.",
    arity: 3,
    flags: admin,
    run: noEvict,
  },
  {
    usage: "PAUSE <milliseconds> [WRITE|ALL]",
    help: "Postpones the commands of all clients, or only those that write.",
    arity: -3,
    flags: admin,
    run: pause,
  },
  {
    usage: "REPLY ON|OFF|SKIP",
    help: "Whether requests are answered; SKIP leaves out the next one.",
    arity: 3,
    flags: usual,
    run: reply,
  },
  {
    usage: "SETNAME <name>",
    help: "Gives this connection a name; an empty one takes it away.",
    arity: 3,
    flags: usual,
    run(args, session) {
      setClientName(session, args[2] as string);
      return OK;
    },
  },
  ...trackingSubcommands,
  {
    usage: "UNBLOCK <id> [TIMEOUT|ERROR]",
    help: "Ends the wait of a client, as if its time were up, or with an error.",
    arity: -3,
    flags: admin,
    run: unblock,
  },
  {
    usage: "UNPAUSE",
    help: "Ends a pause.",
    arity: 2,
    flags: admin,
    run(_args, session) {
      session.server.pause.end();
      return OK;
    },
  },
]);
