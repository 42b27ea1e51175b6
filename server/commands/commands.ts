/** The table of commands. Adding one: a file, or an entry in its file, and a line here. */
import type { Command } from "./command.ts";
import { connectionCommands } from "./connection.ts";
import { debugCommands } from "./debug.ts";
import { persistenceCommands } from "./persistence.ts";
import { stringCommands } from "./strings.ts";
import { transactionCommands } from "./transactions.ts";

export const commands: ReadonlyMap<string, Command> = new Map(
  [...connectionCommands, ...debugCommands, ...persistenceCommands, ...stringCommands, ...transactionCommands].map(
    (command) => [command.name, command],
  ),
);
