/**
 * `lossbound report`: the page of a result, written beside it, and what is new in it; or the crash report of a bundle, as
 * Markdown on stdout.
 */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import type { Command } from "commander";
import { html } from "../../reports/html.ts";
import { type Night, triage } from "../../reports/nights.ts";
import { plain } from "../../reports/reporter.ts";
import { harmless } from "../../reports/words.ts";
import { bundleExtension } from "../bundle/bundle.ts";
import { crashReport } from "../bundle/crash-report.ts";
import { readBundle } from "../bundle/read-bundle.ts";
import { Exit, type ExitCode, exitCodes } from "./exit.ts";
import { readResult } from "./read-result.ts";
import { nightsUpTo } from "./results.ts";
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
      .summary("write the page of a result, or a crash report of a bundle")
      .description(
        "Writes the page of a result: one HTML file without a request to anywhere, to be opened in a browser or sent to a colleague. Says where it is, and what its findings are beside the nights before: new, regressed, ongoing, known, resolved. Of a bundle it writes a crash report instead: Markdown for an issue tracker, secrets of the config left out.",
      )
      .argument(
        "[results|bundle]",
        "the folder of a result, or of results: then the latest; or NAME.lossbound",
        "results",
      )
      .option("--to <file>", "where it goes (default: report.html beside the outcome; a crash report: stdout)")
      .option("--open", "open it in the browser of this desktop")
      .addHelpText("after", examples)
      .action(async (results: string, { to, open }: ReportOptions) => {
        if (results.endsWith(bundleExtension)) {
          const text = crashReport(await readBundle(results), results);
          if (to === undefined) surroundings.out.stream.write(text);
          else writeTo(to, text);
          ends(exitCodes.held);
          return;
        }
        const { dir, report: what } = readResult(results);
        const file = to ?? path.join(dir, "report.html");
        const { nights, unread, file: nightsFile } = nightsUpTo(dir, what.outcome.startedAt);
        writeTo(file, html.render({ ...what, nights }, plain));
        surroundings.out.stream.write(`${file}\n`);
        if (unread > 0) {
          const { stream } = surroundings.err;
          stream.write(`${nightsFile}: ${unread} lines are torn or of another version, and left out\n`);
        }
        tellTriage(nights, surroundings);
        if (open === true) openOnDesktop(file, surroundings);
        ends(exitCodes.held);
      });
  },
};

const examples = `
Examples:
  lossbound report                                       the latest result
  lossbound report results/smoke/2026-11-22T09-00-00Z --to /tmp/night.html
  lossbound report results/latest/bundles/kill-random-always-3.lossbound > issue.md
`;

function writeTo(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new Exit(exitCodes.usage, `${file} was not written: ${(error as Error).message}`);
  }
}

/** What was found, beside the nights before. */
function tellTriage(nights: readonly Night[], { out }: Surroundings): void {
  for (const { state, fingerprint, scenario, preset, target, firstSeen } of triage(nights)) {
    const since = state === "new" ? "" : `, first seen ${firstSeen.slice(0, 10)}`;
    out.stream.write(
      harmless(`${state.padEnd(10)}${fingerprint}  ${scenario} · ${preset} · ${target}${since}`).concat("\n"),
    );
  }
}

/** What is missing is told; the page is there all the same. */
function openOnDesktop(file: string, { err }: Surroundings): void {
  const opener = spawn("xdg-open", [file], { stdio: "ignore", detached: true });
  opener.on("error", (error) => err.stream.write(`it cannot be opened from here: ${error.message}\n`));
  opener.unref();
}
