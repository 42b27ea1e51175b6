/** CLIENT TRACKING and its company: how a client wants to be told that what it holds in a cache has changed. */
import { MapReply, OK, type Reply, ReplyError, SetReply, SYNTAX_ERROR } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import type { TrackingMode } from "../tracking.ts";
import { integer } from "./arguments.ts";
import type { Args, Flag } from "./command.ts";
import type { Subcommand } from "./container.ts";

const flags: readonly Flag[] = ["noscript", "loading", "stale"];

interface Wish {
  redirect: number;
  broadcast: boolean;
  optIn: boolean;
  optOut: boolean;
  noLoop: boolean;
  readonly prefixes: string[];
}

function readWish(args: Args, session: Session): Wish {
  const wish: Wish = { redirect: 0, broadcast: false, optIn: false, optOut: false, noLoop: false, prefixes: [] };
  for (let index = 3; index < args.length; index++) {
    const word = (args[index] as string).toUpperCase();
    const value = args[index + 1];
    if (word === "REDIRECT" && value !== undefined) {
      index++;
      if (wish.redirect !== 0) throw new ReplyError("ERR A client can only redirect to a single other client");
      wish.redirect = integer(value);
      if (session.server.tracking.clientOf(wish.redirect) === undefined) {
        throw new ReplyError("ERR The client ID you want redirect to does not exist");
      }
    } else if (word === "PREFIX" && value !== undefined) {
      index++;
      wish.prefixes.push(value);
    } else if (word === "BCAST") wish.broadcast = true;
    else if (word === "OPTIN") wish.optIn = true;
    else if (word === "OPTOUT") wish.optOut = true;
    else if (word === "NOLOOP") wish.noLoop = true;
    else throw SYNTAX_ERROR;
  }
  return wish;
}

/** @throws ReplyError when it contradicts itself, or how the client tracks already */
function check(wish: Wish, before: TrackingMode | undefined): void {
  if (wish.prefixes.length > 0 && !wish.broadcast) {
    throw new ReplyError("ERR PREFIX option requires BCAST mode to be enabled");
  }
  const other = "before disabling tracking for this client, and then re-enabling it with a different mode.";
  if (before !== undefined && before.broadcast !== wish.broadcast) {
    throw new ReplyError(`ERR You can't switch BCAST mode on/off ${other}`);
  }
  if (wish.broadcast && (wish.optIn || wish.optOut)) {
    throw new ReplyError("ERR OPTIN and OPTOUT are not compatible with BCAST");
  }
  if (wish.optIn && wish.optOut) throw new ReplyError("ERR You can't specify both OPTIN mode and OPTOUT mode");
  if ((wish.optIn && before?.opt === "out") || (wish.optOut && before?.opt === "in")) {
    throw new ReplyError(`ERR You can't switch OPTIN/OPTOUT mode ${other}`);
  }
  checkPrefixes(wish.prefixes, before?.prefixes ?? []);
}

/** A key under two prefixes of one client would be told twice. */
function checkPrefixes(wanted: readonly string[], existing: readonly string[]): void {
  const overlap = (first: string, second: string) => first.startsWith(second) || second.startsWith(first);
  const fail = (prefix: string, what: string, other: string): never => {
    throw new ReplyError(
      `ERR Prefix '${prefix}' overlaps with ${what} prefix '${other}'. Prefixes for a single client must not overlap.`,
    );
  };
  wanted.forEach((prefix, index) => {
    const old = existing.find((each) => overlap(prefix, each));
    if (old !== undefined) fail(prefix, "an existing", old);
    const further = wanted.slice(index + 1).find((each) => overlap(prefix, each));
    if (further !== undefined) fail(prefix, "another provided", further);
  });
}

function tracking(args: Args, session: Session): Reply {
  const wish = readWish(args, session);
  const word = (args[2] as string).toLowerCase();
  if (word !== "on" && word !== "off") throw SYNTAX_ERROR;
  const { server, tracking: before } = session;
  if (word === "off") {
    server.tracking.end(session);
    return OK;
  }
  check(wish, before);
  const prefixes = [...(before?.prefixes ?? []), ...wish.prefixes];
  server.tracking.begin(session, {
    broadcast: wish.broadcast,
    prefixes: wish.broadcast && prefixes.length === 0 ? [""] : prefixes,
    opt: wish.optIn ? "in" : wish.optOut ? "out" : undefined,
    noLoop: wish.noLoop,
    redirect: wish.redirect,
    caching: false,
    isBroken: false,
  });
  return OK;
}

function caching(args: Args, session: Session): Reply {
  const mode = session.tracking;
  if (mode?.opt === undefined) {
    throw new ReplyError(
      "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled",
    );
  }
  const word = (args[2] as string).toLowerCase();
  if (word !== "yes" && word !== "no") throw SYNTAX_ERROR;
  const needed = word === "yes" ? "in" : "out";
  if (mode.opt !== needed) {
    throw new ReplyError(
      `ERR CLIENT CACHING ${word.toUpperCase()} is only valid when tracking is enabled in OPT${needed.toUpperCase()} mode.`,
    );
  }
  mode.caching = true;
  return OK;
}

function describe({ tracking: mode }: Session): Reply {
  const flagsSet: readonly (readonly [string, boolean])[] = [
    ["off", mode === undefined],
    ["on", mode !== undefined],
    ["bcast", mode?.broadcast === true],
    ["optin", mode?.opt === "in"],
    ["caching-yes", mode?.opt === "in" && mode.caching],
    ["optout", mode?.opt === "out"],
    ["caching-no", mode?.opt === "out" && mode.caching],
    ["noloop", mode?.noLoop === true],
    ["broken_redirect", mode?.isBroken === true],
  ];
  return new MapReply([
    ["flags", new SetReply(flagsSet.filter(([, isSet]) => isSet).map(([name]) => name))],
    ["redirect", mode?.redirect ?? -1],
    ["prefixes", mode?.prefixes ?? []],
  ]);
}

export const trackingSubcommands: readonly Subcommand[] = [
  {
    usage: "CACHING YES|NO",
    help: "Whether what the next command reads is tracked, where the client opts in or out.",
    arity: 3,
    flags,
    run: caching,
  },
  {
    usage: "GETREDIR",
    help: "The client that is told instead of this one; 0: none, -1: this one does not track.",
    arity: 2,
    flags,
    run: (_args, session) => session.tracking?.redirect ?? -1,
  },
  {
    usage: "TRACKING ON|OFF [REDIRECT <id>] [BCAST] [PREFIX <prefix> [PREFIX <prefix> ...]] [OPTIN] [OPTOUT] [NOLOOP]",
    help: "Whether this connection is told when keys change that it has read, or that begin with a prefix.",
    arity: -3,
    flags,
    run: tracking,
  },
  {
    usage: "TRACKINGINFO",
    help: "How this connection tracks.",
    arity: 2,
    flags,
    run: (_args, session) => describe(session),
  },
];
