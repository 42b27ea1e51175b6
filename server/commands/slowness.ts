/** SLOWLOG and LATENCY: what took long. */
import type { KnownCommand } from "../command-table.ts";
import { latencyReport } from "../latency-doctor.ts";
import { MapReply, OK, type Reply, ReplyError, Verbatim } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { integer } from "./arguments.ts";
import type { Args, Command, Flag } from "./command.ts";
import { container } from "./container.ts";

const group = "server";
const flags: readonly Flag[] = ["admin", "loading", "stale"];
const usualCount = 10;

function slowCalls(args: Args, { server }: Session): Reply {
  if (args.length > 3) throw new ReplyError("ERR wrong number of arguments for 'slowlog|get' command");
  const count = args[2] === undefined ? usualCount : integer(args[2]);
  if (count < -1) throw new ReplyError("ERR count should be greater than or equal to -1");
  return server.slowLog
    .latest(count === -1 ? Number.POSITIVE_INFINITY : count)
    .map(({ id, atS, microseconds, args: words, remote, clientName }) => [
      ...[id, atS, microseconds],
      ...[[...words], remote, clientName],
    ]);
}

const slowlogCommand = container("slowlog", group, [
  {
    usage: "GET [<count>]",
    help: "The last slow calls, the latest one first: id, time, microseconds, arguments, client, its name.",
    arity: -2,
    flags,
    run: slowCalls,
  },
  { usage: "LEN", help: "How many are kept.", arity: 2, flags, run: (_args, { server }) => server.slowLog.length },
  {
    usage: "RESET",
    help: "Forgets them.",
    arity: 2,
    flags,
    run(_args, { server }) {
      server.slowLog.clear();
      return OK;
    },
  },
]);

function histograms(args: Args, { server }: Session): Reply {
  const wanted = args.slice(2);
  const all = [...server.commands.all()].flatMap((known) => [known, ...(known.subcommands?.values() ?? [])]);
  const named = new Set(wanted.map((name) => name.toLowerCase()));
  const isNamed = ({ name }: KnownCommand) =>
    wanted.length === 0 || named.has(name) || named.has(name.replace(/\|.*/, ""));
  return new MapReply(
    all.filter(isNamed).flatMap((known): [Reply, Reply][] => {
      const { latency } = known;
      if (latency === undefined) return [];
      const powers = new MapReply(latency.byPowers());
      return [
        [
          known.name,
          new MapReply([
            ["calls", latency.count],
            ["histogram_usec", powers],
          ]),
        ],
      ];
    }),
  );
}

const latencyCommand = container("latency", group, [
  {
    usage: "DOCTOR",
    help: "What held the server up, in words, and what may help.",
    arity: 2,
    flags,
    run: (_args, { server }) =>
      new Verbatim(latencyReport(server.latencyMonitor, server.config.get("latency-monitor-threshold"))),
  },
  {
    usage: "HISTOGRAM [<command> …]",
    help: "How many calls of commands took no longer than each power of two, in microseconds.",
    arity: -2,
    flags,
    run: histograms,
  },
  {
    usage: "HISTORY <event>",
    help: "When an event held the server up, and for how many milliseconds.",
    arity: 3,
    flags,
    run: (args, { server }) => server.latencyMonitor.history(args[2] as string).map(({ atS, ms }) => [atS, ms]),
  },
  {
    usage: "LATEST",
    help: "The latest and the longest time of every event.",
    arity: 2,
    flags,
    run: (_args, { server }) =>
      server.latencyMonitor.latest().map(({ event, last, longestMs }) => [event, last.atS, last.ms, longestMs]),
  },
  {
    usage: "RESET [<event> …]",
    help: "Forgets these events, or all; says how many there were.",
    arity: -2,
    flags,
    run: (args, { server }) => server.latencyMonitor.forget(args.slice(2)),
  },
]);

export const slownessCommands: readonly Command[] = [slowlogCommand, latencyCommand];
