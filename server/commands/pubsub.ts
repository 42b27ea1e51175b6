/** Commands of publish and subscribe. */
import { type Reply, Several } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import type { Args, Command, Flag } from "./command.ts";
import { container } from "./container.ts";

const flags: ReadonlySet<Flag> = new Set(["pubsub", "noscript", "loading", "stale"]);

function subscribe(name: string, kind: "channels" | "patterns"): Command {
  return {
    name,
    arity: -2,
    flags,
    group: "pubsub",
    run: (args: Args, session: Session): Reply =>
      new Several(session.server.channels.subscribe(session, kind, args.slice(1))),
  };
}

function unsubscribe(name: string, kind: "channels" | "patterns"): Command {
  return {
    name,
    arity: -1,
    flags,
    group: "pubsub",
    run(args, session) {
      const names = args.length === 1 ? undefined : args.slice(1);
      return new Several(session.server.channels.unsubscribe(session, kind, names));
    },
  };
}

const pubsubCommand = container("pubsub", "pubsub", [
  {
    usage: "CHANNELS [<pattern>]",
    help: "The channels that somebody listens to.",
    arity: -2,
    flags: ["pubsub", "loading", "stale"],
    run: (args, { server }) => server.channels.active(args[2]),
  },
  {
    usage: "NUMPAT",
    help: "How many patterns are listened to.",
    arity: 2,
    flags: ["pubsub", "loading", "stale"],
    run: (_args, { server }) => server.channels.patternCount,
  },
  {
    usage: "NUMSUB [<channel> ...]",
    help: "How many listen to each channel, listeners to patterns left out.",
    arity: -2,
    flags: ["pubsub", "loading", "stale"],
    run: (args, { server }) => args.slice(2).flatMap((name) => [name, server.channels.listenerCount(name)]),
  },
]);

export const pubsubCommands: readonly Command[] = [
  subscribe("subscribe", "channels"),
  subscribe("psubscribe", "patterns"),
  unsubscribe("unsubscribe", "channels"),
  unsubscribe("punsubscribe", "patterns"),
  {
    name: "publish",
    arity: 3,
    flags: new Set(["pubsub", "loading", "stale", "fast", "may_replicate"]),
    group: "pubsub",
    run: (args, { server }) => server.channels.publish(args[1] as string, args[2] as string),
  },
  pubsubCommand,
];
