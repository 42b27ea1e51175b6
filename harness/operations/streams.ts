/**
 * Streams and their consumer groups. Ids are mostly given, decades away and rising with every draw. Behind such a one an
 * id that the store makes is the next one; otherwise the store makes it from its clock, and the answer tells which. Where
 * there was no answer, what came back tells which ids it can have been.
 *
 * Not every answer can be foreseen. What is pending of an entry that is gone is forgotten sooner or later (see
 * stream-value.ts), so where a request names such an entry, any answer is right.
 */
import type { Bytes, Reply } from "../recording/history.ts";
import { type Hindsight, OpenChoice } from "./choices.ts";
import {
  answers,
  anything,
  defineFamily,
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
import { describeReply, matchesReply } from "./match-reply.ts";
import type { ModelState } from "./model-state.ts";
import type { ExpectedReply, Moment, Step } from "./operation.ts";
import { compareIds, firstId, nextId, type StreamValue } from "./stream-value.ts";

/** `XGROUP CREATE key …`. */
const secondKey = (args: readonly Bytes[]) => args.slice(1, 2);
/** `… STREAMS key id`. */
const keyBeforeId = (args: readonly Bytes[]) => args.slice(-2, -1);

export const streams = defineFamily("streams", {
  XADD: {
    weight: 10,
    generate: (pool) => {
      const trim = pool.random.chance(0.1) ? ["MAXLEN", "=", String(pool.count(30))] : [];
      const pairs = Array.from({ length: pool.count(3) }, () => [pool.member(), pool.value()]).flat();
      return [pool.key("stream"), ...trim, pool.random.chance(0.15) ? "*" : pool.nextStreamId(), ...pairs];
    },
    step: (model, [key = "", ...args], moment, told, hindsight) => {
      const hasTrim = args[0] === "MAXLEN";
      const [given = "", ...items] = hasTrim ? args.slice(3) : args;
      const lastId = model.read(key, "stream")?.lastId ?? firstId;
      if (given !== "*" && compareIds(given, lastId) <= 0)
        return refuses("ERR The ID specified in XADD is equal or smaller");
      const ids = given === "*" ? madeIds(lastId, items, moment, told, hindsight) : [given];
      return ids.map((id) => ({
        reply: text(id),
        apply: (state) =>
          state.change(key, "stream", (stream) => {
            stream.append(id, items);
            if (hasTrim) stream.trim(wholeNumber(args[2] as Bytes));
          }),
      }));
    },
  },
  XDEL: {
    weight: 2,
    generate: (pool) => [pool.key("stream"), ...drawIds(pool, 2)],
    step: (model, [key = "", ...ids]) => {
      const there = liveOf(model.read(key, "stream"), ids);
      return changing(model, key, integer(there.length), (stream) => {
        for (const id of there) stream.delete(id);
      });
    },
  },
  XTRIM: {
    generate: (pool) => [pool.key("stream"), "MAXLEN", String(pool.count(40))],
    step: (model, [key = "", , length = ""]) => {
      const before = model.read(key, "stream")?.length ?? 0;
      const left = wholeNumber(length);
      return changing(model, key, integer(Math.max(0, before - left)), (stream) => stream.trim(left));
    },
  },
  XGROUP: {
    weight: 3,
    keys: secondKey,
    generate: (pool) => {
      const [key, group] = [pool.key("stream"), drawGroup(pool)];
      return pool.random.pick<() => Bytes[]>([
        () => ["CREATE", key, group, pool.random.pick(["0", "$", pool.earlierStreamId()]), "MKSTREAM"],
        () => ["SETID", key, group, pool.random.pick(["0", "$", pool.earlierStreamId()])],
        () => ["DELCONSUMER", key, group, drawConsumer(pool)],
        () => (pool.random.chance(0.2) ? ["DESTROY", key, group] : ["CREATE", key, group, "0"]),
      ])();
    },
    step: (model, [subcommand = "", key = "", group = "", ...args]) => changeGroup(model, subcommand, key, group, args),
  },
  XREADGROUP: {
    weight: 6,
    keys: keyBeforeId,
    generate: (pool) => {
      const noAck = pool.random.chance(0.1) ? ["NOACK"] : [];
      const reader = ["GROUP", drawGroup(pool), drawConsumer(pool)];
      return [...reader, "COUNT", String(pool.count(5)), ...noAck, "STREAMS", pool.key("stream"), ">"];
    },
    step: (model, args) => {
      const [, group = "", consumer = "", , count = ""] = args;
      const [key = ""] = keyBeforeId(args);
      const { lastId } = groupOf(model, key, group);
      const entries = model.read(key, "stream")?.after(lastId, wholeNumber(count)) ?? [];
      if (entries.length === 0) return answers(nil);
      const noAck = args.includes("NOACK");
      // Entries by stream: a map, or an array of pairs.
      const reply = { kind: "nested", texts: [key, ...entries.flatMap(([id, items]) => [id, ...items])] } as const;
      return changing(model, key, reply, (stream) => {
        for (const [id] of entries) {
          stream.putGroup(group, id);
          if (!noAck) stream.assign(group, id, { consumer, deliveries: 1 });
        }
      });
    },
  },
  XACK: {
    weight: 4,
    generate: (pool) => [pool.key("stream"), drawGroup(pool), ...drawIds(pool, 4)],
    step: (model, [key = "", group = "", ...ids]) => {
      const stream = model.read(key, "stream");
      const pending = new Set(ids.filter((id) => stream?.group(group)?.pending.has(id)));
      const isSure = stream?.group(group) === undefined || liveOf(stream, ids).length === new Set(ids).size;
      return changing(model, key, isSure ? integer(pending.size) : anything, (value) => {
        for (const id of pending) value.acknowledge(group, id);
      });
    },
  },
  XCLAIM: {
    weight: 2,
    generate: (pool) => {
      const justId = pool.random.chance(0.5) ? ["JUSTID"] : [];
      return [pool.key("stream"), drawGroup(pool), drawConsumer(pool), "0", ...drawIds(pool, 3), ...justId];
    },
    step: (model, [key = "", group = "", consumer = "", , ...args]) => {
      const justId = args.at(-1) === "JUSTID";
      const ids = justId ? args.slice(0, -1) : args;
      const { pending } = groupOf(model, key, group);
      const stream = model.read(key, "stream") as StreamValue;
      const live = liveOf(stream, ids);
      const claimed = ids.filter((id) => live.includes(id) && pending.has(id));
      const isSure = live.length === new Set(ids).size;
      const reply = justId ? texts(claimed) : list(claimed.map((id) => entryReply(id, stream.get(id) ?? [])));
      return changing(model, key, isSure ? reply : anything, (value) => {
        for (const id of claimed) {
          const before = value.group(group)?.pending.get(id)?.deliveries ?? 0;
          value.assign(group, id, { consumer, deliveries: justId ? before : before + 1 });
        }
      });
    },
  },
  XAUTOCLAIM: {
    // Before 7.0 it left what is pending of entries that are gone, and answered with them.
    since: "7.0",
    weight: 2,
    generate: (pool) => {
      const start = pool.random.pick(["0", pool.earlierStreamId()]);
      const justId = pool.random.chance(0.3) ? ["JUSTID"] : [];
      // So many that entries which are gone, and count too, never end it early.
      return [pool.key("stream"), drawGroup(pool), drawConsumer(pool), "0", start, "COUNT", "1000000", ...justId];
    },
    step: (model, [key = "", group = "", consumer = "", , start = "", , , justId]) => {
      const { pending } = groupOf(model, key, group);
      const stream = model.read(key, "stream") as StreamValue;
      const claimed = [...pending.keys()].filter((id) => compareIds(id, start) >= 0).sort(compareIds);
      const entries = claimed.map((id) => (justId === undefined ? entryReply(id, stream.get(id) ?? []) : text(id)));
      const expected = [text(firstId), list(entries)];
      // And behind those the ids of entries that are gone.
      const reply: ExpectedReply = {
        kind: "such-that",
        text: `${describeReply(list(expected))} and what is gone`,
        example: list([...expected, list([])]),
        holds: (told) => told.kind === "array" && matchesReply(list(expected), list(told.items.slice(0, 2))),
      };
      return changing(model, key, reply, (value) => {
        for (const id of claimed) {
          const before = value.group(group)?.pending.get(id)?.deliveries ?? 0;
          value.assign(group, id, { consumer, deliveries: justId === undefined ? before + 1 : before });
        }
      });
    },
  },
  XLEN: {
    changes: "nothing",
    generate: (pool) => [pool.key("stream")],
    step: (model, [key = ""]) => answers(integer(model.read(key, "stream")?.length ?? 0)),
  },
  XRANGE: {
    changes: "nothing",
    generate: (pool) => [pool.key("stream"), "-", "+", "COUNT", String(pool.count(10))],
    step: (model, [key = "", , , , count = ""]) => {
      const entries = model.read(key, "stream")?.after(firstId, wholeNumber(count)) ?? [];
      return answers(list(entries.map(([id, items]) => entryReply(id, items))));
    },
  },
});

// ── Drawing ───────────────────────────────────────────────────────────────────────────────────────────────────────

function drawGroup(pool: KeyPool): Bytes {
  return pool.random.pick(["g1", "g2"]);
}

function drawConsumer(pool: KeyPool): Bytes {
  return pool.random.pick(["ann", "bob", "\x00\r\n\xff"]);
}

function drawIds(pool: KeyPool, most: number): Bytes[] {
  // A claim or a deletion of the same entry twice is a case of its own, which no store answers like another.
  return [...new Set(Array.from({ length: pool.count(most) }, () => pool.earlierStreamId()))];
}

// ── Stepping ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** Of a stream that is not there nothing changes. */
function changing(
  model: ModelState,
  key: Bytes,
  reply: ExpectedReply,
  how: (stream: StreamValue) => void,
): readonly Step[] {
  if (model.read(key, "stream") === undefined) return answers(reply);
  return answers(reply, (state) => state.change(key, "stream", how));
}

function liveOf(stream: StreamValue | undefined, ids: readonly Bytes[]): readonly Bytes[] {
  return [...new Set(ids)].filter((id) => stream?.get(id) !== undefined);
}

function groupOf(model: ModelState, key: Bytes, name: Bytes) {
  return model.read(key, "stream")?.group(name) ?? refuses("NOGROUP No such key or consumer group");
}

function changeGroup(
  model: ModelState,
  subcommand: Bytes,
  key: Bytes,
  group: Bytes,
  args: readonly Bytes[],
): readonly Step[] {
  const stream = model.read(key, "stream");
  if (subcommand === "CREATE") {
    if (stream === undefined && args[1] !== "MKSTREAM") return refuses("ERR the key must exist");
    if (stream?.group(group) !== undefined) return refuses("BUSYGROUP Consumer Group name already exists");
    const id = idOf(args[0], stream);
    return answers(ok, (state) => state.change(key, "stream", (value) => value.putGroup(group, id)));
  }
  if (stream === undefined) return refuses("ERR the key must exist");
  if (subcommand === "DESTROY") {
    const there = stream.group(group) !== undefined;
    return changing(model, key, integer(there ? 1 : 0), (value) => value.removeGroup(group));
  }
  const { pending } = groupOf(model, key, group);
  if (subcommand === "SETID") return changing(model, key, ok, (value) => value.putGroup(group, idOf(args[0], value)));
  const own = [...pending].filter(([, { consumer }]) => consumer === args[0]);
  // How many were pending, with entries that are gone by now.
  return changing(model, key, anything, (value) => {
    for (const [id] of own) value.acknowledge(group, id);
  });
}

/** Clocks of a store and of its clients are never so far apart. */
const farMs = 3_600_000;

/** The ids that a store can have made for an entry behind `lastId`. */
function madeIds(
  lastId: Bytes,
  items: readonly Bytes[],
  moment: Moment,
  told: Reply | undefined,
  hindsight: Hindsight | undefined,
): readonly Bytes[] {
  // The clock has not come so far: the store counts on.
  if (Number.parseInt(lastId, 10) > moment.latestMs + farMs) return [nextId(lastId)];
  // What does not rise, or is no id at all, is no lawful answer here; the model goes on with the least that is.
  if (told !== undefined) {
    return [told.kind === "string" && compareIds(told.value, lastId) > 0 ? told.value : nextId(lastId)];
  }
  if (hindsight === undefined) throw new OpenChoice("the store made an id, and nobody was told which");
  const found = new Set<Bytes>();
  for (const keys of hindsight.recovered.values()) {
    for (const { value } of keys.values()) {
      if (value.type !== "stream") continue;
      // The entry itself, or the id that is left of it when it was trimmed away.
      for (const [id, others] of value.entries) if (sameTexts(items, others)) found.add(id);
      found.add(value.lastId);
    }
  }
  // Of an entry that left no trace the id does not matter.
  found.add(`${moment.latestMs}-0`);
  return [...found].filter((id) => compareIds(id, lastId) > 0);
}

function sameTexts(one: readonly Bytes[], other: readonly Bytes[]): boolean {
  return one.length === other.length && one.every((text, index) => text === other[index]);
}

function idOf(argument: Bytes | undefined, stream: StreamValue | undefined): Bytes {
  if (argument === "$") return stream?.lastId ?? firstId;
  return argument === "0" || argument === undefined ? firstId : argument;
}

function entryReply(id: Bytes, items: readonly Bytes[]): Reply {
  return list([text(id), texts(items)]);
}
