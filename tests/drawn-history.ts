/**
 * Histories drawn as lines, so that a test case can be read. A column is ten milliseconds; a line is a call:
 *
 *     0  ├──┤            SET a 1 → OK
 *     0        ├───┤     MULTI · INCR n · DEL a · EXEC → [1, 1]
 *     1     ├─…          RPUSH log e1              in flight at the end
 *     ✂               ┊  the run is cut here; without this line, where the last call ends
 *
 * The number in front is the client. Replies are written as redis-cli would: OK, 1, nil, "text", [..], MISCONF ….
 */
import { emptyModel, type Model } from "../harness/operations/model.ts";
import { ModelState } from "../harness/operations/model-state.ts";
import { runCall } from "../harness/operations/run-call.ts";
import {
  type Bytes,
  type Call,
  gatherHistory,
  type History,
  type HistoryEntry,
  type Reply,
  type Request,
} from "../harness/recording/history.ts";

export const drawnStartWallMs = Date.UTC(2026, 0);
const columnMs = 10;

export interface Drawn {
  readonly history: History;
  readonly endNs: number;
}

export function drawnHistory(drawing: string): Drawn {
  const lines = drawing.split("\n").filter((line) => line.trim() !== "");
  const entries: HistoryEntry[] = [];
  let cutColumn: number | undefined;
  for (const line of lines) {
    const cut = line.indexOf("┊");
    if (line.trimStart().startsWith("✂")) cutColumn = cut;
    else entries.push(...entriesOf(line));
  }
  entries.sort((one, other) => one.stampNs - other.stampNs);
  const ids = new Map<number, number>();
  for (const { kind, id } of entries) if (kind === "invoked") ids.set(id, ids.size);
  const numbered = entries.map((entry) => ({ ...entry, id: ids.get(entry.id) as number }));
  const endNs = cutColumn === undefined ? (entries.at(-1)?.stampNs ?? 0) : stampAt(cutColumn);
  return { history: gatherHistory(numbered), endNs };
}

/** The state that these requests leave in an empty store: `SET a 1 · RPUSH log e1`. */
export function drawnState(requests: string): Model {
  const state = new ModelState(emptyModel, () => undefined);
  const moment = { earliestMs: drawnStartWallMs, latestMs: drawnStartWallMs };
  for (const request of requestsOf(requests)) {
    runCall(state, { requests: [request], transaction: false }, undefined, { moment, fork: () => state });
  }
  return state.plain();
}

export function wallMsAt(stampNs: number): number {
  return drawnStartWallMs + Math.floor(stampNs / 1e6);
}

let nextDraft = 0;

function entriesOf(line: string): HistoryEntry[] {
  const parts = /^\s*(\d+)\s+([├─]+[┤…])\s+(.+?)(?:\s+→\s+(.+?))?\s*$/u.exec(line);
  if (parts === null) throw new Error(`cannot read the drawn call: ${line}`);
  const [, client = "", , what = "", reply] = parts;
  const begin = stampAt(line.indexOf("├"));
  const end = line.indexOf("┤");
  // A number of its own until all lines are read; invocations are numbered in their order then.
  const id = nextDraft++;
  const invoked: HistoryEntry = {
    kind: "invoked",
    id,
    client: Number(client),
    call: callOf(what),
    stampNs: begin,
    wallMs: wallMsAt(begin),
  };
  if (end < 0) return [invoked];
  const stampNs = stampAt(end);
  return [invoked, { kind: "completed", id, reply: replyOf(reply ?? "OK"), stampNs, wallMs: wallMsAt(stampNs) }];
}

function stampAt(column: number): number {
  return column * columnMs * 1e6;
}

function callOf(text: string): Call {
  const requests = requestsOf(text);
  const multi = requests.findIndex(([name]) => name === "MULTI");
  if (multi < 0) return { requests, transaction: false };
  const watch = requests.slice(0, multi).flatMap(([, ...keys]) => keys);
  return { requests: requests.slice(multi + 1, -1), transaction: true, ...(watch.length > 0 && { watch }) };
}

function requestsOf(text: string): Request[] {
  return text
    .split("·")
    .map((request) => request.trim())
    .filter((request) => request !== "")
    .map((request) => request.split(/\s+/));
}

function replyOf(text: string): Reply {
  const trimmed = text.trim();
  if (trimmed === "nil") return { kind: "nil" };
  if (/^-?\d+$/.test(trimmed)) return { kind: "integer", value: Number(trimmed) };
  if (/^[A-Z]{2,} /.test(trimmed)) return { kind: "error", message: trimmed };
  if (trimmed.startsWith("[")) {
    const inside = trimmed.slice(1, -1).trim();
    return { kind: "array", items: inside === "" ? [] : inside.split(",").map(replyOf) };
  }
  return { kind: "string", value: unquoted(trimmed) };
}

function unquoted(text: string): Bytes {
  return text.startsWith('"') ? text.slice(1, -1) : text;
}
