/** `lossbound run`: scenarios, groups or files, judged. What happens then is `run-all.ts`. */
import { type Command, Option } from "commander";
import type { ExitCode } from "./exit.ts";
import { runAll } from "./run-all.ts";
import { claimsAmong, runClaims } from "./run-claims.ts";
import { addRunOptions, type RunOptions } from "./run-options.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Verb } from "./verb.ts";

export const run: Verb = {
  name: "run",
  add(program: Command, surroundings: Surroundings, ends: (code: ExitCode) => void): void {
    const command = program
      .command("run")
      .summary("run scenarios and judge what comes back")
      .description(
        "Runs scenarios (names, groups or files; none: the group smoke) with the budget each names, and judges what comes back against what the preset promises.",
      )
      .argument("[scenario...]", "scenarios, groups or YAML files (default: smoke)");
    addRunOptions(command)
      .addOption(new Option("--scope <who>", "who dies: the store, or its children too").choices(["process", "tree"]))
      .addOption(new Option("--recovery <where>", "where it starts again").choices(["copy", "in-place"]))
      .addHelpText("after", examples)
      .action(async (names: string[], options: RunOptions) => {
        const claims = claimsAmong(names, surroundings);
        ends(
          claims === undefined
            ? await runAll(names.length > 0 ? names : ["smoke"], options, surroundings)
            : await runClaims(claims, options, surroundings),
        );
      });
  },
};

const examples = `
Examples:
  lossbound run                                          the group smoke, on the bundled store
  lossbound run kill/random --target /usr/bin/redis-server --preset always --runs 50
  lossbound run my-night.yaml --reporter junit=night.xml --json > outcome.json
  lossbound run kill/saver --seed quiet-harbour          the same choices as last time
  lossbound run claims                                   what is commonly said of persistence, measured
`;
