/**
 * Commands on keys of any type: deleting, expiring, renaming, moving between databases, and those that change keys which
 * they do not name.
 */
import type { Bytes, Reply } from "../recording/history.ts";
import {
  allKeys,
  answers,
  anything,
  deadlineAfter,
  deadlineAt,
  defineFamily,
  firstTwoKeys,
  integer,
  noKeys,
  ok,
  refuses,
  text,
  wholeNumber,
} from "./define.ts";
import type { KeyPool } from "./key-pool.ts";
import type { Deadline, ModelState } from "./model-state.ts";
import type { Moment, Step } from "./operation.ts";

/** What a TTL says may be off by: a store reads its clock once a turn, and rounds to whole seconds. */
const ttlSlackMs = 2_000;

export const keys = defineFamily("keys", {
  DEL: {
    weight: 7,
    keys: allKeys,
    generate: (pool) => Array.from({ length: pool.count(2) }, () => pool.anyKey()),
    step: removeAll,
  },
  UNLINK: { weight: 2, keys: allKeys, generate: (pool) => [pool.anyKey()], step: removeAll },
  EXISTS: {
    changes: "nothing",
    keys: allKeys,
    generate: (pool) => [pool.anyKey(), pool.anyKey()],
    step: (model, names) => answers(integer(names.filter((key) => model.has(key)).length)),
  },
  TYPE: {
    changes: "nothing",
    generate: (pool) => [pool.anyKey()],
    step: (model, [key = ""]) => answers(text(model.entry(key)?.value.type ?? "none")),
  },

  // ── Deadlines ───────────────────────────────────────────────────────────────────────────────────────────────────
  EXPIRE: {
    weight: 2,
    generate: (pool) => [pool.anyKey(), String(pool.lifeSeconds()), ...drawCondition(pool)],
    step: (model, [key = "", seconds = "", condition], moment) =>
      expire(model, key, deadlineAfter(moment, wholeNumber(seconds) * 1_000), condition, moment),
  },
  PEXPIRE: {
    weight: 2,
    generate: (pool) => [pool.anyKey(), String(pool.lifeMs()), ...drawCondition(pool)],
    step: (model, [key = "", ms = "", condition], moment) =>
      expire(model, key, deadlineAfter(moment, wholeNumber(ms)), condition, moment),
  },
  EXPIREAT: {
    generate: (pool) => [pool.anyKey(), String(pool.deadlineSeconds()), ...drawCondition(pool)],
    step: (model, [key = "", seconds = "", condition], moment) =>
      expire(model, key, deadlineAt(wholeNumber(seconds) * 1_000), condition, moment),
  },
  PEXPIREAT: {
    weight: 2,
    generate: (pool) => [pool.anyKey(), String(pool.deadlineMs()), ...drawCondition(pool)],
    step: (model, [key = "", ms = "", condition], moment) =>
      expire(model, key, deadlineAt(wholeNumber(ms)), condition, moment),
  },
  PERSIST: {
    weight: 2,
    generate: (pool) => [pool.anyKey()],
    step: (model, [key = ""]) =>
      model.entry(key)?.deadline === undefined
        ? answers(integer(0))
        : answers(integer(1), (state) => state.setDeadline(key, undefined)),
  },
  TTL: { changes: "nothing", generate: drawOne, step: (model, [key = ""], moment) => life(model, key, moment, 1_000) },
  PTTL: { changes: "nothing", generate: drawOne, step: (model, [key = ""], moment) => life(model, key, moment, 1) },
  EXPIRETIME: {
    changes: "nothing",
    since: "7.0",
    generate: drawOne,
    step: (model, [key = ""]) => deadlineReply(model, key, 1_000),
  },
  PEXPIRETIME: {
    changes: "nothing",
    since: "7.0",
    generate: drawOne,
    step: (model, [key = ""]) => deadlineReply(model, key, 1),
  },

  // ── Other names, other databases ────────────────────────────────────────────────────────────────────────────────
  RENAME: {
    weight: 2,
    keys: firstTwoKeys,
    generate: (pool) => [pool.openKey(), pool.openKey()],
    step: (model, [from = "", to = ""]) => {
      if (!model.has(from)) return refuses("ERR no such key");
      return answers(ok, (state) => state.relocate(from, to));
    },
  },
  RENAMENX: {
    keys: firstTwoKeys,
    generate: (pool) => [pool.openKey(), pool.openKey()],
    step: (model, [from = "", to = ""]) => {
      if (!model.has(from)) return refuses("ERR no such key");
      if (model.has(to)) return answers(integer(0));
      return answers(integer(1), (state) => state.relocate(from, to));
    },
  },
  COPY: {
    since: "6.2",
    keys: firstTwoKeys,
    generate: (pool) => {
      const args = [pool.openKey(), pool.openKey()];
      if (pool.random.chance(0.3)) args.push("DB", String(pool.database()));
      if (pool.random.chance(0.5)) args.push("REPLACE");
      return args;
    },
    step: (model, [from = "", to = "", ...options]) => {
      const target = options[0]?.toUpperCase() === "DB" ? wholeNumber(options[1] ?? "") : model.database;
      const replace = options.at(-1)?.toUpperCase() === "REPLACE";
      if (from === to && target === model.database) {
        return refuses("ERR source and destination objects are the same");
      }
      if (!model.has(from) || (!replace && model.entry(to, target) !== undefined)) return answers(integer(0));
      return answers(integer(1), (state) => state.duplicate(from, to, target));
    },
  },
  MOVE: {
    generate: (pool) => [pool.anyKey(), String(pool.database())],
    step: (model, [key = "", database = ""]) => {
      const target = wholeNumber(database);
      if (target === model.database) return refuses("ERR source and destination objects are the same");
      if (!model.has(key) || model.entry(key, target) !== undefined) return answers(integer(0));
      return answers(integer(1), (state) => state.relocate(key, key, target));
    },
  },
  SELECT: {
    changes: "session",
    keys: noKeys,
    weight: 2,
    generate: (pool) => [String(pool.database())],
    step: (_, [database = ""]) => {
      const wanted = wholeNumber(database);
      return answers(ok, (state) => {
        state.database = wanted;
      });
    },
  },

  // ── Keys that are not named: only while nothing else is under way (O5) ──────────────────────────────────────────
  FLUSHDB: {
    changes: "everything",
    weight: 0,
    keys: noKeys,
    generate: () => [],
    step: (model) => answers(ok, (state) => state.clear(model.database)),
  },
  FLUSHALL: {
    changes: "everything",
    weight: 0,
    keys: noKeys,
    generate: () => [],
    step: () => answers(ok, (state) => state.clearAll()),
  },
  SWAPDB: {
    changes: "everything",
    weight: 0,
    keys: noKeys,
    generate: (pool) => [String(pool.database()), String(pool.database())],
    step: (_, [one = "", other = ""]) => {
      const [first, second] = [wholeNumber(one), wholeNumber(other)];
      return answers(ok, (state) => state.swap(first, second));
    },
  },
  DBSIZE: { changes: "nothing", weight: 0, keys: noKeys, generate: () => [], step: () => answers(anything) },

  // ── The connection ──────────────────────────────────────────────────────────────────────────────────────────────
  PING: {
    changes: "session",
    weight: 0,
    keys: noKeys,
    generate: () => [],
    step: (_, [message]) => answers(text(message ?? "PONG")),
  },
  /** Its answer is a promise about everything before it; durable-reply-checker.ts holds the store to it. */
  WAITAOF: {
    changes: "session",
    // A workload asks for it by itself: it keeps its client waiting.
    weight: 0,
    keys: noKeys,
    generate: (pool) => ["1", "0", String(pool.count(3_000))],
    step: () => answers(anything),
  },
});

