/**
 * Hashes: records with fields that change one by one.
 */
import type { Bytes } from "../recording/history.ts";
import {
  answers,
  bigNumber,
  checkedSum,
  decimalSum,
  defineFamily,
  floatNumber,
  integer,
  list,
  ok,
  text,
  unordered,
} from "./define.ts";
import type { KeyPool } from "./key-pool.ts";
import type { ModelState } from "./model-state.ts";

/** A field that holds whole numbers, and one that holds decimals; the others hold anything. */
const wholeField = "n";
const decimalField = "d";

export const hashes = defineFamily("hashes", {
  HSET: {
    weight: 8,
    generate: drawFields,
    step: (model, [key = "", ...pairs]) => {
      const before = model.read(key, "hash");
      const added = new Set(fieldsOf(pairs).filter((field) => before?.get(field) === undefined));
      return answers(integer(added.size), (state) => setFields(state, key, pairs));
    },
  },
  HMSET: {
    generate: drawFields,
    step: (model, [key = "", ...pairs]) => {
      model.read(key, "hash");
      return answers(ok, (state) => setFields(state, key, pairs));
    },
  },
  HSETNX: {
    weight: 2,
    generate: (pool) => [pool.key("hash"), pool.member(), pool.value()],
    step: (model, [key = "", field = "", value = ""]) =>
      model.read(key, "hash")?.get(field) === undefined
        ? answers(integer(1), (state) => setFields(state, key, [field, value]))
        : answers(integer(0)),
  },
  HDEL: {
    weight: 4,
    generate: (pool) => [pool.key("hash"), ...Array.from({ length: pool.count(3) }, () => pool.member())],
    step: (model, [key = "", ...fields]) => {
      const before = model.read(key, "hash");
      const there = new Set(fields.filter((field) => before?.get(field) !== undefined));
      if (there.size === 0) return answers(integer(0));
      return answers(integer(there.size), (state) =>
        state.change(key, "hash", (hash) => {
          for (const field of there) hash.delete(field);
        }),
      );
    },
  },
  HINCRBY: {
    weight: 3,
    generate: (pool) => [pool.key("hash"), wholeField, pool.whole()],
    step: (model, [key = "", field = "", amount = ""]) => {
      const before = bigNumber(model.read(key, "hash")?.get(field) ?? "0", "ERR hash value is not an integer");
      const after = checkedSum(before, bigNumber(amount), "ERR increment or decrement would overflow");
      return answers(integer(Number(after)), (state) => updateField(state, key, field, String(after)));
    },
  },
  HINCRBYFLOAT: {
    weight: 2,
    generate: (pool) => [pool.key("hash"), decimalField, pool.decimal()],
    step: (model, [key = "", field = "", amount = ""], _, told) => {
      const before = floatNumber(model.read(key, "hash")?.get(field) ?? "0", "ERR hash value is not a float");
      const after = decimalSum(before, floatNumber(amount), told);
      return answers(text(after), (state) => updateField(state, key, field, after));
    },
  },
  HGET: {
    changes: "nothing",
    weight: 2,
    generate: (pool) => [pool.key("hash"), pool.member()],
    step: (model, [key = "", field = ""]) => answers(text(model.read(key, "hash")?.get(field))),
  },
  HMGET: {
    changes: "nothing",
    generate: (pool) => [pool.key("hash"), pool.member(), wholeField],
    step: (model, [key = "", ...fields]) => {
      const hash = model.read(key, "hash");
      return answers(list(fields.map((field) => text(hash?.get(field)))));
    },
  },
  HGETALL: {
    changes: "nothing",
    weight: 2,
    generate: (pool) => [pool.key("hash")],
    step: (model, [key = ""]) => answers(unordered([...(model.read(key, "hash")?.entries() ?? [])].flat(), 2)),
  },
  HLEN: {
    changes: "nothing",
    generate: (pool) => [pool.key("hash")],
    step: (model, [key = ""]) => answers(integer(model.read(key, "hash")?.size ?? 0)),
  },
  HEXISTS: {
    changes: "nothing",
    generate: (pool) => [pool.key("hash"), pool.member()],
    step: (model, [key = "", field = ""]) =>
      answers(integer(model.read(key, "hash")?.get(field) === undefined ? 0 : 1)),
  },
  HKEYS: {
    changes: "nothing",
    generate: (pool) => [pool.key("hash")],
    step: (model, [key = ""]) =>
      answers(unordered(Array.from(model.read(key, "hash")?.entries() ?? [], ([field]) => field))),
  },
});

function drawFields(pool: KeyPool): Bytes[] {
  const pairs = Array.from({ length: pool.count(4) }, () => [pool.member(), pool.value()]);
  return [pool.key("hash"), ...pairs.flat()];
}

function fieldsOf(pairs: readonly Bytes[]): Bytes[] {
  return pairs.filter((_, index) => index % 2 === 0);
}

function setFields(state: ModelState, key: Bytes, pairs: readonly Bytes[]): void {
  state.change(key, "hash", (hash) => {
    for (let index = 0; index + 1 < pairs.length; index += 2) {
      hash.set(pairs[index] as Bytes, pairs[index + 1] as Bytes);
    }
  });
}

function updateField(state: ModelState, key: string, field: Bytes, value: Bytes): void {
  state.change(key, "hash", (hash) => hash.update(field, value));
}
