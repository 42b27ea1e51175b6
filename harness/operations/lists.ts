/**
 * Lists. What is pushed is unique in the whole run, so where an element turns up says which call put it there.
 */
import type { Bytes, Reply } from "../recording/history.ts";
import {
  answers,
  clampRange,
  countedKeys,
  defineFamily,
  firstTwoKeys,
  floatNumber,
  integer,
  list,
  nil,
  ok,
  refuses,
  text,
  texts,
  wholeNumber,
} from "./define.ts";
import type { KeyPool } from "./key-pool.ts";
import type { ModelState } from "./model-state.ts";
import type { Step } from "./operation.ts";
import type { ListValue } from "./values.ts";

type End = "LEFT" | "RIGHT";

export const lists = defineFamily("lists", {
  RPUSH: { weight: 8, generate: drawPush, step: (model, [key = "", ...items]) => push(model, key, "RIGHT", items) },
  LPUSH: { weight: 5, generate: drawPush, step: (model, [key = "", ...items]) => push(model, key, "LEFT", items) },
  RPUSHX: {
    generate: drawPush,
    step: (model, [key = "", ...items]) => (has(model, key) ? push(model, key, "RIGHT", items) : answers(integer(0))),
  },
  LPUSHX: {
    generate: drawPush,
    step: (model, [key = "", ...items]) => (has(model, key) ? push(model, key, "LEFT", items) : answers(integer(0))),
  },
  LPOP: { weight: 4, generate: drawPop, step: (model, [key = "", count]) => pop(model, key, "LEFT", count) },
  RPOP: { weight: 3, generate: drawPop, step: (model, [key = "", count]) => pop(model, key, "RIGHT", count) },
  LMPOP: {
    since: "7.0",
    keys: countedKeys,
    generate: (pool) => [
      "2",
      pool.key("list"),
      pool.key("list"),
      drawEnd(pool),
      ...(pool.random.chance(0.5) ? ["COUNT", String(pool.count(3))] : []),
    ],
    step: (model, args) => {
      const keys = countedKeys(args);
      const [end = "", , count = "1"] = args.slice(1 + keys.length);
      const key = keys.find((name) => has(model, name));
      if (key === undefined) return answers(nil);
      const taken = upTo(model.read(key, "list") as ListValue, endOf(end), wholeNumber(count));
      return answers(list([text(key), texts(taken)]), (state) => take(state, key, endOf(end), taken.length));
    },
  },
  // Blocking pops are played only where something is there to pop: otherwise they wait, and a client with them.
  BLPOP: {
    weight: 0,
    keys: allButLast,
    generate: drawBlockingPop,
    step: (model, args) => blockingPop(model, args, "LEFT"),
  },
  BRPOP: {
    weight: 0,
    keys: allButLast,
    generate: drawBlockingPop,
    step: (model, args) => blockingPop(model, args, "RIGHT"),
  },
  RPOPLPUSH: {
    weight: 2,
    keys: firstTwoKeys,
    generate: (pool) => [pool.key("list"), pool.key("list")],
    step: (model, [from = "", to = ""]) => move(model, from, to, "RIGHT", "LEFT"),
  },
  LMOVE: {
    since: "6.2",
    weight: 2,
    keys: firstTwoKeys,
    generate: (pool) => [pool.key("list"), pool.key("list"), drawEnd(pool), drawEnd(pool)],
    step: (model, [from = "", to = "", out = "", into = ""]) => move(model, from, to, endOf(out), endOf(into)),
  },
  LSET: {
    weight: 2,
    generate: (pool) => [pool.key("list"), drawIndex(pool), pool.element()],
    step: (model, [key = "", index = "", item = ""]) => {
      const value = model.read(key, "list");
      if (value === undefined) return refuses("ERR no such key");
      const at = positionIn(value, index);
      if (at < 0 || at >= value.size) return refuses("ERR index out of range");
      return answers(ok, (state) => state.change(key, "list", (items) => items.set(at, item)));
    },
  },
  LINSERT: {
    weight: 2,
    generate: (pool) => [pool.key("list"), pool.random.pick(["BEFORE", "AFTER"]), drawItem(pool), pool.element()],
    step: (model, [key = "", side = "", pivot = "", item = ""]) => {
      const value = model.read(key, "list");
      if (value === undefined) return answers(integer(0));
      const at = value.items().indexOf(pivot);
      if (at < 0) return answers(integer(-1));
      const place = side.toUpperCase() === "BEFORE" ? at : at + 1;
      return answers(integer(value.size + 1), (state) =>
        state.change(key, "list", (items) => items.replaceAll(items.items().toSpliced(place, 0, item))),
      );
    },
  },
  LREM: {
    weight: 2,
    generate: (pool) => [pool.key("list"), String(pool.random.below(3) - 1), drawItem(pool)],
    step: (model, [key = "", count = "", item = ""]) => {
      const before = model.read(key, "list")?.items() ?? [];
      const after = without(before, item, wholeNumber(count));
      return changesOrNot(integer(before.length - after.length), before.length !== after.length, (state) =>
        state.change(key, "list", (items) => items.replaceAll(after)),
      );
    },
  },
  LTRIM: {
    generate: (pool) => [pool.key("list"), String(pool.random.below(3)), String(-1 - pool.random.below(3))],
    step: (model, [key = "", start = "", stop = ""]) => {
      const value = model.read(key, "list");
      const { from, to } = clampRange(wholeNumber(start), wholeNumber(stop), value?.size ?? 0);
      return changesOrNot(ok, value !== undefined, (state) =>
        state.change(key, "list", (items) => {
          // From the ends inwards: a capped log is trimmed after each push, and must not cost its length each time.
          while (items.size > Math.max(0, to + 1)) items.popLast();
          for (let dropped = 0; dropped < from && items.size > 0; dropped++) items.popFirst();
        }),
      );
    },
  },
  LLEN: {
    changes: "nothing",
    generate: (pool) => [pool.key("list")],
    step: (model, [key = ""]) => answers(integer(model.read(key, "list")?.size ?? 0)),
  },
  LINDEX: {
    changes: "nothing",
    generate: (pool) => [pool.key("list"), drawIndex(pool)],
    step: (model, [key = "", index = ""]) => {
      const value = model.read(key, "list");
      if (value === undefined) return answers(nil);
      const at = positionIn(value, index);
      return answers(at < 0 || at >= value.size ? nil : text(value.at(at)));
    },
  },
  LRANGE: {
    changes: "nothing",
    weight: 2,
    generate: (pool) => [pool.key("list"), "0", "-1"],
    step: (model, [key = "", start = "", stop = ""]) => {
      const items = model.read(key, "list")?.items() ?? [];
      const { from, to } = clampRange(wholeNumber(start), wholeNumber(stop), items.length);
      return answers(texts(items.slice(from, Math.max(from, to + 1))));
    },
  },
});

