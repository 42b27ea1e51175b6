/**
 * A history as the page draws it: each client's calls around one crash, and what became of them. What a checker found
 * wrong is told by the findings; here a call was kept, lost, refused, or nobody knows.
 */
import type { CallFate, Timeline } from "../reports/detail.ts";
import { changesSomething } from "./operations/operations.ts";
import { describeCall } from "./oracle/describe.ts";
import type { RecoveryPoint } from "./oracle/judgement.ts";
import { type CallRecord, fateOf, type History, sinceFirstCallMs } from "./recording/history.ts";
import type { StampNs } from "./recording/stamp.ts";

export interface TimelineOrder {
  readonly title: string;
  /** Of the finding that it belongs to; empty for an ordinary crash. */
  readonly fingerprint: string;
  readonly history: History;
  readonly cutNs: StampNs;
  /** Absent when nothing explains what came back: then no call is said to be lost. */
  readonly recoveryPoint: RecoveryPoint | undefined;
}

/** The last calls of each client: what is older was kept, or the findings tell of it. */
const callsOfEachMax = 60;

export function timelineOf({ title, fingerprint, history, cutNs, recoveryPoint }: TimelineOrder): Timeline {
  const clients = history.clients.map((sequence, client) => {
    const before = sequence.filter(({ invokedNs }) => invokedNs <= cutNs);
    const first = Math.max(0, before.length - callsOfEachMax);
    const kept = recoveryPoint?.lengths[client] ?? Number.POSITIVE_INFINITY;
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
  const cutMs = sinceFirstCallMs(history, cutNs);
  return { title, fingerprint, fromMs: Math.min(cutMs, ...sent), cutMs, clients, disk: [] };
}

function fateAt(record: CallRecord, cutNs: StampNs, isKept: boolean): CallFate {
  const fate = record.completed !== undefined && record.completed.ns > cutNs ? "indeterminate" : fateOf(record);
  if (fate !== "acked") return fate;
  return isKept || !changesSomething(record.call) ? "kept" : "lost";
}
