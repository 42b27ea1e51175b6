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
 * On disk a history is JSON lines, an entry as it happens, so that it outlives the harness.
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

/** A reply as RESP3 has it, with bulk and simple strings alike as bytes. */
export type Reply =
  | { readonly kind: "string"; readonly value: Bytes }
  | { readonly kind: "integer"; readonly value: number }
  | { readonly kind: "double"; readonly value: number }
  | { readonly kind: "nil" }
  | { readonly kind: "error"; readonly message: Bytes }
  | { readonly kind: "array"; readonly items: readonly Reply[] };

export interface Invoked {
  readonly kind: "invoked";
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
}

/** All calls, each client's in the order in which they were sent (O1). */
export interface History {
  readonly clients: readonly (readonly CallRecord[])[];
}
