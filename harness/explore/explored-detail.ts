/**
 * The detail of a run of power cuts: every crash point of every recording as a cell under each model, the stretches that
 * were open, the losses of an honest disk, and the timelines of the crash that lost most and of the first crashes that
 * showed a finding.
 *
 *     add(pair) …  ──▶ points of this recording ──▶ endLink ──▶ cells of the run, put together where there are too many
 */
import { binned } from "../../reports/crash-cells.ts";
import type { CrashCell, CrashMapRow, Pace, RunDetail, Stretch, Timeline } from "../../reports/detail.ts";
import type { DiskModel } from "../disk/disk-model.ts";
import { type Survivors, survivorsInWords } from "../disk/survivors/survivors.ts";
import { paceOf, rewritesIn, writtenBytes } from "../measure/pace.ts";
import { sinceFirstCallMs } from "../recording/history.ts";
import type { Recording } from "../recording/recording.ts";
import { timelineOf } from "../timeline-of.ts";
import type { Explored, JudgedPair } from "./exploration.ts";

export interface ExploredTitle {
  readonly models: readonly DiskModel[];
  /** The real one under the store; empty where there is none. */
  readonly filesystem: string;
}

interface Point {
  held: number;
  violated: number;
  unknown: number;
  lossAgeMs: number;
  ackedLost: number;
  readonly fingerprints: Set<string>;
  worst: Survivors;
  worstRank: number;
}

const cellsOfRowMax = 2_048;
const numbersMax = 4_096;
const pacesMax = 100;
const findingTimelinesMax = 4;

export class ExploredDetail {
  private readonly title: ExploredTitle;
  /** By model, of the recording at hand; by index of the crash point. */
  private points = new Map<string, Map<number, Point>>();
  private readonly rows: { readonly model: string; cells: CrashCell[] }[];
  private readonly stretches: Stretch[] = [];
  private losses: RunDetail["losses"] = [];
  private recoveries: RunDetail["recoveries"] = [];
  private readonly paces: Pace[] = [];
  private readonly ofFindings: Timeline[] = [];
  private readonly shown = new Set<string>();
  private recordings = 0;
  private durationMs = 0;
  private worstAgeMs = -1;
  private worstTimeline: Timeline | undefined;
  private worstPair: JudgedPair | undefined;
  private firstOf = new Map<string, JudgedPair>();
  private recovered = new WeakSet<object>();

  constructor(title: ExploredTitle) {
    this.title = title;
    this.rows = title.models.map(({ name }) => ({ model: name, cells: [] }));
  }

  /** @param isLeast what an honest disk leaves at the least: its losses are the distribution that is shown. */
  add(pair: JudgedPair, isLeast: boolean): void {
    const { state, judgement, evidence } = pair;
    const { loss, recoveryMs, findings } = judgement;
    for (const { name } of state.models) {
      if (this.rows.some(({ model }) => model === name)) this.note(name, pair);
    }
    if (loss !== undefined && isLeast) {
      this.losses.push({ ageMs: loss.ageMs, acked: loss.acked, weight: state.point.standsForNs / 1e6 });
      if (loss.ageMs > this.worstAgeMs) {
        this.worstAgeMs = loss.ageMs;
        this.worstPair = pair;
      }
    }
    // One recovery serves all the points at which the same files may be left.
    if (recoveryMs !== undefined && evidence !== undefined && !this.recovered.has(evidence.recovery)) {
      this.recovered.add(evidence.recovery);
      const dataBytes = state.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      this.recoveries.push({ ms: recoveryMs, dataBytes });
    }
    for (const { fingerprint, level } of findings) {
      if (level !== "documented" && !this.shown.has(fingerprint) && !this.firstOf.has(fingerprint)) {
        this.firstOf.set(fingerprint, pair);
      }
    }
  }

  /** While the recording can still be read. */
  endLink(recording: Recording, { points, open }: Pick<Explored, "points" | "open">): void {
    const toMs = (ns: number) => sinceFirstCallMs(recording.history, ns);
    for (const row of this.rows) {
      const judged = this.points.get(row.model);
      for (const { index, interval, last } of points) {
        const place = { index, atMs: toMs(interval.startNs), last };
        row.cells.push(this.cellAt(place, judged?.get(index)));
      }
      if (row.cells.length > 2 * cellsOfRowMax) row.cells = binned(row.cells, cellsOfRowMax);
    }
    for (const { name, interval } of open) {
      const fromMs = toMs(interval.startNs);
      const untilMs = toMs(interval.endNs);
      if (untilMs > 0) this.stretches.push({ recording: this.recordings, name, fromMs, toMs: untilMs });
    }
    this.drawTimelines(recording);
    this.addPace(recording);
    this.durationMs = Math.max(this.durationMs, toMs(recording.endNs));
    this.losses = thinnedLosses(this.losses);
    this.recoveries = thinnedRecoveries(this.recoveries);
    this.points = new Map();
    this.recordings++;
  }

  detail(of: Pick<RunDetail, "scenario" | "preset" | "target">): RunDetail {
    const { filesystem } = this.title;
    const crashMap = this.rows.map(
      ({ model, cells }): CrashMapRow =>
        filesystem === ""
          ? { name: model, kind: "model", cells }
          : { name: `${filesystem}, ${model}`, kind: "filesystem", cells },
    );
    return {
      scenario: of.scenario,
      preset: of.preset,
      target: of.target,
      durationMs: this.durationMs,
      crashMap: this.recordings === 0 ? [] : crashMap,
      stretches: this.stretches,
      losses: this.losses,
      recoveries: this.recoveries,
      paces: this.paces,
      timelines: [...this.ofFindings, ...(this.worstTimeline === undefined ? [] : [this.worstTimeline])],
    };
  }

