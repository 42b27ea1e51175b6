/**
 * A keyspace as a pure value: what a store holds, without saying how. The oracle computes one from the history, recovery
 * reads one back from a store, and a crash state is explained when the two are equal.
 */
import type { Bytes } from "../recording/history.ts";

export type ModelValue =
  /** A HyperLogLog is a string too, in a form that does not hang on how it came about: see sketch.ts. */
  | { readonly type: "string"; readonly value: Bytes }
  | { readonly type: "list"; readonly items: readonly Bytes[] }
  | {
      readonly type: "hash";
      readonly fields: ReadonlyMap<Bytes, Bytes>;
      /** Of fields that expire; absent when none does. */
      readonly deadlines?: ReadonlyMap<Bytes, number>;
    }
  | { readonly type: "set"; readonly members: ReadonlySet<Bytes> }
  | { readonly type: "zset"; readonly scores: ReadonlyMap<Bytes, number> }
  | {
      readonly type: "stream";
      /** Id, then fields and values in turn. In the order of their ids. */
      readonly entries: readonly (readonly [Bytes, readonly Bytes[]])[];
      /** The highest id ever. */
      readonly lastId: Bytes;
      readonly groups: ReadonlyMap<Bytes, ModelGroup>;
    };

/** A consumer group of a stream. */
export interface ModelGroup {
  /** Of what it was given last. */
  readonly lastId: Bytes;
  /** By id; only of entries that are still there. */
  readonly pending: ReadonlyMap<Bytes, ModelPending>;
}

export interface ModelPending {
  readonly consumer: Bytes;
  readonly deliveries: number;
}

export type TypeName = ModelValue["type"];

export interface ModelEntry {
  readonly value: ModelValue;
  /** Milliseconds since 1970; absent when the key does not expire. */
  readonly deadlineMs?: number;
}

/** By database number, then by key. Databases without keys are absent. */
export type Model = ReadonlyMap<number, ReadonlyMap<Bytes, ModelEntry>>;

export const emptyModel: Model = new Map();

export function countKeys(model: Model): number {
  let count = 0;
  for (const keys of model.values()) count += keys.size;
  return count;
}

/** A model as plain JSON, for bundles and evidence; `modelFromJson` is its inverse. Everything in a fixed order. */
export type ModelJson = readonly {
  readonly database: number;
  readonly key: Bytes;
  readonly deadlineMs?: number;
  readonly value: ValueJson;
}[];

export type ValueJson =
  | { readonly type: "string"; readonly value: Bytes }
  | { readonly type: "list"; readonly items: readonly Bytes[] }
  | {
      readonly type: "hash";
      readonly fields: readonly (readonly [Bytes, Bytes])[];
      readonly deadlines?: readonly (readonly [Bytes, number])[];
    }
  | { readonly type: "set"; readonly members: readonly Bytes[] }
  /** Scores are texts, because JSON has no infinity. */
  | { readonly type: "zset"; readonly scores: readonly (readonly [Bytes, string])[] }
  | {
      readonly type: "stream";
      readonly entries: readonly (readonly [Bytes, readonly Bytes[]])[];
      readonly lastId: Bytes;
      readonly groups: readonly {
        readonly name: Bytes;
        readonly lastId: Bytes;
        readonly pending: readonly (readonly [Bytes, ModelPending])[];
      }[];
    };

export function modelToJson(model: Model): ModelJson {
  return [...model]
    .sort(([one], [other]) => one - other)
    .flatMap(([database, keys]) =>
      [...keys].sort(byFirst).map(([key, entry]) => ({
        database,
        key,
        ...(entry.deadlineMs !== undefined && { deadlineMs: entry.deadlineMs }),
        value: valueToJson(entry.value),
      })),
    );
}

export function modelFromJson(json: ModelJson): Model {
  const model = new Map<number, Map<Bytes, ModelEntry>>();
  for (const { database, key, deadlineMs, value } of json) {
    const keys = model.get(database) ?? new Map<Bytes, ModelEntry>();
    keys.set(key, { value: valueFromJson(value), ...(deadlineMs !== undefined && { deadlineMs }) });
    model.set(database, keys);
  }
  return model;
}

export function valueToJson(value: ModelValue): ValueJson {
  switch (value.type) {
    case "string":
    case "list":
      return value;
    case "hash":
      return {
        type: "hash",
        fields: [...value.fields].sort(byFirst),
        ...(value.deadlines !== undefined && { deadlines: [...value.deadlines].sort(byFirst) }),
      };
    case "set":
      return { type: "set", members: [...value.members].sort() };
    case "zset":
      return {
        type: "zset",
        scores: [...value.scores].map(([member, score]) => [member, String(score)] as const).sort(byFirst),
      };
    case "stream": {
      const groups = [...value.groups].sort(byFirst);
      return {
        ...value,
        groups: groups.map(([name, { lastId, pending }]) => ({ name, lastId, pending: [...pending].sort(byFirst) })),
      };
    }
  }
}

export function valueFromJson(json: ValueJson): ModelValue {
  switch (json.type) {
    case "string":
    case "list":
      return json;
    case "hash":
      return {
        type: "hash",
        fields: new Map(json.fields),
        ...(json.deadlines !== undefined && { deadlines: new Map(json.deadlines) }),
      };
    case "set":
      return { type: "set", members: new Set(json.members) };
    case "zset":
      return { type: "zset", scores: new Map(json.scores.map(([member, score]) => [member, Number(score)])) };
    case "stream":
      return {
        ...json,
        groups: new Map(
          json.groups.map(({ name, lastId, pending }) => [name, { lastId, pending: new Map(pending) }] as const),
        ),
      };
  }
}

function byFirst(one: readonly [Bytes, unknown], other: readonly [Bytes, unknown]): number {
  return one[0] < other[0] ? -1 : one[0] > other[0] ? 1 : 0;
}
