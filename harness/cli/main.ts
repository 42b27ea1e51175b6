#!/usr/bin/env node
/**
 * The `lossbound` command: hands the process's streams, signals and engine to the verbs, and ends with their exit code.
 *
 * Ctrl-C asks the engine to end: it kills its stores, what was found is written, and the code is 130. A second Ctrl-C
 * does not wait; what is then left behind is swept by the next start.
 */
import { Catalogue } from "../../scenarios/catalogue.ts";
import { replayBundle } from "../replay.ts";
import { runScenario } from "../run.ts";
import { exitCodes } from "./exit.ts";
import { askForVolume } from "./left-out.ts";
import { main } from "./program.ts";
import type { Channel } from "./surroundings.ts";

const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (interruption.signal.aborted) process.exit(exitCodes.interrupted);
    process.stderr.write("\nending: the stores are stopped and what was found is written (again to end at once)\n");
    interruption.abort();
  });
}

// A reader that has seen enough (`lossbound run | head`) is no reason to lose a night: results are in files too.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

function channel(stream: NodeJS.WriteStream): Channel {
  // `isTTY` is missing, not false, on a pipe.
  return { stream, isTerminal: stream.isTTY === true, columns: stream.columns || 100 };
}

process.exitCode = await main(process.argv.slice(2), {
  catalogue: new Catalogue(),
  runScenario,
  replayBundle,
  askForVolume,
  out: channel(process.stdout),
  err: channel(process.stderr),
  environment: process.env,
  now: () => new Date(),
  interruption: interruption.signal,
});
