/** A command that is only a name for its subcommands, as CONFIG and OBJECT are; `HELP` comes by itself. */
import { type Reply, ReplyError, SimpleString } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { type Args, accepts, type Command, type Flag, type KeySpec } from "./command.ts";

/** A subcommand, and what HELP says about it. */
export interface Subcommand {
  /** As HELP shows it: `GET <pattern> …`; its first word, in lower case, is the subcommand's name. */
  readonly usage: string;
  readonly help: string;
  readonly arity: number;
  readonly flags: readonly Flag[];
  readonly keys?: KeySpec;
  run(args: Args, session: Session): Reply;
}

/**
 * A container that looks like one command: its subcommands are not counted, refused or allowed one by one. DEBUG is such.
 */
export function asOne(command: Command, flags: readonly Flag[]): Command {
  const { name, group, subcommands } = command;
  return {
    name,
    arity: -2,
    flags: new Set(flags),
    group,
    run(args, session) {
      const subcommand = subcommands?.get((args[1] as string).toLowerCase());
      if (subcommand === undefined || !accepts(subcommand.arity, args.length)) {
        throw new ReplyError(
          `ERR unknown subcommand or wrong number of arguments for '${args[1]}'. Try ${name.toUpperCase()} HELP.`,
        );
      }
      return subcommand.run(args, session);
    },
  };
}

/** `bare` answers where no subcommand is named; mostly that is a mistake. */
export function container(
  name: string,
  group: string,
  subcommands: readonly Subcommand[],
  bare?: (session: Session) => Reply,
): Command {
  const known = subcommands.map(({ usage, help: _help, flags, ...rest }): Command => {
    const word = (usage.split(" ")[0] as string).toLowerCase();
    return { ...rest, name: `${name}|${word}`, flags: new Set(flags), group };
  });
  const isProtected = known.every((command) => command.flags.has("protected"));
  const lines = subcommands.flatMap(({ usage, help }) => [usage, `    ${help}`]);
  const help: Command = {
    name: `${name}|help`,
    arity: 2,
    flags: new Set<Flag>(["loading", "stale", ...(isProtected ? (["protected"] as const) : [])]),
    group,
    run: () =>
      [
        `${name.toUpperCase()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`,
        ...lines,
        "HELP",
        "    Print this help.",
      ].map((line) => new SimpleString(line)),
  };
  return {
    name,
    arity: bare === undefined ? -2 : -1,
    flags: new Set(bare === undefined ? [] : ["loading", "stale"]),
    group,
    subcommands: new Map([...known, help].map((command) => [command.name.slice(name.length + 1), command])),
    run(_args, session) {
      if (bare !== undefined) return bare(session);
      throw new ReplyError(`ERR wrong number of arguments for '${name}' command`);
    },
  };
}
