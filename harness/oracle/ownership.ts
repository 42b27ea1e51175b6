/**
 * Who writes which key. Each client owns its keys, so that what it writes is a sequence and no search is needed. Keys
 * that several clients write are the exception, and only one kind of them can be judged without a search: a log that is
 * appended to with elements which never repeat, because its order can be read back (O5).
 *
 *     c0:list:1   owned by 0
 *     log         appended by 0, 1, 2       RPUSH log e0.7 │ APPEND log e1.3;
 *     total       contested by 0, 1         INCR total
 *
 * Ownership goes by name over all databases, so that MOVE and SWAPDB change nothing of it.
 */
import { operationOf } from "../operations/operations.ts";
import { type Bytes, type CallRecord, fateOf, type History, type Request } from "../recording/history.ts";

/** Nobody's keys are those that were there before the first call and that no client wrote. */
export const nobody = -1;

export interface Ownership {
  /** The client that writes the key, or nobody; undefined for a key that several write. */
  ownerOf(key: Bytes): number | undefined;
  readonly sharedLogs: ReadonlyMap<Bytes, SharedLog>;
  /** Written by several, and not only appended to: by key, its writers. */
  readonly contested: ReadonlyMap<Bytes, ReadonlySet<number>>;
}

/** A key to which several clients append elements that never repeat. */
export interface SharedLog {
  readonly key: Bytes;
  readonly form: "list" | "string";
  readonly clients: ReadonlySet<number>;
  readonly elements: ReadonlyMap<Bytes, Appended>;
}

/** Which call appended an element, and where in the log it landed, if the client was told. */
export interface Appended {
  readonly record: CallRecord;
  readonly position: number | undefined;
}

export function findOwners(history: History, initialKeys: ReadonlySet<Bytes>): Ownership {
  const writes = new Map<Bytes, Write[]>();
  const writers = new Map<Bytes, number | Set<number>>();
  for (const { record, request } of writesIn(history)) {
    for (const key of keysWritten(request)) noteWriter(writers, key, record.client);
  }
  const shared = new Set([...writers].flatMap(([key, who]) => (typeof who === "number" ? [] : [key])));
  if (shared.size > 0) gatherWrites(history, shared, writes);

  const sharedLogs = new Map<Bytes, SharedLog>();
  const contested = new Map<Bytes, ReadonlySet<number>>();
  for (const key of shared) {
    const clients = writers.get(key) as Set<number>;
    const log = initialKeys.has(key) ? undefined : asSharedLog(key, clients, writes.get(key) ?? []);
    if (log === undefined) contested.set(key, clients);
    else sharedLogs.set(key, log);
  }
  return {
    ownerOf: (key) => {
      const who = writers.get(key);
      return who === undefined ? nobody : typeof who === "number" ? who : undefined;
    },
    sharedLogs,
    contested,
  };
}

/** Keys that it writes, or that decide what it writes: those too must belong to nobody else. */
function keysWritten(request: Request): readonly Bytes[] {
  const operation = operationOf(request);
  return operation.changes === "keys" ? operation.keys(request) : [];
}

interface Write {
  readonly record: CallRecord;
  readonly request: Request;
  readonly requestIndex: number;
}

/** Requests that may have run; what was refused as a whole wrote nothing. */
function* writesIn(history: History): Iterable<Write> {
  for (const sequence of history.clients) {
    for (const record of sequence) {
      if (fateOf(record) === "refused") continue;
      for (const [requestIndex, request] of record.call.requests.entries()) yield { record, request, requestIndex };
    }
  }
}

function noteWriter(writers: Map<Bytes, number | Set<number>>, key: Bytes, client: number): void {
  const before = writers.get(key);
  if (before === undefined) writers.set(key, client);
  else if (typeof before === "number") {
    if (before !== client) writers.set(key, new Set([before, client]));
  } else before.add(client);
}

function gatherWrites(history: History, keys: ReadonlySet<Bytes>, writes: Map<Bytes, Write[]>): void {
  for (const write of writesIn(history)) {
    for (const key of keysWritten(write.request)) {
      if (!keys.has(key)) continue;
      const list = writes.get(key) ?? [];
      list.push(write);
      writes.set(key, list);
    }
  }
}

/** A log when every write only appends, and no element comes twice; otherwise undefined. */
function asSharedLog(key: Bytes, clients: ReadonlySet<number>, writes: readonly Write[]): SharedLog | undefined {
  const forms = new Set(writes.map(({ request }) => appendForm(request)));
  const [form] = forms;
  if (form === undefined || forms.size > 1) return undefined;
  const elements = new Map<Bytes, Appended>();
  for (const write of writes) {
    const items = write.request.slice(2);
    const end = lengthTold(write);
    for (const [index, item] of items.entries()) {
      if (elements.has(item)) return undefined;
      // RPUSH answers with the length of the list; APPEND with bytes, which say less.
      const position = form === "list" && end !== undefined ? end - items.length + index : undefined;
      elements.set(item, { record: write.record, position });
    }
  }
  return { key, form, clients, elements };
}

/** An element of a text ends in a semicolon and holds no other: that is how the text can be read back. */
function appendForm(request: Request): "list" | "string" | undefined {
  const [name = "", , ...items] = request;
  if (name.toUpperCase() === "RPUSH") return "list";
  const token = items[0] ?? "";
  return name.toUpperCase() === "APPEND" && token.indexOf(";") === token.length - 1 && token !== ""
    ? "string"
    : undefined;
}

function lengthTold({ record, requestIndex }: Write): number | undefined {
  const reply = record.completed?.reply;
  const own = record.call.transaction && reply?.kind === "array" ? reply.items[requestIndex] : reply;
  return own?.kind === "integer" ? own.value : undefined;
}
