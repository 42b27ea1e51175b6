/**
 * How long acked calls waited until they were written, synced, and in a folder that was synced: over all recordings of a
 * run. Each length of time is kept to three digits, so that a night of them takes little room, and shards join exactly.
 */
import type { Run } from "../../reports/outcome.ts";
import { weightedPercentile } from "../statistics.ts";
import type { CallsMeasured } from "./call-times.ts";

const spanNames = ["ackedToWrittenMs", "ackedToSyncedMs", "ackedToFolderSyncedMs"] as const;
type SpanName = (typeof spanNames)[number];

const countNames = ["measured", "notMeasured", "neverSynced", "neverFolderSynced"] as const;

export interface DurabilityTally extends Record<(typeof countNames)[number], number> {
  readonly why?: string;
  /** Each length of time with how often it came. */
  readonly spans: Readonly<Record<SpanName, readonly (readonly [ms: number, calls: number])[]>>;
}

export class Durability {
  private readonly counts = { measured: 0, notMeasured: 0, neverSynced: 0, neverFolderSynced: 0 };
  private readonly spans: Readonly<Record<SpanName, Map<number, number>>> = {
    ackedToWrittenMs: new Map(),
    ackedToSyncedMs: new Map(),
    ackedToFolderSyncedMs: new Map(),
  };
  private why: string | undefined;

  add({ calls, notMeasured, why }: CallsMeasured): void {
    this.why ??= why;
    this.counts.notMeasured += notMeasured;
    this.counts.measured += calls.length;
    for (const { ackedNs, writtenNs, syncedNs, folderSyncedNs } of calls) {
      this.note("ackedToWrittenMs", writtenNs - ackedNs);
      if (syncedNs === undefined) this.counts.neverSynced++;
      else this.note("ackedToSyncedMs", syncedNs - ackedNs);
      if (folderSyncedNs === undefined) this.counts.neverFolderSynced++;
      else this.note("ackedToFolderSyncedMs", folderSyncedNs - ackedNs);
    }
  }

  tally(): DurabilityTally {
    const spans = {
      ackedToWrittenMs: [...this.spans.ackedToWrittenMs],
      ackedToSyncedMs: [...this.spans.ackedToSyncedMs],
      ackedToFolderSyncedMs: [...this.spans.ackedToFolderSyncedMs],
    };
    return { ...this.counts, ...(this.why !== undefined && { why: this.why }), spans };
  }

  join({ why, spans, ...counts }: DurabilityTally): void {
    this.why ??= why;
    for (const name of countNames) this.counts[name] += counts[name];
    for (const name of spanNames) for (const [ms, calls] of spans[name]) this.count(name, ms, calls);
  }

  /** Undefined where no call was acked. */
  outcome(): Run["durability"] {
    const { counts, why } = this;
    if (counts.measured + counts.notMeasured === 0) return undefined;
    const spans = spanNames.flatMap((name) => {
      const values = [...this.spans[name]].map(([value, weight]) => ({ value, weight }));
      if (values.length === 0) return [];
      const max = Math.max(...values.map(({ value }) => value));
      return [[name, { median: weightedPercentile(values, 0.5), p99: weightedPercentile(values, 0.99), max }] as const];
    });
    return { ...counts, ...(why !== undefined && { why }), ...Object.fromEntries(spans) };
  }

  private note(name: SpanName, ns: number): void {
    this.count(name, Number((ns / 1e6).toPrecision(3)), 1);
  }

  private count(name: SpanName, ms: number, calls: number): void {
    this.spans[name].set(ms, (this.spans[name].get(ms) ?? 0) + calls);
  }
}
