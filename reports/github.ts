/**
 * What GitHub shows of a run: a summary of the step, in Markdown, and annotations beside it.
 *
 *     $GITHUB_STEP_SUMMARY   the verdict, a table of the runs, each finding folded away: at most 1 MiB, or it is refused whole
 *     ::error title=…::…     at most ten of a kind are shown for a step
 *
 * Both are limits of GitHub's. What does not fit is counted, and the outcome has it.
 */
import { fenced, inlineCode, prose, table } from "./markdown.ts";
import { bySuite, type Finding, type Run } from "./outcome.ts";
import { paintOf } from "./paint.ts";
import type { Report, Reporter } from "./reporter.ts";
import { confidence, trials, verdictSentence } from "./sentence.ts";
import { storyOf } from "./story.ts";
import { history } from "./text-failure.ts";
import { counted, grouped, harmless, inTime } from "./words.ts";

/** A little less than 1 MiB: other steps of a job may write to the same file. */
export const summaryBytesMax = 1_000_000;
export const annotationsOfAKindMax = 10;

const marks = { held: "✅", violated: "❌", unknown: "❓" } as const;

export const github: Reporter = {
  name: "github",
  what: "a summary of the step for GitHub Actions, in Markdown",
  render(report) {
    const { outcome } = report;
    const parts = [
      [`## ${marks[outcome.verdict]} lossbound: ${prose(verdictSentence(report))}`, "", prose(confidence(outcome))],
      expected(report),
      runTable(outcome.runs),
      [
        `${[trials(outcome), `${counted(outcome.statistics.crashStates, "crash state")} judged`, inTime(outcome.durationMs)].filter((part) => part !== "").join(", ")}, seed ${inlineCode(outcome.seed)}`,
      ],
    ];
    const found = outcome.runs.flatMap((run) => run.findings.map((finding) => folded(run, finding)));
    return `${withinLimit(
      parts.flatMap((part) => [...part, ""]),
      found,
    )}\n`;
  },
};

function expected({ expectations }: Report): string[] {
  return expectations.map(
    ({ met, of, wanted, found }) =>
      `- ${met ? "✓" : "✗"} ${prose(`${of.scenario} · ${of.preset}`)}: ${inlineCode(wanted)}, found ${prose(found)}`,
  );
}

function runTable(runs: readonly Run[]): string[] {
  const rows = bySuite(runs).flatMap((suite) =>
    suite.map((run) => [
      `${marks[run.verdict]} ${run.verdict === "unknown" ? "not known" : run.verdict}`,
      prose(run.scenario),
      prose(run.preset),
      prose(run.target),
      grouped(run.crashStates.judged),
      run.loss.ackedMax === 0 ? "nothing" : `${counted(run.loss.ackedMax, "call")}, ${inTime(run.loss.ageMsMax)}`,
      inTime(run.recovery.msMedian),
      prose(run.why ?? ""),
    ]),
  );
  if (rows.length === 0) return [];
  return table(["verdict", "scenario", "preset", "target", "judged", "lost at worst", "recovery", ""], rows);
}

function folded(run: Run, finding: Finding): string {
  const { kind, level, known, message, evidence, replay, fingerprint } = finding;
  const story = storyOf(evidence);
  const calls = story.calls.length === 0 ? [] : history(finding, story, paintOf(false), 140);
  const title = `${known ? "known: " : ""}${kind} in ${run.scenario} with ${run.preset} (${level})`;
  return [
    `<details><summary>${escapedHtml(title)}</summary>`,
    "",
    prose(message),
    "",
    ...(calls.length === 0 ? [] : [...fenced(calls, "text"), ""]),
    ...(replay === "" ? [] : [...fenced([replay], "sh"), ""]),
    `fingerprint ${inlineCode(fingerprint)}`,
    "",
    "</details>",
    "",
  ].join("\n");
}

/** As many findings as fit; of the rest it is said how many there are. */
function withinLimit(lines: readonly string[], findings: readonly string[]): string {
  const room = summaryBytesMax - 200;
  let text = "";
  let cut = 0;
  for (const part of [...lines.map((line) => `${line}\n`), ...findings.map((finding) => `${finding}\n`)]) {
    if (cut > 0 || Buffer.byteLength(text) + Buffer.byteLength(part) > room) cut++;
    else text += part;
  }
  return cut === 0
    ? text.trimEnd()
    : `${text}\n… ${counted(cut, "part")} left out to stay within GitHub's limit; the outcome has all of it.`;
}

function escapedHtml(text: string): string {
  return harmless(text).replace(/[&<>@#]/g, (character) => `&#${character.charCodeAt(0)};`);
}

// ── Annotations ───────────────────────────────────────────────────────────────────────────────────────────────────

/** Workflow commands, a line each: errors for what fails, warnings for what is not known, notices for what is known. */
export function annotations({ outcome, expectations }: Report): string {
  const of = (run: Pick<Run, "scenario" | "preset">) => `${run.scenario} with ${run.preset}`;
  const failing = outcome.runs.flatMap((run) =>
    run.verdict !== "violated"
      ? []
      : run.findings
          .filter(({ known }) => !known)
          .map(({ kind, message, replay }) => [`${kind} in ${of(run)}`, `${message}\n${replay}`] as const),
  );
  const missed = expectations
    .filter(({ met }) => !met)
    .map((each) => [`expectation missed in ${of(each.of)}`, `expected ${each.wanted}, found ${each.found}`] as const);
  const unknown = outcome.runs
    .filter(({ verdict }) => verdict === "unknown")
    .map((run) => [`not known: ${of(run)}`, run.why ?? ""] as const);
  const known = outcome.runs.flatMap((run) =>
    run.findings
      .filter((finding) => finding.known)
      .map(({ kind, message }) => [`known: ${kind} in ${of(run)}`, message] as const),
  );
  return [
    ...commands("error", [...failing, ...missed]),
    ...commands("warning", unknown),
    ...commands("notice", known),
  ].join("");
}

/** The last one that is shown speaks for those that are not. */
function commands(kind: string, notes: readonly (readonly [title: string, message: string])[]): string[] {
  const shown = notes.length <= annotationsOfAKindMax ? notes : notes.slice(0, annotationsOfAKindMax - 1);
  const rest = notes.length - shown.length;
  const all = rest === 0 ? shown : [...shown, [`${rest} more`, "the outcome has all of them"] as const];
  return all.map(([title, message]) => `::${kind} title=${property(title)}::${data(message)}\n`);
}

const data = (text: string) =>
  text.split("\n").map(harmless).join("\n").replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
const property = (text: string) => data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