// ── Drawing ───────────────────────────────────────────────────────────────────────────────────────────────────────

function drawPush(pool: KeyPool): Bytes[] {
  return [pool.key("list"), ...Array.from({ length: pool.count(3) }, () => pool.element())];
}

function drawPop(pool: KeyPool): Bytes[] {
  return pool.random.chance(0.3) ? [pool.key("list"), String(pool.count(3))] : [pool.key("list")];
}

function drawBlockingPop(pool: KeyPool): Bytes[] {
  return [pool.key("list"), "0.01"];
}

function drawEnd(pool: KeyPool): End {
  return pool.random.pick(["LEFT", "RIGHT"]);
}

function drawIndex(pool: KeyPool): Bytes {
  return String(pool.random.below(6) - 3);
}

/** Some element that this client may have pushed a while ago. */
function drawItem(pool: KeyPool): Bytes {
  return pool.earlierElement();
}

// ── Stepping ──────────────────────────────────────────────────────────────────────────────────────────────────────

function allButLast(args: readonly Bytes[]): readonly Bytes[] {
  return args.slice(0, -1);
}

function has(model: ModelState, key: Bytes): boolean {
  return model.read(key, "list") !== undefined;
}

function endOf(argument: Bytes): End {
  const end = argument.toUpperCase();
  return end === "LEFT" || end === "RIGHT" ? end : refuses("ERR syntax error");
}

