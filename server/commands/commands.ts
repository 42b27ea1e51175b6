/** The table of commands. Adding one: a file, or an entry in its file, and a line here. */
import type { Command } from "./command.ts";
import { connectionCommands } from "./connection.ts";
import { stringCommands } from "./strings.ts";

export const commands: ReadonlyMap<string, Command> = new Map(
  [...connectionCommands, ...stringCommands].map((command) => [command.name, command]),
);

/** By name in any case. */
export function findCommand(name: string): Command | undefined {
  return commands.get(name) ?? commands.get(name.toLowerCase());
}
