/** The subcommands of DEBUG that load again what was kept, and slow down how it is kept. */
import { CannotLoad } from "../loading.ts";
import { OK, type Reply, ReplyError, SYNTAX_ERROR } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { count, integer } from "./arguments.ts";
import type { Args, Flag } from "./command.ts";
import type { Subcommand } from "./container.ts";

const flags: readonly Flag[] = ["admin", "noscript", "loading", "stale", "protected"];

export const debugPersistence: readonly Subcommand[] = [
  {
    usage: "RELOAD [option ...]",
    help: "Save the RDB on disk and reload it back to memory. Options: NOSAVE, NOFLUSH.",
    arity: -2,
    flags,
    run: reload,
  },
  {
    usage: "LOADAOF",
    help: "Flush the AOF buffers on disk and reload the AOF in memory.",
    arity: 2,
    flags,
    run(_args, { server }) {
      orEnd(server, () => server.persistence.reloadLog());
      server.log.warning("Append Only File loaded by DEBUG LOADAOF");
      return OK;
    },
  },
  {
    usage: "AOF-FLUSH-SLEEP <microsec>",
    help: "Server will sleep before flushing the AOF, this is used for testing.",
    arity: 3,
    flags,
    run(args, { server }) {
      server.persistence.aof.writer.flushDelayUs = count(args[2] as string);
      return OK;
    },
  },
  {
    usage: "PAUSE-CRON <0|1>",
    help: "Stop periodic cron job processing.",
    arity: 3,
    flags,
    run(args, { server }) {
      if (integer(args[2] as string) === 0) server.cron.start();
      else server.cron.stop();
      return OK;
    },
  },
];

function reload(args: Args, { server }: Session): Reply {
  const words = args.slice(2).map((word) => word.toUpperCase());
  if (!words.every((word) => word === "NOSAVE" || word === "NOFLUSH")) throw SYNTAX_ERROR;
  const how = { save: !words.includes("NOSAVE"), flush: !words.includes("NOFLUSH") };
  const isSaved = orEnd(server, () => server.persistence.reloadSnapshot(how));
  if (!isSaved) throw new ReplyError("ERR Error trying to save the DB, check the logs");
  server.log.warning("DB reloaded by DEBUG RELOAD");
  return OK;
}

/** A server that has forgotten its keys and cannot load them again is of no use. */
function orEnd<R>(server: Session["server"], load: () => R): R {
  try {
    return load();
  } catch (error) {
    if (!(error instanceof CannotLoad)) throw error;
    server.log.warning(error.message);
    return server.world.process.exit(1);
  }
}
