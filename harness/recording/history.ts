/**
 * The history: what clients asked, and what they were told. One track of a recording; the other is the journal.
 *
 * A call is one element of a client's sequence: a single request, or a transaction from MULTI to EXEC. It is
 *
 *     invoked        its first byte is about to leave (stamped before it does)
 *     acked          its reply arrived and is a success (stamped after the last byte arrived)
 *     refused        its reply arrived and is an error: it must not have taken effect
 *     indeterminate  invoked and never completed: it may have taken effect or not
 *
 * A client is one connection. Whoever connects again is another client with keys of its own: what the store still reads
 * from a broken connection may run after what the next one sends.
 */
import type { StampNs } from "./stamp.ts";

/** A string in which every character is one byte (latin1). Keys and values are binary. */
export type Bytes = string;

/** One request as it goes over the wire: the command's name, then its arguments. */
export type Request = readonly Bytes[];

/** What a client asks for in one go. Several requests are a transaction: MULTI, the requests, EXEC. */
export interface Call {
  readonly requests: readonly Request[];
  readonly transaction: boolean;
  /** Keys to WATCH first; the transaction may then abort, which is no loss. */
  readonly watch?: readonly Bytes[];
}

/**
 * A reply, with bulk and simple strings alike as bytes. Maps and sets are arrays, flat, as RESP2 sends them; a double
 * may also come as a string, as RESP2 sends it. The reply of a transaction is EXEC's: an array of inner replies, nil
 * when it aborted, an error when it was refused as a whole.
 */
export type Reply =
  | { readonly kind: "string"; readonly value: Bytes }
  | { readonly kind: "integer"; readonly value: number }
  | { readonly kind: "double"; readonly value: number }
  | { readonly kind: "nil" }
  | { readonly kind: "error"; readonly message: Bytes }
  | { readonly kind: "array"; readonly items: readonly Reply[] };

export interface Invoked {
  readonly kind: "invoked";
  /** Counted from 0 over all clients, in the order of invocation. */
  readonly id: number;
  readonly client: number;
  readonly call: Call;
  readonly stampNs: StampNs;
  readonly wallMs: number;
}

export interface Completed {
  readonly kind: "completed";
  readonly id: number;
  readonly reply: Reply;
  readonly stampNs: StampNs;
  readonly wallMs: number;
}

export type HistoryEntry = Invoked | Completed;

/** One call with both its ends: the form in which the oracle reads a history. */
export interface CallRecord {
  readonly id: number;
  readonly client: number;
  readonly call: Call;
  readonly invokedNs: StampNs;
  readonly invokedWallMs: number;
  /** Absent while the call is indeterminate. */
  readonly completed?: { readonly ns: StampNs; readonly wallMs: number; readonly reply: Reply };
  /** Of a call without completion that is known to have taken effect: by when. A chain of crashes knows it (S7). */
  readonly endedNs?: StampNs;
}

/** All calls, each client's in the order in which they were sent (O1). The index is the client's number. */
export interface History {
  readonly clients: readonly (readonly CallRecord[])[];
}

/**
 * Joins invocations with their completions.
 * @throws RangeError when an entry makes no sense: a completion without its call, a second one, an id twice.
 */
export function gatherHistory(entries: Iterable<HistoryEntry>): History {
  const clients: CallRecord[][] = [];
  const places = new Map<number, { readonly sequence: CallRecord[]; readonly index: number }>();
  for (const entry of entries) {
    if (entry.kind === "invoked") {
      if (places.has(entry.id)) throw new RangeError(`call ${entry.id} was invoked twice`);
      while (clients.length <= entry.client) clients.push([]);
      const sequence = clients[entry.client] as CallRecord[];
      places.set(entry.id, { sequence, index: sequence.length });
      const { id, client, call, stampNs: invokedNs, wallMs: invokedWallMs } = entry;
      sequence.push({ id, client, call, invokedNs, invokedWallMs });
    } else {
      const place = places.get(entry.id);
      if (place === undefined) throw new RangeError(`call ${entry.id} completed without having been invoked`);
      const record = place.sequence[place.index] as CallRecord;
      if (record.completed !== undefined) throw new RangeError(`call ${entry.id} completed twice`);
      const completed = { ns: entry.stampNs, wallMs: entry.wallMs, reply: entry.reply };
      place.sequence[place.index] = { ...record, completed };
    }
  }
  return { clients };
}

/** When the first call left: reports count their milliseconds from there. 0 without calls. */
export function firstCallNs({ clients }: History): StampNs {
  const firstNs = Math.min(...clients.flatMap((sequence) => sequence[0]?.invokedNs ?? []));
  return Number.isFinite(firstNs) ? firstNs : 0;
}

/** A stamp as reports write it; what came before the first call counts as its moment. */
export function sinceFirstCallMs(history: History, stampNs: StampNs): number {
  return Math.max(0, stampNs - firstCallNs(history)) / 1e6;
}

export type Fate = "acked" | "refused" | "indeterminate";

/** What the client knows of its call. A transaction that aborted on a watched key is refused: it took no effect. */
export function fateOf(record: CallRecord): Fate {
  if (record.completed === undefined) return "indeterminate";
  const { reply } = record.completed;
  if (reply.kind === "error") return "refused";
  return record.call.transaction && reply.kind === "nil" ? "refused" : "acked";
}

/** How many calls met which fate, as the outcome counts them. */
export function countFates(history: History): { invoked: number } & Record<Fate, number> {
  const counts = { invoked: 0, acked: 0, refused: 0, indeterminate: 0 };
  for (const sequence of history.clients) {
    for (const record of sequence) {
      counts.invoked++;
      counts[fateOf(record)]++;
    }
  }
  return counts;
}
