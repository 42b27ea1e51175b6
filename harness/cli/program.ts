/**
 * The command line as a function: words in, an exit code out. What a verb throws becomes a sentence on stderr and the
 * code that belongs to it; anything else is a fault of lossbound itself, and is shown as one.
 */
import { Command, CommanderError } from "commander";
import { UnknownName } from "../../scenarios/catalogue.ts";
import { BadFile } from "../../scenarios/problem.ts";
import { BadBundle } from "../bundle/bundle.ts";
import { VolumeUnavailable } from "../disk/volume.ts";
import { ownVersion } from "../package.ts";
import { TargetUnavailable } from "../targets/target.ts";
import { Exit, type ExitCode, exitCodes } from "./exit.ts";
import type { Surroundings } from "./surroundings.ts";
import { verbs } from "./verbs.ts";

/** @param words without the names of Node and of the script */
export async function main(words: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
  let code: ExitCode = exitCodes.held;
  const program = commandLine(surroundings);
  for (const verb of verbs) {
    verb.add(program, surroundings, (end) => {
      code = end;
    });
  }
  inheritSettings(program);
  try {
    if (words.length === 0) program.help();
    await program.parseAsync([...words], { from: "user" });
    return code;
  } catch (error) {
    return explain(error, surroundings);
  }
}

function commandLine({ out, err }: Surroundings): Command {
  return new Command("lossbound")
    .description(
      "Checks what a Redis-family store really loses: kills it, starts it again, and verifies what comes back against what was promised.",
    )
    .version(ownVersion(), "-V, --version", "print the version")
    .configureOutput({
      writeOut: (text) => out.stream.write(text),
      writeErr: (text) => err.stream.write(text),
      getOutHelpWidth: () => out.columns,
    })
    .usage("<verb> [options]")
    .helpCommand("help [verb]", "show the help of a verb")
    .addHelpText("after", examples);
}

const examples = `
Examples:
  lossbound run                    every way to be killed, on the bundled store, in a few minutes
  lossbound run kill/random --target /usr/bin/redis-server --preset everysec
  lossbound list presets
  lossbound doctor                 what this machine can do

Exit codes: 0 held, 1 violated, 2 wrong usage, 3 this machine cannot, 4 nothing selected, 5 not known, 130 interrupted
`;

/** Verbs throw instead of ending the process, as the program does. */
function inheritSettings(program: Command): void {
  for (const command of [program, ...program.commands]) command.exitOverride();
}

function explain(error: unknown, { err }: Surroundings): ExitCode {
  // Commander has said it already; its own codes are 0 for help and version, and 1 for every mistake.
  if (error instanceof CommanderError)
    return error.exitCode === 0 || error.code === "commander.help" ? 0 : exitCodes.usage;
  if (error instanceof Exit) return said(error.message, error.code);
  if (error instanceof BadFile || error instanceof UnknownName || error instanceof BadBundle)
    return said(error.message, exitCodes.usage);
  if (error instanceof TargetUnavailable || error instanceof VolumeUnavailable)
    return said(error.message, exitCodes.unable);
  const trouble = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return said(`this is a fault of lossbound itself, please report it:\n${trouble}`, exitCodes.inconclusive);

  function said(message: string, code: ExitCode): ExitCode {
    err.stream.write(`${message}\n`);
    return code;
  }
}
