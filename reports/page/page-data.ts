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
import { binned, type CellVerdict, verdictOfCell } from "../crash-cells.ts";
import type { CallFate, CrashCell, CrashMapRow, Detail, DiskFate, RunDetail, Stretch, Timeline } from "../detail.ts";
import { detailOf } from "../detail.ts";
import { type Night, type TrendPoint, type Triaged, trendOf, triage } from "../nights.ts";
import type { Finding, Outcome, Run } from "../outcome.ts";
import type { Expectation, Report } from "../reporter.ts";
import { confidence, verdictSentence } from "../sentence.ts";
import { type Story, storyOf } from "../story.ts";

export interface PageData {
  readonly outcome: Omit<Outcome, "runs">;
  readonly sentence: string;
  readonly confidence: string;
  readonly expectations: readonly Expectation[];
  readonly interrupted: boolean;
  /** Absent where nobody keeps a history of nights, or this is the first. */
  readonly nights?: PageNights;
  readonly runs: readonly PageRun[];
}

export interface PageNights {
  readonly triage: readonly Triaged[];
  readonly trend: readonly TrendPoint[];
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

export interface PageCell extends CrashCell {
  readonly verdict: CellVerdict;
}

export interface LossBin {
  readonly fromMs: number;
  readonly toMs: number;
  readonly weight: number;
}

export type PageTimeline = Timeline;
export type { CallFate, CellVerdict, DiskFate };

/** Cells of a row: at three pixels each they fill a screen. Of a night with many rows each has fewer. */
const cellsOfRow = { least: 40, most: 320 };
const cellsOfPage = 9_000;
/** Calls and disk operations of one timeline; more lines than that are a smear. */
const eventsOfTimeline = { least: 150, most: 4_000 };
const eventsOfPage = 16_000;
const stretchesMax = 200;
const lossBins = 40;
const recoveriesMax = 400;
const findingsMax = 50;

export function pageData(report: Report): PageData {
  const { runs, ...outcome } = report.outcome;
  return {
    outcome,
    sentence: verdictSentence(report),
    confidence: confidence(report.outcome),
    expectations: report.expectations,
    interrupted: report.interrupted,
    ...(report.nights !== undefined && report.nights.length > 0 && { nights: pageNights(report.nights) }),
    runs: runs.map((run) => pageRun(run, report.detail, roomFor(report.detail))),
  };
}

const nightsMax = 90;

function pageNights(nights: readonly Night[]): PageNights {
  return { triage: triage(nights), trend: trendOf(nights, nightsMax) };
}

/** How much of a kind each part of the page may have, so that all of it is quick to open. */
interface Room {
  readonly cells: number;
  readonly events: number;
}

function roomFor(detail: Detail | undefined): Room {
  const rows = detail?.runs.reduce((sum, { crashMap }) => sum + crashMap.length, 0) ?? 0;
  const timelines = detail?.runs.reduce((sum, run) => sum + run.timelines.length, 0) ?? 0;
  const share = (all: number, of: number, { least, most }: { readonly least: number; readonly most: number }) =>
    Math.max(least, Math.min(most, Math.floor(all / Math.max(1, of))));
  return {
    cells: share(cellsOfPage, rows, cellsOfRow),
    events: share(eventsOfPage, timelines, eventsOfTimeline),
  };
}

function pageRun({ findings, ...run }: Run, detail: Detail | undefined, room: Room): PageRun {
  const own = detailOf(detail, run);
  return {
    ...run,
    findings: findings
      .slice(0, findingsMax)
      .map(({ evidence, ...finding }) => ({ ...finding, story: storyOf(evidence) })),
    ...(own !== undefined && { detail: pageDetail(own, room) }),
  };
}

function pageDetail(detail: RunDetail, room: Room): PageDetail {
  const { durationMs, stretches, timelines, crashMap, losses, recoveries } = detail;
  return {
    durationMs,
    stretches: together(stretches, durationMs),
    timelines: timelines.map((timeline) => thinned(timeline, room.events)),
    crashMap: crashMap.map(({ name, kind, cells }) => ({
      name,
      kind,
      cells: binned(cells, room.cells).map((cell) => ({ ...cell, verdict: verdictOfCell(cell) })),
    })),
    losses: histogram(losses),
    recoveriesMs: evenly(
      recoveries.map(({ ms }) => ms).sort((one, other) => one - other),
      recoveriesMax,
    ),
  };
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

/** Stretches of one name that a cell's breadth parts are one: thousands of syncs are too many to draw. */
function together(stretches: readonly Stretch[], durationMs: number): Stretch[] {
  const gapMs = durationMs / stretchesMax;
  const drawn: Stretch[] = [];
  const last = new Map<string, number>();
  for (const stretch of stretches) {
    const name = `${stretch.recording} ${stretch.name}`;
    const at = last.get(name);
    const before = at === undefined ? undefined : drawn[at];
    if (at !== undefined && before !== undefined && stretch.fromMs - before.toMs <= gapMs) {
      drawn[at] = { ...before, toMs: Math.max(before.toMs, stretch.toMs) };
      continue;
    }
    last.set(name, drawn.length);
    drawn.push(stretch);
  }
  return drawn;
}

/** What is nearest to the cut is what matters. */
function thinned(timeline: Timeline, eventsMax: number): Timeline {
  const all = timeline.clients
    .flatMap(({ calls }) => calls.map(({ sentMs }) => sentMs))
    .concat(timeline.disk.map(({ toMs }) => toMs))
    .sort((one, other) => one - other);
  if (all.length <= eventsMax) return timeline;
  const fromMs = Math.max(timeline.fromMs, all.at(-eventsMax) ?? 0);
  return {
    ...timeline,
    fromMs,
    clients: timeline.clients.map(({ name, calls }) => ({
      name,
      calls: calls.filter(({ sentMs }) => sentMs >= fromMs),
    })),
    disk: timeline.disk.filter(({ toMs }) => toMs >= fromMs),
  };
}
