/**
 * What the page is given: the outcome and its detail, cut down to what a screen can show. Neighbouring crash points are
 * put together in one cell where there are too many (never dropped: the counts of a cell add up), and of a finding's
 * evidence only the story stays.
 *
 *     outcome.json ─┐
 *                   ├─ pageData ─▶ inert JSON in the page ─▶ app/main.tsx draws it
 *     detail.json ──┘
 */
import type { Comparison } from "../comparison.ts";
import type { CallFate, CrashCell, CrashMapRow, Detail, RunDetail, Timeline } from "../detail.ts";
import { detailOf } from "../detail.ts";
import type { Finding, Outcome, Run, VerdictName } from "../outcome.ts";
import type { Expectation, Report } from "../reporter.ts";
import { confidence, verdictSentence } from "../sentence.ts";
import { type Story, storyOf } from "../story.ts";

export interface PageData {
  readonly outcome: Omit<Outcome, "runs">;
  readonly sentence: string;
  readonly confidence: string;
  readonly expectations: readonly Expectation[];
  readonly interrupted: boolean;
  readonly runs: readonly PageRun[];
}

/** What the app draws: a result, or a comparison. */
export type PageContent = PageData | { readonly comparison: Comparison };

export type PageFinding = Omit<Finding, "evidence"> & { readonly story: Story };

export interface PageRun extends Omit<Run, "findings"> {
  readonly findings: readonly PageFinding[];
  /** Absent when the result has no detail of this run. */
  readonly detail?: PageDetail;
}

export interface PageDetail extends Pick<RunDetail, "durationMs" | "stretches" | "timelines"> {
  readonly crashMap: readonly PageRow[];
  /** A histogram: how much of the crashes lost acks of that age. Crashes that lost nothing are counted apart. */
  readonly losses: { readonly nothing: number; readonly bins: readonly LossBin[] };
  readonly recoveriesMs: readonly number[];
}

export interface PageRow extends Pick<CrashMapRow, "name" | "kind"> {
  readonly cells: readonly PageCell[];
}

/** One or more crash points next to each other: what is said of place and time is that of the worst of them. */
export interface PageCell extends CrashCell {
  readonly verdict: VerdictName;
  readonly points: number;
  readonly untilMs: number;
}

export interface LossBin {
  readonly fromMs: number;
  readonly toMs: number;
  readonly weight: number;
}

export type PageTimeline = Timeline;
export type { CallFate };

/** Cells of a row: at three points each they fill a screen. */
const cellsMax = 320;
const lossBins = 40;
const recoveriesMax = 400;
/** Of one timeline; more lines than that are a smear. */
const callsMax = 4_000;
const findingsMax = 50;

export function pageData(report: Report): PageData {
  const { runs, ...outcome } = report.outcome;
  return {
    outcome,
    sentence: verdictSentence(report),
    confidence: confidence(report.outcome),
    expectations: report.expectations,
    interrupted: report.interrupted,
    runs: runs.map((run) => pageRun(run, report.detail)),
  };
}

function pageRun({ findings, ...run }: Run, detail: Detail | undefined): PageRun {
  const own = detailOf(detail, run);
  return {
    ...run,
    findings: findings
      .slice(0, findingsMax)
      .map(({ evidence, ...finding }) => ({ ...finding, story: storyOf(evidence) })),
    ...(own !== undefined && { detail: pageDetail(own) }),
  };
}

function pageDetail({ durationMs, stretches, timelines, crashMap, losses, recoveries }: RunDetail): PageDetail {
  return {
    durationMs,
    stretches,
    timelines: timelines.map(thinned),
    crashMap: crashMap.map(({ name, kind, cells }) => ({ name, kind, cells: binned(cells, cellsMax) })),
    losses: histogram(losses),
    recoveriesMs: evenly(
      recoveries.map(({ ms }) => ms).sort((one, other) => one - other),
      recoveriesMax,
    ),
  };
}

/** At most `max` cells, each of as many neighbours as the others: nothing is lost, and the worst is what shows. */
export function binned(cells: readonly CrashCell[], max: number): PageCell[] {
  const perBin = Math.max(1, Math.ceil(cells.length / max));
  const bins: PageCell[] = [];
  for (let first = 0; first < cells.length; first += perBin) bins.push(together(cells.slice(first, first + perBin)));
  return bins;
}

function together(cells: readonly CrashCell[]): PageCell {
  const total = (of: (cell: CrashCell) => number) => cells.reduce((sum, cell) => sum + of(cell), 0);
  const worst = cells.reduce((most, cell) => (rank(cell) > rank(most) ? cell : most));
  const fingerprints = [...new Set(cells.flatMap((cell) => cell.fingerprints))];
  return {
    ...worst,
    held: total(({ held }) => held),
    violated: total(({ violated }) => violated),
    unknown: total(({ unknown }) => unknown),
    lossAgeMs: Math.max(...cells.map(({ lossAgeMs }) => lossAgeMs)),
    ackedLost: Math.max(...cells.map(({ ackedLost }) => ackedLost)),
    fingerprints,
    verdict: worst.violated > 0 ? "violated" : worst.unknown > 0 ? "unknown" : "held",
    points: cells.length,
    untilMs: (cells.at(-1) ?? worst).atMs,
  };
}

function rank({ violated, unknown }: CrashCell): number {
  return violated > 0 ? 2 : unknown > 0 ? 1 : 0;
}

function histogram(losses: RunDetail["losses"]): PageDetail["losses"] {
  const some = losses.filter(({ ageMs }) => ageMs > 0);
  const sum = (of: RunDetail["losses"]) => of.reduce((total, { weight }) => total + weight, 0);
  const nothing = sum(losses.filter(({ ageMs }) => ageMs === 0));
  const topMs = some.reduce((most, { ageMs }) => Math.max(most, ageMs), 0);
  const widthMs = topMs / lossBins;
  const weights = new Float64Array(lossBins);
  for (const { ageMs, weight } of some) {
    const bin = Math.min(lossBins - 1, Math.floor(ageMs / widthMs));
    weights[bin] = (weights[bin] ?? 0) + weight;
  }
  const bins = [...weights].map((weight, bin) => ({ fromMs: bin * widthMs, toMs: (bin + 1) * widthMs, weight }));
  return { nothing, bins: topMs === 0 ? [] : bins.filter(({ weight }) => weight > 0) };
}

/** As many of the sorted values as are wanted, the first and the last among them. */
function evenly(sorted: readonly number[], max: number): number[] {
  if (sorted.length <= max) return [...sorted];
  return Array.from({ length: max }, (_, index) => sorted[Math.round((index * (sorted.length - 1)) / (max - 1))] ?? 0);
}

/** The calls nearest to the cut are those that matter. */
function thinned(timeline: Timeline): Timeline {
  const all = timeline.clients
    .flatMap(({ calls }) => calls.map(({ sentMs }) => sentMs))
    .sort((one, other) => one - other);
  if (all.length <= callsMax && timeline.disk.length <= callsMax) return timeline;
  const fromMs = Math.max(timeline.fromMs, all.at(-callsMax) ?? 0);
  return {
    ...timeline,
    fromMs,
    clients: timeline.clients.map(({ name, calls }) => ({
      name,
      calls: calls.filter(({ sentMs }) => sentMs >= fromMs),
    })),
    disk: timeline.disk.filter(({ toMs }) => toMs >= fromMs).slice(-callsMax),
  };
}
