/** CONFIG: the configuration at run time. */
import path from "node:path";
import { failedSet } from "../config/config.ts";
import { type RewriteExtent, rewriteConfig } from "../config/rewrite-config.ts";
import { globMatches } from "../keyspace/glob.ts";
import { MapReply, OK, type Reply, ReplyError, SYNTAX_ERROR } from "../resp/reply.ts";
import type { Server } from "../server.ts";
import type { Session } from "../session.ts";
import { publish, writeFully, writeTemp } from "../world/replace-file.ts";
import { type Disk, DiskError, ListenError } from "../world/world.ts";
import type { Args, Flag } from "./command.ts";
import { container } from "./container.ts";

const admin: readonly Flag[] = ["admin", "noscript", "loading", "stale"];

function set(args: Args, session: Session): Reply {
  if (args.length % 2 === 1) throw SYNTAX_ERROR;
  const { server } = session;
  const pairs: [string, string][] = [];
  for (let index = 2; index < args.length; index += 2) pairs.push([args[index] as string, args[index + 1] as string]);
  const maySetProtected = server.allows("enable-protected-configs", session);
  const undo = server.config.setWords(pairs, { maySetProtected, loading: server.loading });
  const moved = pairs.map(([name]) => name.toLowerCase()).find((name) => name === "port" || name === "bind");
  return moved === undefined ? OK : moveListening(session, moved, undo);
}

/** Listening elsewhere takes a moment: the client waits, and is told whether it could be had. */
function moveListening(session: Session, name: string, undo: () => void): Reply {
  const { server } = session;
  const answer = (reply: Reply) => void server.blocking.answer(session, reply);
  server.listening.open().then(
    () => answer(OK),
    (error: unknown) => {
      if (!(error instanceof ListenError)) throw error;
      server.log.warning(error.message);
      undo();
      answer(failedSet(name, "Unable to listen on this port. Check server logs."));
    },
  );
  return session.block({ on: "never", timeoutMs: 0, retry: () => undefined, timedOut: () => OK });
}

export function rewriteConfigFile(server: Server, extent: RewriteExtent): Reply {
  const { file } = server.config;
  if (file === undefined) throw new ReplyError("ERR The server is running without a config file");
  const { disk, process } = server.world;
  const temp = path.posix.join(path.posix.dirname(file), `temp-${process.pid}-${path.posix.basename(file)}`);
  try {
    const text = rewriteConfig(readText(disk, file), server.config, extent);
    writeTemp(disk, temp, (out) => writeFully(out, Buffer.from(text, "latin1")));
    publish(disk, temp, file);
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    server.log.warning(`CONFIG REWRITE failed: ${error.message}`);
    throw new ReplyError(`ERR Rewriting config file: ${error.reason}`);
  }
  server.log.warning("CONFIG REWRITE executed with success.");
  return OK;
}

/** The text of the file; nothing when somebody removed it meanwhile. */
function readText(disk: Disk, file: string): string {
  if (disk.kind(file) === undefined) return "";
  const input = disk.open(file, "read");
  const bytes = input.read(0, input.size());
  input.close();
  return Buffer.from(bytes).toString("latin1");
}

export const configCommand = container("config", "server", [
  {
    usage: "GET <pattern> [<pattern> ...]",
    help: "The directives that match, and their values.",
    arity: -3,
    flags: admin,
    run: (args, { server }) => new MapReply(server.config.find(args.slice(2), globMatches)),
  },
  {
    usage: "SET <directive> <value> [<directive> <value> ...]",
    help: "Sets all of them, or none.",
    arity: -4,
    flags: admin,
    run: set,
  },
  {
    usage: "RESETSTAT",
    help: "Sets the statistics that INFO shows to zero.",
    arity: 2,
    flags: admin,
    run(_args, { server }) {
      server.resetStatistics();
      return OK;
    },
  },
  {
    usage: "REWRITE",
    help: "Writes the present values into the configuration file.",
    arity: 2,
    flags: admin,
    run: (_args, { server }) => rewriteConfigFile(server, "what is set"),
  },
]);
