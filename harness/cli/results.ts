/**
 * Where results are kept:
 *
 *     results/
 *       ├─ history.jsonl                    a line for every run, for triage
 *       ├─ latest → smoke/2026-11-22T09-00-00Z
 *       └─ smoke/                           what was run
 *            ├─ latest → 2026-11-22T09-00-00Z
 *            └─ 2026-11-22T09-00-00Z/       when
 *                 ├─ outcome.json           replaced after every run, so that a killed night leaves what it had
 *                 ├─ detail.json            what the page draws
 *                 ├─ report.html            the page, once `lossbound report` was asked for it
 *                 └─ bundles/               a finding each, for `lossbound replay`
 */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import type { Detail } from "../../reports/detail.ts";
import { json } from "../../reports/json.ts";
import { nightOf, readNights, type Trials } from "../../reports/nights.ts";
import { type Outcome, outcomeSchema } from "../../reports/outcome.ts";
import { plain } from "../../reports/reporter.ts";
import { Exit, exitCodes } from "./exit.ts";

export const outcomeName = "outcome.json";
const nightsName = "history.jsonl";
export const detailName = "detail.json";
const timeName = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ(-\d+)?$/;

export class Results {
  readonly dir: string;
  readonly bundlesDir: string;
  readonly outcomeFile: string;

  /** @param dir as the user would type it */
  private constructor(dir: string) {
    this.dir = dir;
    this.bundlesDir = path.join(dir, "bundles");
    this.outcomeFile = path.join(dir, outcomeName);
  }

  /**
   * Makes the folder of one command.
   * @throws Exit when nothing can be written there: before anything is started
   */
  static begin(outDir: string, what: string, startedAt: Date): Results {
    const whatDir = path.join(outDir, what.replaceAll(/[^A-Za-z0-9.-]+/g, "-").slice(0, 80));
    try {
      mkdirSync(whatDir, { recursive: true });
      const results = new Results(path.join(whatDir, makeTimed(whatDir, startedAt)));
      mkdirSync(results.bundlesDir);
      return results;
    } catch (error) {
      throw new Exit(exitCodes.usage, `results cannot be written to ${outDir}: ${(error as Error).message}`);
    }
  }

  /** From the first write on the links point here: they never lead to a folder without an outcome. */
  write(outcome: Outcome): void {
    replaceFile(
      this.outcomeFile,
      json.render({ outcome, expectations: [], outcomeFile: "", interrupted: false }, plain),
    );
    const whatDir = path.dirname(this.dir);
    pointAt(path.join(whatDir, "latest"), path.basename(this.dir));
    pointAt(path.join(path.dirname(whatDir), "latest"), path.join(path.basename(whatDir), path.basename(this.dir)));
    // After it is on disk: a night is not lost because we broke our own contract, and neither is the news of it.
    outcomeSchema.parse(outcome);
  }

  /** Written once, at the end. */
  writeDetail(detail: Detail): void {
    replaceFile(path.join(this.dir, detailName), `${JSON.stringify(detail)}\n`);
  }

  /** One line more in the history of nights, which triage reads. @param trials in the order of the runs */
  appendNight(outcome: Outcome, trials: readonly Trials[]): void {
    const whatDir = path.dirname(this.dir);
    const night = nightOf(outcome, path.basename(whatDir), this.outcomeFile, trials);
    appendFileSync(path.join(path.dirname(whatDir), nightsName), `${JSON.stringify(night)}\n`);
  }

  /** Of `lossbound compare`: the document and its page. */
  writeComparison(document: string, page: string): void {
    replaceFile(path.join(this.dir, "comparison.json"), document);
    replaceFile(path.join(this.dir, "report.html"), page);
    pointAt(path.join(path.dirname(this.dir), "latest"), path.basename(this.dir));
  }

  /** Nothing came of it: leaves no folder behind that looks like a result. */
  abandon(): void {
    rmSync(this.dir, { recursive: true });
  }

  /** Removes the oldest results of the same kind, and nothing that is not a result. */
  retain(count: number): void {
    const whatDir = path.dirname(this.dir);
    const older = readdirSync(whatDir)
      .filter((name) => timeName.test(name))
      .sort(byTime)
      .slice(0, -count);
    for (const name of older) rmSync(path.join(whatDir, name), { recursive: true });
  }
}

/**
 * The nights beside a result, up to that one.
 * @param dir of the result
 * @returns also how many lines are torn or of another version, and left out
 */
export function nightsUpTo(dir: string, startedAt: string): ReturnType<typeof readNights> & { readonly file: string } {
  const file = path.join(realpathSync(dir), "../..", nightsName);
  if (!existsSync(file)) return { nights: [], unread: 0, file };
  const { nights, unread } = readNights(readFileSync(file, "utf8"));
  return { nights: nights.filter((night) => night.startedAt <= startedAt), unread, file };
}

function replaceFile(file: string, text: string): void {
  writeFileSync(`${file}.tmp`, text);
  renameSync(`${file}.tmp`, file);
}

/** `2026-11-22T09-00-00Z`; the second one of a second gets `-2`. */
function makeTimed(whatDir: string, startedAt: Date): string {
  const time = startedAt
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replaceAll(":", "-");
  for (let count = 1; ; count++) {
    const name = count === 1 ? time : `${time}-${count}`;
    try {
      mkdirSync(path.join(whatDir, name));
      return name;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

function byTime(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

/** In one step: whoever looks finds the old link or the new one. */
function pointAt(link: string, target: string): void {
  const temporary = `${link}.${process.pid}`;
  rmSync(temporary, { force: true });
  symlinkSync(target, temporary);
  renameSync(temporary, link);
}
