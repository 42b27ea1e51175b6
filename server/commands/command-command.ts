/** COMMAND: what commands there are. Clients ask it to find the keys in a request. */
import { categoriesOf } from "../acl/categories.ts";
import type { KnownCommand } from "../command-table.ts";
import { globMatches } from "../keyspace/glob.ts";
import { MapReply, type Reply, ReplyError, SetReply, SimpleString, SYNTAX_ERROR } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import type { Args, Command, Flag } from "./command.ts";
import { keysOf } from "./command-keys.ts";
import { container } from "./container.ts";
import { type KeyUse, keyUse } from "./key-uses.ts";

const flags: readonly Flag[] = ["loading", "stale"];

/** `[first, last, step]` as COMMAND INFO has them; no keys is `[0, 0, 0]`. */
function legacyKeys({ keys }: Command): readonly [number, number, number] {
  return typeof keys === "object" ? [keys.first, keys.last, keys.step] : [0, 0, 0];
}

function keySpecs(command: Command): Reply[] {
  const { keys } = command;
  if (typeof keys !== "object") return [];
  const last = keys.last < 0 ? keys.last : keys.last - keys.first;
  return [
    new MapReply([
      ["flags", flagsOf(keyUse(command, 0))],
      [
        "begin_search",
        new MapReply([
          ["type", "index"],
          ["spec", new MapReply([["index", keys.first]])],
        ]),
      ],
      [
        "find_keys",
        new MapReply([
          ["type", "range"],
          [
            "spec",
            new MapReply([
              ["lastkey", last],
              ["keystep", keys.step],
              ["limit", 0],
            ]),
          ],
        ]),
      ],
    ]),
  ];
}

function flagsOf(use: KeyUse): Reply {
  return new SetReply(use.map((flag) => new SimpleString(flag)));
}

function describe(known: KnownCommand | undefined): Reply {
  if (known === undefined) return null;
  const { command } = known;
  const isMovable = typeof command.keys === "function";
  const shown = [...command.flags, ...(isMovable && !command.flags.has("movablekeys") ? ["movablekeys"] : [])];
  return [
    command.name,
    command.arity,
    new SetReply(shown.map((flag) => new SimpleString(flag))),
    ...legacyKeys(command),
    new SetReply(categoriesOf(command).map((category) => new SimpleString(`@${category}`))),
    [],
    keySpecs(command),
    [...(known.subcommands?.values() ?? [])].map(describe),
  ];
}

function docs(known: KnownCommand): readonly [Reply, Reply] {
  const subcommands = [...(known.subcommands?.values() ?? [])];
  const entries: [Reply, Reply][] = [["group", known.command.group]];
  if (subcommands.length > 0) entries.push(["subcommands", new MapReply(subcommands.map(docs))]);
  return [known.name, new MapReply(entries)];
}

/** `config|get` too. */
function byFullName(session: Session, name: string): KnownCommand | undefined {
  const words = name.split("|");
  const known = session.server.commands.find(words);
  return words.length > 1 && known?.name !== name.toLowerCase() ? undefined : known;
}

function named(session: Session, names: readonly string[]): (KnownCommand | undefined)[] {
  return names.length === 0 ? [...session.server.commands.all()] : names.map((name) => byFullName(session, name));
}

function list(args: Args, { server }: Session): Reply {
  const all = [...server.commands.all()].flatMap((known) => [known, ...(known.subcommands?.values() ?? [])]);
  if (args.length === 2) return all.map(({ name }) => name);
  const [, , by, kind, wanted] = args.map((word) => word.toLowerCase());
  if (args.length !== 5 || by !== "filterby" || wanted === undefined) throw SYNTAX_ERROR;
  if (kind === "module") return [];
  if (kind === "aclcat") {
    return all.filter(({ command }) => categoriesOf(command).includes(wanted)).map(({ name }) => name);
  }
  if (kind === "pattern") return all.filter(({ name }) => globMatches(wanted, name)).map(({ name }) => name);
  throw SYNTAX_ERROR;
}

function getKeys(args: Args, session: Session): readonly string[] {
  const request = args.slice(2);
  const known = session.server.commands.find(request);
  if (known === undefined) throw new ReplyError("ERR Invalid command specified");
  if (known.command.keys === undefined) throw new ReplyError("ERR The command has no key arguments");
  if (!known.accepts(request.length)) {
    throw new ReplyError("ERR Invalid number of arguments specified for command");
  }
  const keys = keysOf(known.command, request);
  if (keys.length === 0 && !known.command.flags.has("no_mandatory_keys")) {
    throw new ReplyError("ERR Invalid arguments specified for command");
  }
  return keys;
}

function getKeysAndFlags(args: Args, session: Session): Reply {
  const keys = getKeys(args, session);
  const { command } = session.server.commands.find(args.slice(2)) as KnownCommand;
  return keys.map((key, position) => [key, flagsOf(keyUse(command, position))]);
}

export const commandCommand = container(
  "command",
  "server",
  [
    { usage: "COUNT", help: "How many commands there are.", arity: 2, flags, run: countCommands },
    {
      usage: "DOCS [<command> ...]",
      help: "What is documented of them.",
      arity: -2,
      flags,
      run: (args, session) =>
        new MapReply(named(session, args.slice(2)).flatMap((known) => (known === undefined ? [] : [docs(known)]))),
    },
    {
      usage: "GETKEYS <command> [<arg> ...]",
      help: "The keys in a request.",
      arity: -3,
      flags,
      run: getKeys,
    },
    {
      usage: "GETKEYSANDFLAGS <command> [<arg> ...]",
      help: "The keys in a request, and what is done with them.",
      arity: -3,
      flags,
      run: getKeysAndFlags,
    },
    {
      usage: "INFO [<command> ...]",
      help: "What clients need to know of them.",
      arity: -2,
      flags,
      run: (args, session) => named(session, args.slice(2)).map(describe),
    },
    {
      usage: "LIST [FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <pattern>)]",
      help: "Their names.",
      arity: -2,
      flags,
      run: list,
    },
  ],
  (session) => named(session, []).map(describe),
);

function countCommands(_args: Args, { server }: Session): number {
  return [...server.commands.all()].length;
}
