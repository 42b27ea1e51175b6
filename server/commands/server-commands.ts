/** Commands about the server as a whole: INFO, TIME, MONITOR, ROLE, WAIT. */
import { describeServer } from "../info/info.ts";
import { OK, type Reply, Verbatim } from "../resp/reply.ts";
import { count } from "./arguments.ts";
import type { Command, Flag } from "./command.ts";

const always: ReadonlySet<Flag> = new Set(["loading", "stale"]);

export const serverCommands: readonly Command[] = [
  {
    name: "info",
    arity: -1,
    flags: always,
    group: "server",
    run: (args, { server }) => new Verbatim(describeServer(server, args.slice(1))),
  },
  {
    name: "time",
    arity: 1,
    flags: new Set(["loading", "stale", "fast"]),
    group: "server",
    run(_args, { server }): Reply {
      const nowMs = server.world.clock.wallMs();
      return [String(Math.floor(nowMs / 1000)), String((nowMs % 1000) * 1000)];
    },
  },
  {
    name: "monitor",
    arity: 1,
    flags: new Set(["admin", "noscript", "loading", "stale"]),
    group: "server",
    run(_args, session) {
      session.server.monitors.add(session);
      return OK;
    },
  },
  {
    name: "role",
    arity: 1,
    flags: new Set(["noscript", "loading", "stale", "fast"]),
    group: "server",
    run: () => ["master", 0, []],
  },
  {
    name: "wait",
    arity: 3,
    flags: new Set(["noscript"]),
    group: "generic",
    run(args, session) {
      const replicas = Number(count(args[1] as string));
      const timeoutMs = count(args[2] as string, "ERR timeout is negative");
      // There are no replicas: who wants none has them, who wants some waits in vain.
      if (replicas === 0) return 0;
      return session.block({ on: "never", timeoutMs, retry: () => undefined, timedOut: () => 0 });
    },
  },
];
