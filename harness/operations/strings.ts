/**
 * Strings: texts, counters, decimals, single bits.
 */
import type { Bytes } from "../recording/history.ts";
import {
  allKeys,
  answers,
  bigNumber,
  checkedSum,
  deadlineOption,
  decimalSum,
  defineFamily,
  drawDeadlineOption,
  everySecondKey,
  floatNumber,
  integer,
  list,
  nil,
  ok,
  refuses,
  text,
  wholeNumber,
} from "./define.ts";
import type { Deadline, ModelState } from "./model-state.ts";
import type { Moment, Step } from "./operation.ts";
import { StringValue } from "./values.ts";

export const strings = defineFamily("strings", {
  SET: {
    weight: 12,
    generate: (pool) => {
      const args = [pool.key("string"), pool.value()];
      if (pool.random.chance(0.2)) args.push(pool.random.pick(["NX", "XX"]));
      if (pool.random.chance(0.1)) args.push("GET");
      if (pool.random.chance(0.3)) args.push(...(pool.random.chance(0.3) ? ["KEEPTTL"] : drawDeadlineOption(pool)));
      return args;
    },
    step: (model, [key = "", value = "", ...options], moment) => {
      const wish = setOptions(options, moment);
      const before = wish.get ? textAt(model, key) : undefined;
      const exists = model.has(key);
      const reply = wish.get ? text(before) : ok;
      if ((wish.when === "NX" && exists) || (wish.when === "XX" && !exists)) return answers(wish.get ? reply : nil);
      return answers(reply, (state) => {
        const deadline = wish.keep ? state.entry(key)?.deadline : wish.deadline;
        state.put(key, new StringValue(value), deadline);
      });
    },
  },
  GET: {
    changes: "nothing",
    weight: 6,
    generate: (pool) => [pool.key(pool.random.pick(["string", "counter", "decimal"]))],
    step: (model, [key = ""]) => answers(text(textAt(model, key))),
  },
  SETNX: {
    generate: (pool) => [pool.key("string"), pool.value()],
    step: (model, [key = "", value = ""]) =>
      model.has(key) ? answers(integer(0)) : answers(integer(1), (state) => state.put(key, new StringValue(value))),
  },
  SETEX: {
    generate: (pool) => [pool.key("string"), String(pool.lifeSeconds()), pool.value()],
    step: (_, [key = "", seconds = "", value = ""], moment) => {
      const deadline = deadlineOption("EX", seconds, moment);
      return answers(ok, (state) => state.put(key, new StringValue(value), deadline));
    },
  },
  PSETEX: {
    generate: (pool) => [pool.key("string"), String(pool.lifeMs()), pool.value()],
    step: (_, [key = "", ms = "", value = ""], moment) => {
      const deadline = deadlineOption("PX", ms, moment);
      return answers(ok, (state) => state.put(key, new StringValue(value), deadline));
    },
  },
  MSET: {
    weight: 3,
    keys: everySecondKey,
    generate: (pool) => Array.from({ length: pool.count(3) }, () => [pool.key("string"), pool.value()]).flat(),
    step: (_, args) => answers(ok, (state) => putPairs(state, args)),
  },
  MSETNX: {
    keys: everySecondKey,
    generate: (pool) => Array.from({ length: pool.count(2) }, () => [pool.key("string"), pool.value()]).flat(),
    step: (model, args) =>
      everySecondKey(args).some((key) => model.has(key))
        ? answers(integer(0))
        : answers(integer(1), (state) => putPairs(state, args)),
  },
  MGET: {
    changes: "nothing",
    keys: allKeys,
    generate: (pool) => [pool.key("string"), pool.key("counter"), pool.key("list")],
    step: (model, keys) =>
      answers(list(keys.map((key) => (model.entry(key)?.value.type === "string" ? text(textAt(model, key)) : nil)))),
  },
  GETSET: {
    generate: (pool) => [pool.key("string"), pool.value()],
    step: (model, [key = "", value = ""]) =>
      answers(text(textAt(model, key)), (state) => state.put(key, new StringValue(value))),
  },
  GETDEL: {
    since: "6.2",
    generate: (pool) => [pool.key("string")],
    step: (model, [key = ""]) => answers(text(textAt(model, key)), (state) => state.remove(key)),
  },
  GETEX: {
    since: "6.2",
    generate: (pool) => [pool.key("string"), ...(pool.random.chance(0.3) ? ["PERSIST"] : drawDeadlineOption(pool))],
    step: (model, [key = "", option, amount = ""], moment) => {
      const reply = text(textAt(model, key));
      if (option === undefined) return answers(reply);
      const deadline = option === "PERSIST" ? undefined : deadlineOption(option, amount, moment);
      return answers(reply, (state) => state.setDeadline(key, deadline));
    },
  },
  APPEND: {
    weight: 4,
    generate: (pool) => [pool.key("string"), `${pool.element()};`],
    step: (model, [key = "", tail = ""]) => {
      const before = model.read(key, "string");
      const after = before === undefined ? new StringValue(tail) : before.appended(tail);
      return answers(integer(after.size), (state) => replaceText(state, key, after));
    },
  },
  STRLEN: {
    changes: "nothing",
    generate: (pool) => [pool.key("string")],
    step: (model, [key = ""]) => answers(integer(model.read(key, "string")?.size ?? 0)),
  },
  GETRANGE: {
    changes: "nothing",
    generate: (pool) => [pool.key("string"), "2", "-2"],
    step: (model, [key = "", start = "", end = ""]) => {
      const value = textAt(model, key) ?? "";
      const from = offsetIn(value, wholeNumber(start));
      return answers(text(value.slice(from, offsetIn(value, wholeNumber(end)) + 1)));
    },
  },
  SETRANGE: {
    weight: 2,
    generate: (pool) => [pool.key("string"), String(pool.random.below(40)), pool.element()],
    step: (model, [key = "", offset = "", patch = ""]) => {
      const before = textAt(model, key) ?? "";
      const at = wholeNumber(offset);
      if (at < 0) refuses("ERR offset is out of range");
      if (patch === "") return answers(integer(before.length));
      const after = before.slice(0, at).padEnd(at, "\0") + patch + before.slice(at + patch.length);
      return answers(integer(after.length), (state) => replaceText(state, key, new StringValue(after)));
    },
  },
  SETBIT: {
    generate: (pool) => [pool.key("string"), String(pool.random.below(100)), String(pool.random.below(2))],
    step: (model, [key = "", offset = "", bit = ""]) => {
      const before = textAt(model, key) ?? "";
      const at = bitOffset(offset);
      if (bit !== "0" && bit !== "1") refuses("ERR bit is not an integer or out of range");
      const grown = before.padEnd(at.byte + 1, "\0");
      const code = grown.charCodeAt(at.byte);
      const changed = String.fromCharCode(bit === "1" ? code | at.mask : code & ~at.mask);
      const after = grown.slice(0, at.byte) + changed + grown.slice(at.byte + 1);
      return answers(integer((code & at.mask) === 0 ? 0 : 1), (state) =>
        replaceText(state, key, new StringValue(after)),
      );
    },
  },
  GETBIT: {
    changes: "nothing",
    generate: (pool) => [pool.key("string"), String(pool.random.below(100))],
    step: (model, [key = "", offset = ""]) => {
      const at = bitOffset(offset);
      const code = (textAt(model, key) ?? "").padEnd(at.byte + 1, "\0").charCodeAt(at.byte);
      return answers(integer((code & at.mask) === 0 ? 0 : 1));
    },
  },
  INCR: {
    weight: 8,
    generate: (pool) => [pool.key("counter")],
    step: (model, [key = ""]) => addWhole(model, key, 1n),
  },
  DECR: {
    weight: 2,
    generate: (pool) => [pool.key("counter")],
    step: (model, [key = ""]) => addWhole(model, key, -1n),
  },
  INCRBY: {
    weight: 3,
    generate: (pool) => [pool.key("counter"), pool.whole()],
    step: (model, [key = "", amount = ""]) => addWhole(model, key, bigNumber(amount)),
  },
  DECRBY: {
    generate: (pool) => [pool.key("counter"), pool.whole()],
    step: (model, [key = "", amount = ""]) => addWhole(model, key, -bigNumber(amount)),
  },
  INCRBYFLOAT: {
    weight: 2,
    generate: (pool) => [pool.key("decimal"), pool.decimal()],
    step: (model, [key = "", amount = ""], _, told) => {
      const before = floatNumber(textAt(model, key) ?? "0");
      const after = decimalSum(before, floatNumber(amount), told);
      return answers(text(after), (state) => replaceText(state, key, new StringValue(after)));
    },
  },
});

