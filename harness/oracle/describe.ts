/**
 * Calls, keys and values as a person reads them: one line each, unprintable bytes escaped, long things shortened.
 */
import type { Story, StoryCall } from "../../reports/story.ts";
import { describeReply } from "../operations/match-reply.ts";
import type { ModelEntry, ModelValue } from "../operations/model.ts";
import type { Bytes, Call, CallRecord, Request } from "../recording/history.ts";
import type { StampNs } from "../recording/stamp.ts";

const textLengthMax = 40;
const itemsMax = 6;
const requestLengthMax = 200;

export function describeCall({ requests, transaction, watch }: Call): string {
  const inner = requests.map(describeRequest).join(" · ");
  const watching = watch === undefined || watch.length === 0 ? "" : `WATCH ${watch.map(describeText).join(" ")} · `;
  return shorten(transaction ? `${watching}MULTI · ${inner} · EXEC` : inner, requestLengthMax);
}

export function describeRequest(request: Request): string {
  return request.map(describeText).join(" ");
}

/** As redis-cli would let one type it: bare where that is enough, else quoted. */
export function describeText(text: Bytes): string {
  const shown = text.length > textLengthMax ? text.slice(0, textLengthMax - 10) : text;
  const more = text.length > shown.length ? `…(${text.length} bytes)` : "";
  if (/^[\x21\x23-\x26\x28-\x5b\x5d-\x7e]+$/.test(shown)) return `${shown}${more}`;
  return `"${shown.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, escapeByte)}"${more}`;
}

export function describeKey({ database, key }: { readonly database: number; readonly key: Bytes }): string {
  return database === 0 ? describeText(key) : `${describeText(key)} in database ${database}`;
}

export function describeEntry(entry: ModelEntry | undefined): string {
  if (entry === undefined) return "(nothing)";
  const deadline = entry.deadlineMs === undefined ? "" : `, expires ${new Date(entry.deadlineMs).toISOString()}`;
  return `${describeValue(entry.value)}${deadline}`;
}

/** The form in which reports draw a call. Times count from the first call of the run. */
export function storyCall(record: CallRecord, fate: StoryCall["fate"], startNs: StampNs): StoryCall {
  return {
    id: record.id,
    client: record.client,
    request: describeCall(record.call),
    sentMs: msSince(startNs, record.invokedNs),
    repliedMs: record.completed === undefined ? null : msSince(startNs, record.completed.ns),
    reply: record.completed === undefined ? "" : shorten(describeReply(record.completed.reply), requestLengthMax),
    fate,
  };
}

export type StoryKey = Story["keys"][number];

function msSince(startNs: StampNs, stampNs: StampNs): number {
  return Math.round((stampNs - startNs) / 1e3) / 1e3;
}

function describeValue(value: ModelValue): string {
  switch (value.type) {
    case "string":
      return `string ${describeText(value.value)}`;
    case "list":
      return `list ${describeItems(value.items.map(describeText))}`;
    case "hash":
      return `hash ${describeItems([...value.fields].map((pair) => describeField(pair, value.deadlines)).sort())}`;
    case "set":
      return `set ${describeItems([...value.members].map(describeText).sort())}`;
    case "zset":
      return `zset ${describeItems([...value.scores].map(([member, score]) => `${describeText(member)}=${score}`).sort())}`;
    case "stream": {
      const groups = [...value.groups].map(
        ([name, { lastId, pending }]) => `${describeText(name)} at ${lastId}, ${pending.size} pending`,
      );
      return [`stream up to ${value.lastId} ${describeItems(value.entries.map(([id]) => id))}`, ...groups].join("; ");
    }
  }
}

function describeField([field, value]: readonly [Bytes, Bytes], deadlines?: ReadonlyMap<Bytes, number>): string {
  const deadlineMs = deadlines?.get(field);
  const expires = deadlineMs === undefined ? "" : `, expires ${new Date(deadlineMs).toISOString()}`;
  return `${describeText(field)}=${describeText(value)}${expires}`;
}

function describeItems(items: readonly string[]): string {
  if (items.length <= itemsMax) return `[${items.join(" ")}]`;
  // Both ends: what is torn off or left over is mostly there.
  const [head, tail] = [items.slice(0, itemsMax / 2), items.slice(-itemsMax / 2)];
  return `[${head.join(" ")} … ${tail.join(" ")}] (${items.length} items)`;
}

function escapeByte(byte: string): string {
  const named: Readonly<Record<string, string>> = { '"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };
  return named[byte] ?? `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

function shorten(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax - 1)}…`;
}
