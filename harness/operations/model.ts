/**
 * A keyspace as a pure value: what a store holds, without saying how. The oracle computes one from the history, recovery
 * reads one back from a store, and a crash state is explained when the two are equal.
 */
import type { Bytes } from "../recording/history.ts";

export type ModelValue =
  | { readonly type: "string"; readonly value: Bytes }
  | { readonly type: "list"; readonly items: readonly Bytes[] }
  | { readonly type: "hash"; readonly fields: ReadonlyMap<Bytes, Bytes> }
  | { readonly type: "set"; readonly members: ReadonlySet<Bytes> }
  | { readonly type: "zset"; readonly scores: ReadonlyMap<Bytes, number> };

export interface ModelEntry {
  readonly value: ModelValue;
  /** Milliseconds since 1970; absent when the key does not expire. */
  readonly deadlineMs?: number;
}

/** By database number, then by key. Databases without keys are absent. */
export type Model = ReadonlyMap<number, ReadonlyMap<Bytes, ModelEntry>>;