  private note(model: string, { state, judgement }: JudgedPair): void {
    const { findings, verdict, loss } = judgement;
    const points = this.points.get(model) ?? new Map<number, Point>();
    this.points.set(model, points);
    const isViolated = verdict === "violated" || findings.some(({ level }) => level !== "documented");
    const rank = isViolated ? 2 : verdict === "unknown" ? 1 : 0;
    const { index } = state.point;
    const fresh = { held: 0, violated: 0, unknown: 0, lossAgeMs: 0, ackedLost: 0, fingerprints: new Set<string>() };
    const point = points.get(index) ?? { ...fresh, worst: state.survivors, worstRank: -1 };
    points.set(index, point);
    const isWorse = rank > point.worstRank || (rank === point.worstRank && (loss?.ageMs ?? 0) > point.lossAgeMs);
    if (isWorse) Object.assign(point, { worst: state.survivors, worstRank: rank });
    point.held += rank === 0 ? 1 : 0;
    point.unknown += rank === 1 ? 1 : 0;
    point.violated += rank === 2 ? 1 : 0;
    point.lossAgeMs = Math.max(point.lossAgeMs, loss?.ageMs ?? 0);
    point.ackedLost = Math.max(point.ackedLost, loss?.acked ?? 0);
    for (const { fingerprint } of findings) point.fingerprints.add(fingerprint);
  }

  /** A swarm has many recordings, and nobody compares their paces. */
  private addPace({ history, journal, endNs }: Recording): void {
    if (this.paces.length >= pacesMax) return;
    const names = journal.records.flatMap((record) => ("path" in record && record.path) || []);
    const costs = { dataBytes: 0, memoryBytesMax: 0, writtenBytes: writtenBytes(journal.records) };
    this.paces.push(paceOf(history, endNs, { ...costs, rewrites: rewritesIn(names) }));
  }

  private cellAt(
    {
      index,
      atMs,
      last,
    }: { readonly index: number; readonly atMs: number; readonly last: JudgedPair["state"]["point"]["last"] },
    point: Point | undefined,
  ): CrashCell {
    return {
      recording: this.recordings,
      points: 1,
      atMs,
      untilMs: atMs,
      journalIndex: index,
      operation: last?.kind ?? "",
      path: (last !== undefined && "path" in last && last.path) || "",
      held: point?.held ?? 0,
      violated: point?.violated ?? 0,
      unknown: point?.unknown ?? 0,
      lossAgeMs: point?.lossAgeMs ?? 0,
      ackedLost: point?.ackedLost ?? 0,
      fingerprints: [...(point?.fingerprints ?? [])],
      survived: point === undefined ? "" : survivorsInWords(point.worst, index),
    };
  }

  private drawTimelines(recording: Recording): void {
    for (const [fingerprint, pair] of this.firstOf) {
      this.shown.add(fingerprint);
      if (this.ofFindings.length < findingTimelinesMax) {
        this.ofFindings.push(this.drawn(fingerprint, fingerprint, pair, recording));
      }
    }
    this.firstOf = new Map();
    if (this.worstPair === undefined) return;
    const title = this.worstAgeMs === 0 ? "a crash that lost nothing" : "the worst loss on an honest disk";
    this.worstTimeline = this.drawn(title, "", this.worstPair, recording);
    this.worstPair = undefined;
  }

  private drawn(title: string, fingerprint: string, { state, judgement }: JudgedPair, recording: Recording): Timeline {
    const { history, journal } = recording;
    const { recoveryPoint } = judgement;
    const { index, interval } = state.point;
    const model = state.models.find(({ name }) => this.rows.some((row) => row.model === name)) as DiskModel;
    const disk = { journal, pointIndex: index, survivors: state.survivors, model };
    return timelineOf({ title, fingerprint, history, cutNs: interval.endNs, recoveryPoint, disk });
  }
}

/** Neighbours in age become one that weighs as much as both, and is as old as the older. */
function thinnedLosses(losses: RunDetail["losses"]): RunDetail["losses"] {
  if (losses.length <= numbersMax) return losses;
  const sorted = [...losses].sort((one, other) => one.ageMs - other.ageMs);
  const perBin = Math.ceil(sorted.length / (numbersMax / 2));
  const thinned: RunDetail["losses"] = [];
  for (let first = 0; first < sorted.length; ) {
    const isNothing = sorted[first]?.ageMs === 0;
    const next = isNothing ? firstAbove(sorted, 0) : first + perBin;
    const bin = sorted.slice(first, next);
    const last = bin.at(-1) as RunDetail["losses"][number];
    const weight = bin.reduce((sum, each) => sum + each.weight, 0);
    thinned.push({ ageMs: last.ageMs, acked: bin.reduce((most, { acked }) => Math.max(most, acked), 0), weight });
    first = next;
  }
  return thinned;
}

function firstAbove(sorted: RunDetail["losses"], ageMs: number): number {
  const at = sorted.findIndex((loss) => loss.ageMs > ageMs);
  return at < 0 ? sorted.length : at;
}

/** As many of them as can be drawn, from the quickest to the slowest. */
function thinnedRecoveries(recoveries: RunDetail["recoveries"]): RunDetail["recoveries"] {
  if (recoveries.length <= numbersMax) return recoveries;
  const sorted = [...recoveries].sort((one, other) => one.ms - other.ms);
  const kept = numbersMax / 2;
  return Array.from({ length: kept }, (_, at) => {
    const from = Math.round((at * (sorted.length - 1)) / (kept - 1));
    return sorted[from] as RunDetail["recoveries"][number];
  });
}
