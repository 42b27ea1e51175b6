/**
 * A crash as the page draws it: each client's calls around it and what became of them, and below them what the disk was
 * asked. What a checker found wrong is told by the findings; here a call was kept, lost, refused, or nobody knows.
 */
import type { CallFate, Timeline } from "../reports/detail.ts";
import { type DiskTimelineOrder, diskTimeline } from "./disk-timeline.ts";
import { changesSomething } from "./operations/operations.ts";
import { describeCall } from "./oracle/describe.ts";
import type { RecoveryPoint } from "./oracle/judgement.ts";
import { type CallRecord, fateOf, firstCallNs, type History, sinceFirstCallMs } from "./recording/history.ts";
import type { StampNs } from "./recording/stamp.ts";

export interface TimelineOrder {
  readonly title: string;
  /** Of the finding that it belongs to; empty for an ordinary crash. */
  readonly fingerprint: string;
  readonly history: History;
  readonly cutNs: StampNs;
  /** Absent when nothing explains what came back: then no call is said to be lost. */
  readonly recoveryPoint: RecoveryPoint | undefined;
  /** What the disk was asked, and which of it survived. Absent where nobody noted it down. */
  readonly disk?: Omit<DiskTimelineOrder, "fromNs" | "cutNs" | "toMs"> | undefined;
}

/** The last calls of each client, and all that were lost, as far as anybody can look at so many. */
const callsOfEach = { least: 60, most: 300 };

export function timelineOf({ title, fingerprint, history, cutNs, recoveryPoint, disk }: TimelineOrder): Timeline {
  const clients = history.clients.map((sequence, client) => {
    const before = sequence.filter(({ invokedNs }) => invokedNs <= cutNs);
    const kept = recoveryPoint?.lengths[client] ?? Number.POSITIVE_INFINITY;
    const shown = Math.min(callsOfEach.most, Math.max(callsOfEach.least, before.length - kept + 10));
    const first = Math.max(0, before.length - shown);
    const calls = before.slice(first).map((record, index) => {
      const { completed } = record;
      return {
        sentMs: sinceFirstCallMs(history, record.invokedNs),
        repliedMs: completed === undefined || completed.ns > cutNs ? null : sinceFirstCallMs(history, completed.ns),
        request: describeCall(record.call),
        fate: fateAt(record, cutNs, first + index < kept),
      };
    });
    return { name: `client ${client}`, calls };
  });
  const sent = clients.flatMap(({ calls }) => calls.map(({ sentMs }) => sentMs));
  const toMs = (stampNs: StampNs) => sinceFirstCallMs(history, stampNs);
  const cutMs = toMs(cutNs);
  const fromMs = Math.min(cutMs, ...sent);
  const fromNs = firstCallNs(history) + fromMs * 1e6;
  const asked = disk === undefined ? [] : diskTimeline({ ...disk, fromNs, cutNs, toMs });
  return { title, fingerprint, fromMs, cutMs, clients, disk: asked };
}

function fateAt(record: CallRecord, cutNs: StampNs, isKept: boolean): CallFate {
  const fate = record.completed !== undefined && record.completed.ns > cutNs ? "indeterminate" : fateOf(record);
  if (fate !== "acked") return fate;
  return isKept || !changesSomething(record.call) ? "kept" : "lost";
}
