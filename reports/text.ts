/**
 * What a person reads in a terminal: a line for each run, the whole story of each that failed, the thresholds, and at
 * the end, where the eye is, the verdict, the seed and the next command.
 *
 *     kill/random on bundled              judged  acked    lost at worst   permitted   recovery
 *       ✓ everysec                            8   12,034   nothing         2.3 s       85 ms
 *       ✗ always                              8    9,120   3 calls, 12 ms  nothing     81 ms
 *     …
 *     Violated: always broke its promise in kill/random.
 */
import Table from "cli-table3";
import { durableInWords } from "./durable-words.ts";
import { bySuite, type Run } from "./outcome.ts";
import { mark, type Paint, paintOf } from "./paint.ts";
import type { Expectation, Report, Reporter, Style } from "./reporter.ts";
import { confidence, trials, verdictSentence } from "./sentence.ts";
import { failure } from "./text-failure.ts";
import { counted, grouped, harmless, inTime, wrapped } from "./words.ts";

export const text: Reporter = {
  name: "text",
  what: "what a person reads in a terminal",
  render(report, style) {
    const paint = paintOf(style.colour);
    const { outcome, expectations } = report;
    const told = new Set<string>();
    const failures = outcome.runs.map((run) => failure(run, told, paint, style.columns)).filter((part) => part !== "");
    const thresholds = expectations.map((expectation) => threshold(expectation, paint));
    const parts = [
      table(outcome.runs, paint),
      failures.join("\n\n"),
      thresholds.length > 0 ? ["expected", ...thresholds].join("\n") : "",
      unknowns(outcome.runs, style.columns),
      totals(report, paint, style),
    ];
    return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
  },
};

// ── One line a run ────────────────────────────────────────────────────────────────────────────────────────────────

const borders = [
  "top",
  "top-mid",
  "top-left",
  "top-right",
  "bottom",
  "bottom-mid",
  "bottom-left",
  "bottom-right",
].concat(["left", "left-mid", "mid", "mid-mid", "right", "right-mid", "middle"]);
const noBorders = Object.fromEntries(borders.map((name) => [name, ""]));

function table(runs: readonly Run[], paint: Paint): string {
  if (runs.length === 0) return "";
  const drawn = new Table({
    chars: noBorders,
    style: { "padding-left": 0, "padding-right": 3, head: [], border: [] },
    colAligns: ["left", "right", "right", "left", "left", "left"],
  });
  const heads = ["judged", "acked", "lost at worst", "permitted", "recovery"].map((head) => paint.dim(head));
  for (const [index, suite] of bySuite(runs).entries()) {
    const title = paint.bold(`${harmless(suite[0].scenario)} on ${harmless(suite[0].target)}`);
    drawn.push([title, ...(index === 0 ? heads : heads.map(() => ""))], ...suite.map((run) => row(run, paint)));
  }
  return drawn
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

function row(run: Run, paint: Paint): string[] {
  return [
    `  ${mark(run.verdict, paint)} ${harmless(run.preset)}`,
    grouped(run.crashStates.judged),
    grouped(run.calls.acked),
    lost(run),
    permitted(run),
    run.recovery.refusals > 0 ? `refused ${grouped(run.recovery.refusals)}×` : inTime(run.recovery.msMedian),
  ];
}

function lost({ loss, crashStates }: Run): string {
  if (crashStates.judged === 0) return "not measured";
  return loss.ackedMax === 0 ? "nothing" : `${counted(loss.ackedMax, "call")}, ${inTime(loss.ageMsMax)}`;
}

/** The bound that fails a run: that of the source. The documented one stands in the story of a failure. */
function permitted({ promises }: Run): string {
  const bound = promises.find(({ level }) => level === "source");
  if (bound === undefined) return "–";
  if (bound.boundMs === null) return "no bound in time";
  return bound.boundMs === 0 ? "nothing" : inTime(bound.boundMs);
}

// ── Thresholds, reasons, totals ───────────────────────────────────────────────────────────────────────────────────

function threshold({ met, of, wanted, found }: Expectation, paint: Paint): string {
  return `  ${mark(met ? "held" : "violated", paint)} ${harmless(`${of.scenario} · ${of.preset}`)}  ${wanted}: ${found}`;
}

function unknowns(runs: readonly Run[], columns: number): string {
  const reasons = runs.filter(({ verdict }) => verdict === "unknown");
  const lines = reasons.flatMap((run) => {
    const [first = "", ...rest] = wrapped(harmless(`${run.scenario} · ${run.preset}: ${run.why ?? ""}`), columns - 4);
    return [`  ? ${first}`, ...rest.map((line) => `    ${line}`)];
  });
  return lines.length === 0 ? "" : ["not known", ...lines].join("\n");
}

function totals(report: Report, paint: Paint, style: Style): string {
  const { outcome, interrupted } = report;
  const { crashStates } = outcome.statistics;
  const acked = outcome.runs.reduce((sum, run) => sum + run.calls.acked, 0);
  const did = [
    trials(outcome),
    `${counted(crashStates, "crash state")} judged`,
    counted(acked, "acked call"),
    inTime(outcome.durationMs),
  ].filter((part) => part !== "");
  const sentence = verdictSentence(report);
  const colour = { held: paint.green, violated: paint.red, unknown: paint.yellow }[outcome.verdict];
  return [
    ...(interrupted ? [paint.yellow("Interrupted: this is what was found so far.")] : []),
    ...wrapped(sentence, style.columns).map((line) => paint.bold(colour(line))),
    ...wrapped(confidence(outcome), style.columns),
    "",
    `${paint.dim("did")}      ${did.join(", ")}`,
    ...explored(outcome.runs).map((line) => `${paint.dim("power")}    ${line}`),
    ...durable(outcome.runs).map((line) => `${paint.dim("durable")}  ${line}`),
    `${paint.dim("seed")}     ${harmless(outcome.seed)}`,
    `${paint.dim("outcome")}  ${harmless(report.outcomeFile)}`,
  ].join("\n");
}

/** Of power cuts: what was judged by starting the store, and what by an index of its log. */
function explored(runs: readonly Run[]): string[] {
  const cuts = runs.filter(({ fault }) => fault === "power-cut").map(({ crashStates }) => crashStates);
  if (cuts.length === 0) return [];
  const total = (of: (states: Run["crashStates"]) => number) => cuts.reduce((sum, states) => sum + of(states), 0);
  const byIndex = total(({ judgedByIndex = 0 }) => judgedByIndex);
  const byBoot = total(({ judged }) => judged) - byIndex;
  const starts = counted(
    total(({ booted }) => booted),
    "start",
  );
  return [`${grouped(byBoot)} judged by ${starts} of the store, ${grouped(byIndex)} by the index of its log`];
}

/** Of power cuts: when acked calls were safe, a line for each run in which that was measured. */
function durable(runs: readonly Run[]): string[] {
  const measured = runs.flatMap((run) => {
    const words = durableInWords(run);
    return words === "" ? [] : [{ preset: harmless(run.preset), words }];
  });
  return measured.map(({ preset, words }) => (measured.length > 1 ? `${preset}: ${words}` : words));
}
