/**
 * What the disk was asked around a crash, as the page draws it below the clients, and what became of it: read from the
 * journal up to the crash point, by the laws of the model that left the state.
 *
 *     write  write  ├─ sync ─┤  write   rename   ├─ sync …            ╎ the power goes here
 *     └─ durable ─┘  durable    lost    survived    unfinished
 */
import type { DiskFate, Timeline } from "../reports/detail.ts";
import { type DiskModel, settle } from "./disk/disk-model.ts";
import type { DiskOp } from "./disk/disk-op.ts";
import { type Survivors, survives } from "./disk/survivors/survivors.ts";
import { slowSyncsName } from "./ground.ts";
import type { Journal, JournalRecord } from "./recording/journal.ts";
import type { StampNs } from "./recording/stamp.ts";

export interface DiskTimelineOrder {
  readonly journal: Pick<Journal, "records">;
  /** The power went before this record. */
  readonly pointIndex: number;
  readonly survivors: Survivors;
  readonly model: DiskModel;
  readonly fromNs: StampNs;
  readonly cutNs: StampNs;
  toMs(stampNs: StampNs): number;
}

type DiskEvent = Timeline["disk"][number];

/** Older operations are not what the crash was about. */
const eventsMax = 600;

export function diskTimeline(order: DiskTimelineOrder): DiskEvent[] {
  const { journal, pointIndex, fromNs, cutNs, toMs } = order;
  const fateOf = fates(order);
  const ends = endsOfSyncs(journal.records, pointIndex);
  const events = journal.records.slice(0, pointIndex).flatMap((record, index): DiskEvent[] => {
    const end = ends.get(index);
    const untilNs = record.kind === "sync-start" ? (end?.stampNs ?? cutNs) : record.stampNs;
    if (untilNs < fromNs || record.kind === "sync-end" || record.kind === "settled") return [];
    if (record.kind === "fault" && record.fault === slowSyncsName) return [];
    return [
      {
        fromMs: toMs(record.stampNs),
        toMs: toMs(untilNs),
        operation: operationOf(record),
        path: pathOf(record),
        bytes: record.kind === "write" ? record.length : 0,
        fate: record.kind === "sync-start" ? fateOfSync(end) : fateOf(record, index),
      },
    ];
  });
  return events.slice(-eventsMax);
}

function operationOf(record: JournalRecord): string {
  if (record.kind === "sync-start") return "sync";
  return record.kind === "fault" ? `fault ${record.fault}` : record.kind;
}

function pathOf(record: JournalRecord): string {
  if (record.kind === "rename") return `${record.fromPath} to ${record.path}`;
  return ("path" in record && record.path) || "";
}

type SyncEnd = Extract<JournalRecord, { kind: "sync-end" }>;

function endsOfSyncs(records: readonly JournalRecord[], pointIndex: number): Map<number, SyncEnd> {
  const ends = new Map<number, SyncEnd>();
  for (const record of records.slice(0, pointIndex)) if (record.kind === "sync-end") ends.set(record.start, record);
  return ends;
}

function fateOfSync(end: SyncEnd | undefined): DiskFate {
  if (end === undefined) return "unfinished";
  return end.ok ? "durable" : "failed";
}

/** An operation is in parts, and its parts may meet different fates: then it is torn. */
function fates(order: DiskTimelineOrder): (record: JournalRecord, index: number) => DiskFate {
  const { journal, pointIndex, survivors, model } = order;
  const { pending } = settle(journal, pointIndex, survivors.commits, survivors.reading);
  const parts = new Map<number, boolean[]>();
  for (const op of pending) {
    const kept = model.tear(op).map((part: DiskOp) => survives(survivors, part));
    parts.set(op.index, [...(parts.get(op.index) ?? []), ...kept]);
  }
  return (record, index) => {
    if (record.kind === "fault") return "failed";
    const kept = parts.get(index);
    if (kept === undefined) return "durable";
    if (kept.every(Boolean)) return "survived";
    return kept.some(Boolean) ? "torn" : "lost";
  };
}
