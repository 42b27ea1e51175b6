/** Commands about the connection itself. */
import { PONG } from "../resp/reply.ts";
import type { Command } from "./command.ts";

export const connectionCommands: readonly Command[] = [
  {
    name: "ping",
    arity: -1,
    flags: new Set(["fast"]),
    group: "connection",
    run: (args) => args[1] ?? PONG,
  },
];
