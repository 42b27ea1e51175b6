/** `lossbound report`: the page of a result, written beside it. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import type { Command } from "commander";
import { html } from "../../reports/html.ts";
import { plain } from "../../reports/reporter.ts";
import { Exit, type ExitCode, exitCodes } from "./exit.ts";
import { readResult } from "./read-result.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Verb } from "./verb.ts";

interface ReportOptions {
  readonly to?: string;
  readonly open?: true;
}

export const report: Verb = {
  name: "report",
  add(program: Command, surroundings: Surroundings, ends: (code: ExitCode) => void): void {
    program
      .command("report")
      .summary("write the page of a result")
      .description(
        "Writes the page of a result: one HTML file without a request to anywhere, to be opened in a browser or sent to a colleague. Says where it is.",
      )
      .argument("[results]", "the folder of a result, or of results: then the latest", "results")
      .option("--to <file>", "where the page goes (default: report.html beside the outcome)")
      .option("--open", "open it in the browser of this desktop")
      .addHelpText("after", examples)
      .action((results: string, { to, open }: ReportOptions) => {
        const { dir, report: what } = readResult(results);
        const file = to ?? path.join(dir, "report.html");
        try {
          writeFileSync(file, html.render(what, plain));
        } catch (error) {
          throw new Exit(exitCodes.usage, `${file} was not written: ${(error as Error).message}`);
        }
        surroundings.out.stream.write(`${file}\n`);
        if (open === true) openOnDesktop(file, surroundings);
        ends(exitCodes.held);
      });
  },
};

const examples = `
Examples:
  lossbound report                                       the latest result
  lossbound report results/smoke/2026-11-22T09-00-00Z --to /tmp/night.html
`;

/** What is missing is told; the page is there all the same. */
function openOnDesktop(file: string, { err }: Surroundings): void {
  const opener = spawn("xdg-open", [file], { stdio: "ignore", detached: true });
  opener.on("error", (error) => err.stream.write(`it cannot be opened from here: ${error.message}\n`));
  opener.unref();
}