function positionIn(value: ListValue, argument: Bytes): number {
  const index = wholeNumber(argument);
  return index < 0 ? index + value.size : index;
}

function changesOrNot(reply: Reply, changes: boolean, apply: (state: ModelState) => void): readonly Step[] {
  return changes ? answers(reply, apply) : answers(reply);
}

function push(model: ModelState, key: Bytes, end: End, items: readonly Bytes[]): readonly Step[] {
  const before = model.read(key, "list")?.size ?? 0;
  return answers(integer(before + items.length), (state) =>
    state.change(key, "list", (value) => {
      for (const item of items) put(value, end, item);
    }),
  );
}

function pop(model: ModelState, key: Bytes, end: End, count: Bytes | undefined): readonly Step[] {
  const wanted = count === undefined ? 1 : wholeNumber(count);
  if (wanted < 0) return refuses("ERR value is out of range, must be positive");
  const value = model.read(key, "list");
  if (value === undefined) return answers(nil);
  const taken = upTo(value, end, wanted);
  const reply = count === undefined ? text(taken[0]) : texts(taken);
  return changesOrNot(reply, taken.length > 0, (state) => take(state, key, end, taken.length));
}

function blockingPop(model: ModelState, args: readonly Bytes[], end: End): readonly Step[] {
  floatNumber(args.at(-1) ?? "", "ERR timeout is not a float or out of range");
  const key = allButLast(args).find((name) => has(model, name));
  if (key === undefined) return answers(nil);
  const [item] = upTo(model.read(key, "list") as ListValue, end, 1);
  return answers(list([text(key), text(item)]), (state) => take(state, key, end, 1));
}

function move(model: ModelState, from: Bytes, to: Bytes, out: End, into: End): readonly Step[] {
  const source = model.read(from, "list");
  if (source === undefined) return answers(nil);
  model.read(to, "list");
  const item = upTo(source, out, 1)[0] as Bytes;
  return answers(text(item), (state) => {
    if (from === to) {
      // Never empty in between, or a list of one element would lose its deadline.
      state.change(from, "list", (items) => {
        takeOne(items, out);
        put(items, into, item);
      });
    } else {
      take(state, from, out, 1);
      state.change(to, "list", (items) => put(items, into, item));
    }
  });
}

function upTo(value: ListValue, end: End, count: number): Bytes[] {
  return Array.from({ length: Math.min(count, value.size) }, (_, index) =>
    value.at(end === "LEFT" ? index : value.size - 1 - index),
  );
}

function take(state: ModelState, key: Bytes, end: End, count: number): void {
  state.change(key, "list", (items) => {
    for (let taken = 0; taken < count; taken++) takeOne(items, end);
  });
}

function takeOne(items: ListValue, end: End): void {
  if (end === "LEFT") items.popFirst();
  else items.popLast();
}

function put(items: ListValue, end: End, item: Bytes): void {
  if (end === "LEFT") items.pushFirst(item);
  else items.pushLast(item);
}

/** Without the first `count` of these, from the head or, when negative, from the tail; 0 is all of them. */
function without(items: readonly Bytes[], unwanted: Bytes, count: number): Bytes[] {
  let left = count === 0 ? items.length : Math.abs(count);
  const keep = (item: Bytes) => item !== unwanted || left-- <= 0;
  return count < 0 ? items.toReversed().filter(keep).toReversed() : items.filter(keep);
}
