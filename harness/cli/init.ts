/** `lossbound init`: a scenario and a CI workflow in somebody's project. What is there already is never touched. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Command } from "commander";
import { ownVersion } from "../package.ts";
import { targetKindOf } from "../targets/targets.ts";
import { Exit, type ExitCode, exitCodes } from "./exit.ts";
import { filesOf, type NewFile } from "./init-files.ts";
import { wholeNumber } from "./options.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Verb } from "./verb.ts";

interface InitOptions {
  readonly target: string;
  readonly preset: string;
  readonly dir: string;
  readonly shards: number;
}

export const init: Verb = {
  name: "init",
  add(program: Command, surroundings: Surroundings, ends: (code: ExitCode) => void): void {
    program
      .command("init")
      .summary("a scenario and a nightly workflow for your project")
      .description(
        "Writes a scenario (lossbound/night.yaml) and a workflow for GitHub Actions that runs it every night (.github/workflows/lossbound.yml). A file that is there already stays as it is.",
      )
      .option("--target <store>", "the store to test: bundled, the path of an executable, or docker:IMAGE", "bundled")
      .option("--preset <name>", "the config to judge", "everysec")
      .option("--shards <n>", "machines that share a night: a workflow with a matrix", wholeNumber, 1)
      .option("--dir <dir>", "the project's folder", ".")
      .addHelpText("after", examples)
      .action(({ target, preset, dir, shards }: InitOptions) => {
        const { out, catalogue } = surroundings;
        // Asked now: what is written must run.
        targetKindOf(target);
        const { name } = catalogue.preset(preset);
        const written = filesOf({ target, preset: name, version: ownVersion(), shards }).map((file) =>
          writeNew(dir, file),
        );
        out.stream.write(`${[...written, "", "next: npx lossbound run lossbound/night.yaml --runs 3"].join("\n")}\n`);
        ends(exitCodes.held);
      });
  },
};

const examples = `
Examples:
  lossbound init                                         for the bundled store, to have a look
  lossbound init --target /usr/bin/redis-server --preset always
  lossbound init --target docker:redis:7.0
  lossbound init --shards 4                              a night on four machines
`;

/** @returns what became of it, for the user */
function writeNew(dir: string, { path: name, text }: NewFile): string {
  const file = path.join(dir, name);
  if (existsSync(file)) return `left      ${file}: it is there already`;
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text, { flag: "wx" });
  } catch (error) {
    throw new Exit(exitCodes.usage, `${file} was not written: ${(error as Error).message}`);
  }
  return `wrote     ${file}`;
}
