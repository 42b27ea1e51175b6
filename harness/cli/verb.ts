/** The contract of a verb: it adds itself to the command line, and ends with an exit code or an `Exit`. */
import type { Command } from "commander";
import type { ExitCode } from "./exit.ts";
import type { Surroundings } from "./surroundings.ts";

export interface Verb {
  readonly name: string;
  /** @param ends takes the exit code of what the verb did */
  add(program: Command, surroundings: Surroundings, ends: (code: ExitCode) => void): void;
}