interface SetOptions {
  readonly when?: "NX" | "XX";
  readonly get: boolean;
  readonly keep: boolean;
  readonly deadline?: Deadline;
}

function setOptions(options: readonly Bytes[], moment: Moment): SetOptions {
  let wish: SetOptions = { get: false, keep: false };
  for (let index = 0; index < options.length; index++) {
    const option = (options[index] as Bytes).toUpperCase();
    if (option === "NX" || option === "XX") wish = { ...wish, when: option };
    else if (option === "GET") wish = { ...wish, get: true };
    else if (option === "KEEPTTL") wish = { ...wish, keep: true };
    else if (["EX", "PX", "EXAT", "PXAT"].includes(option)) {
      wish = { ...wish, deadline: deadlineOption(option, options[++index] ?? "", moment) };
    } else refuses("ERR syntax error");
  }
  return wish;
}

function textAt(model: ModelState, key: Bytes): Bytes | undefined {
  return model.read(key, "string")?.text;
}

/** Another text under the same key, which keeps its deadline. */
function replaceText(state: ModelState, key: Bytes, value: StringValue): void {
  state.put(key, value, state.entry(key)?.deadline);
}

function putPairs(state: ModelState, args: readonly Bytes[]): void {
  for (let index = 0; index + 1 < args.length; index += 2) {
    state.put(args[index] as Bytes, new StringValue(args[index + 1] as Bytes));
  }
}

function addWhole(model: ModelState, key: Bytes, amount: bigint): readonly Step[] {
  const before = bigNumber(textAt(model, key) ?? "0");
  const after = checkedSum(before, amount, "ERR increment or decrement would overflow");
  return answers(integer(Number(after)), (state) => replaceText(state, key, new StringValue(String(after))));
}

function offsetIn(value: Bytes, position: number): number {
  return Math.max(0, position < 0 ? position + value.length : position);
}

function bitOffset(argument: Bytes): { readonly byte: number; readonly mask: number } {
  const offset = wholeNumber(argument);
  if (offset < 0 || offset >= 2 ** 32) refuses("ERR bit offset is not an integer or out of range");
  return { byte: Math.floor(offset / 8), mask: 0x80 >> (offset % 8) };
}