// ── Drawing ───────────────────────────────────────────────────────────────────────────────────────────────────────

function drawOne(pool: KeyPool): Bytes[] {
  return [pool.anyKey()];
}

function drawCondition(pool: KeyPool): Bytes[] {
  return pool.random.chance(0.2) ? [pool.random.pick(["NX", "XX", "GT", "LT"])] : [];
}

// ── Stepping ──────────────────────────────────────────────────────────────────────────────────────────────────────

function removeAll(model: ModelState, names: readonly Bytes[]): readonly Step[] {
  const there = new Set(names.filter((key) => model.has(key)));
  if (there.size === 0) return answers(integer(0));
  return answers(integer(there.size), (state) => {
    for (const key of there) state.remove(key);
  });
}

/** The conditions compare with the deadline before; none at all counts as later than any. */
function expire(
  model: ModelState,
  key: Bytes,
  deadline: Deadline,
  condition: Bytes | undefined,
  moment: Moment,
): readonly Step[] {
  const entry = model.entry(key);
  if (entry === undefined) return answers(integer(0));
  const before = entry.deadline ?? { earliestMs: Number.POSITIVE_INFINITY, latestMs: Number.POSITIVE_INFINITY };
  const doIt: Step = {
    reply: integer(1),
    apply: (state) => (deadline.latestMs <= moment.earliestMs ? state.remove(key) : state.setDeadline(key, deadline)),
  };
  const leaveIt: Step = { reply: integer(0) };
  const either = (surely: boolean, surelyNot: boolean) => (surely ? [doIt] : surelyNot ? [leaveIt] : [doIt, leaveIt]);
  switch ((condition ?? "").toUpperCase()) {
    case "":
      return [doIt];
    case "NX":
      return [entry.deadline === undefined ? doIt : leaveIt];
    case "XX":
      return [entry.deadline === undefined ? leaveIt : doIt];
    case "GT":
      return either(deadline.earliestMs > before.latestMs, deadline.latestMs <= before.earliestMs);
    case "LT":
      return either(deadline.latestMs < before.earliestMs, deadline.earliestMs >= before.latestMs);
    default:
      return refuses("ERR Unsupported option");
  }
}

function life(model: ModelState, key: Bytes, moment: Moment, unitMs: number): readonly Step[] {
  const entry = model.entry(key);
  if (entry?.deadline === undefined) return answers(integer(entry === undefined ? -2 : -1));
  const least = entry.deadline.earliestMs - moment.latestMs - ttlSlackMs;
  const most = entry.deadline.latestMs - moment.earliestMs + ttlSlackMs;
  return answers(between(least / unitMs, most / unitMs));
}

function deadlineReply(model: ModelState, key: Bytes, unitMs: number): readonly Step[] {
  const entry = model.entry(key);
  if (entry?.deadline === undefined) return answers(integer(entry === undefined ? -2 : -1));
  const { earliestMs, latestMs } = entry.deadline;
  // Seconds are rounded to the nearest.
  return answers(between((earliestMs - unitMs / 2) / unitMs, (latestMs + unitMs / 2) / unitMs));
}

function between(least: number, most: number) {
  const holds = (told: Reply) => told.kind === "integer" && told.value >= least && told.value <= most;
  return { kind: "such-that", text: `a number from ${Math.ceil(least)} to ${Math.floor(most)}`, holds } as const;
}
