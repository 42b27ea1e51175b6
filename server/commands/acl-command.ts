/** ACL: users, what they may do, and what was denied them. */
import { AclError } from "../acl/acl-error.ts";
import { allCategories } from "../acl/categories.ts";
import type { Denial, Selector } from "../acl/selector.ts";
import { joinSelectors } from "../acl/users.ts";
import { Double, MapReply, OK, type Reply, ReplyError, SetReply } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { integer } from "./arguments.ts";
import type { Args, Flag } from "./command.ts";
import { container, type Subcommand } from "./container.ts";

const usual: readonly Flag[] = ["noscript", "loading", "stale"];
const admin: readonly Flag[] = ["admin", ...usual];

const logCount = 10;
const passwordBits = 256;
const passwordBitsMax = 4096;

/** What is wrong with a rule is the client's mistake. */
function orReply(work: () => void): Reply {
  try {
    work();
    return OK;
  } catch (error) {
    if (!(error instanceof AclError)) throw error;
    throw new ReplyError(`ERR ${error.message}`);
  }
}

function setUser(args: Args, { server }: Session): Reply {
  const name = args[2] as string;
  if (/[\s\0]/.test(name)) throw new ReplyError("ERR Usernames can't contain spaces or null characters");
  return orReply(() => server.users.set(name, joinSelectors(args.slice(3))));
}

function deleteUsers(args: Args, { server }: Session): Reply {
  const names = args.slice(2);
  if (names.includes("default")) throw new ReplyError("ERR The 'default' user cannot be removed");
  return names.filter((name) => server.users.delete(name)).length;
}

function describeSelector(selector: Selector): readonly (readonly [Reply, Reply])[] {
  const { commands, keys, channels } = selector.describe();
  return [
    ["commands", commands],
    ["keys", keys],
    ["channels", channels],
  ];
}

function getUser(args: Args, { server }: Session): Reply {
  const user = server.users.find(args[2] as string);
  if (user === undefined) return null;
  const [root, ...others] = user.selectors();
  return new MapReply([
    ["flags", new SetReply(user.flags())],
    ["passwords", user.passwords],
    ...describeSelector(root),
    ["selectors", others.map((selector) => new MapReply(describeSelector(selector)))],
  ]);
}

function wrongWords(word: string): ReplyError {
  return new ReplyError(`ERR unknown subcommand or wrong number of arguments for '${word}'. Try ACL HELP.`);
}

function categories(args: Args, { server }: Session): Reply {
  if (args.length > 3) throw wrongWords(args[1] as string);
  const category = args[2]?.toLowerCase();
  if (category === undefined) return allCategories;
  if (!allCategories.some((known) => known === category)) throw new ReplyError(`ERR Unknown category '${args[2]}'`);
  return server.users.universe.inCategory(category);
}

function showLog(args: Args, { server }: Session): Reply {
  if (args.length > 3) throw wrongWords(args[1] as string);
  const { log } = server.users;
  const word = args[2];
  if (word?.toUpperCase() === "RESET") {
    log.clear();
    return OK;
  }
  const count = word === undefined ? logCount : Math.max(0, integer(word));
  const nowMs = server.world.clock.wallMs();
  return log.entries.slice(0, count).map(
    (entry) =>
      new MapReply([
        ["count", entry.count],
        ["reason", entry.reason],
        ["context", entry.context],
        ["object", entry.object],
        ["username", entry.username],
        ["age-seconds", new Double((nowMs - entry.atMs) / 1000)],
        ["client-info", entry.client],
      ]),
  );
}

function dryRun(args: Args, { server }: Session): Reply {
  const user = server.users.find(args[2] as string);
  if (user === undefined) throw new ReplyError(`ERR User '${args[2]}' not found`);
  const request = args.slice(3);
  const known = server.commands.find(request);
  if (known === undefined) throw new ReplyError(`ERR Command '${args[3]}' not found`);
  if (!known.accepts(request.length)) {
    throw new ReplyError(`ERR wrong number of arguments for '${known.name}' command`);
  }
  const denial = user.check(known.command, request);
  return denial === undefined ? OK : describeDryDenial(denial);
}

function describeDryDenial({ reason, object }: Denial): string {
  const what = reason === "command" ? `run the '${object}' command` : `access the '${object}' ${reason}`;
  return `This user has no permissions to ${what}`;
}

function generatePassword(args: Args, { server }: Session): Reply {
  const bits = args[2] === undefined ? passwordBits : integer(args[2]);
  if (bits < 1 || bits > passwordBitsMax) {
    throw new ReplyError(
      "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096",
    );
  }
  const digits = Math.ceil(bits / 4);
  const bytes = server.world.process.secretBytes(Math.ceil(digits / 2));
  return Buffer.from(bytes).toString("hex").slice(0, digits);
}

const subcommands: readonly Subcommand[] = [
  {
    usage: "CAT [<category>]",
    help: "The categories of commands, or the commands of one.",
    arity: -2,
    flags: usual,
    run: categories,
  },
  {
    usage: "DELUSER <username> [<username> ...]",
    help: "Removes users, and closes their connections.",
    arity: -3,
    flags: admin,
    run: deleteUsers,
  },
  {
    usage: "DRYRUN <username> <command> [<arg> ...]",
    help: "Whether the user may run the command, without running it.",
    arity: -4,
    flags: admin,
    run: dryRun,
  },
  {
    usage: "GENPASS [<bits>]",
    help: "A password that nobody guesses, of 256 bits unless told otherwise.",
    arity: -2,
    flags: usual,
    run: generatePassword,
  },
  { usage: "GETUSER <username>", help: "What a user may do.", arity: 3, flags: admin, run: getUser },
  {
    usage: "LIST",
    help: "The users, as they stand in a file.",
    arity: 2,
    flags: admin,
    run: (_args, { server }) => server.users.all().map((user) => `user ${user.name} ${user.rules()}`),
  },
  {
    usage: "LOAD",
    help: "Reads the users from the ACL file: all of them, or none.",
    arity: 2,
    flags: admin,
    run: (_args, { server }) => orReply(() => server.users.load()),
  },
  {
    usage: "LOG [<count> | RESET]",
    help: "What was denied, the newest first.",
    arity: -2,
    flags: admin,
    run: showLog,
  },
  {
    usage: "SAVE",
    help: "Writes the users to the ACL file.",
    arity: 2,
    flags: admin,
    run: (_args, { server }) => orReply(() => server.users.save()),
  },
  {
    usage: "SETUSER <username> [<rule> ...]",
    help: "Makes a user, or changes one: all of the rules, or none.",
    arity: -3,
    flags: admin,
    run: setUser,
  },
  {
    usage: "USERS",
    help: "The names of the users.",
    arity: 2,
    flags: admin,
    run: (_args, { server }) => server.users.all().map(({ name }) => name),
  },
  {
    usage: "WHOAMI",
    help: "The user of this connection.",
    arity: 2,
    flags: usual,
    run: (_args, { user }) => user.name,
  },
];

export const aclCommand = container("acl", "server", subcommands);
