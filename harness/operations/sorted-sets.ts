/**
 * Sorted sets. All scores that generators draw are sums of eighths, which every floating-point format holds exactly.
 */
import type { Bytes, Reply } from "../recording/history.ts";
import {
  answers,
  clampRange,
  countedKeys,
  defineFamily,
  double,
  firstTwoKeys,
  floatNumber,
  integer,
  list,
  nil,
  refuses,
  text,
  wholeNumber,
} from "./define.ts";
import type { KeyPool } from "./key-pool.ts";
import type { ModelState } from "./model-state.ts";
import type { Step } from "./operation.ts";
import { sortedSetOf } from "./values.ts";

export const sortedSets = defineFamily("sorted-sets", {
  ZADD: {
    weight: 8,
    generate: (pool) => {
      const pairs = Array.from({ length: pool.count(3) }, () => [pool.score(), pool.member()]).flat();
      const flags = pool.random.chance(0.3) ? [pool.random.pick(["NX", "XX", "GT", "LT"])] : [];
      if (pool.random.chance(0.2)) flags.push("CH");
      return [pool.key("zset"), ...flags, ...pairs];
    },
    step: (model, [key = "", ...args]) => add(model, key, args),
  },
  ZINCRBY: {
    weight: 3,
    generate: (pool) => [pool.key("zset"), pool.decimal(), pool.member()],
    step: (model, [key = "", amount = "", member = ""]) => add(model, key, ["INCR", amount, member]),
  },
  ZREM: {
    weight: 3,
    generate: (pool) => [pool.key("zset"), ...Array.from({ length: pool.count(2) }, () => pool.member())],
    step: (model, [key = "", ...members]) => {
      const before = model.read(key, "zset");
      return removing(
        key,
        [...new Set(members)].filter((member) => before?.score(member) !== undefined),
        countReply,
      );
    },
  },
  ZPOPMIN: { weight: 2, generate: drawPop, step: (model, [key = "", count]) => pop(model, key, "MIN", count) },
  ZPOPMAX: { weight: 2, generate: drawPop, step: (model, [key = "", count]) => pop(model, key, "MAX", count) },
  ZREMRANGEBYRANK: {
    generate: (pool) => [pool.key("zset"), String(pool.random.below(3)), String(pool.random.below(4))],
    step: (model, [key = "", start = "", stop = ""]) => {
      const ranked = model.read(key, "zset")?.ranked() ?? [];
      const { from, to } = clampRange(wholeNumber(start), wholeNumber(stop), ranked.length);
      return removing(
        key,
        ranked.slice(from, Math.max(from, to + 1)).map(([member]) => member),
        countReply,
      );
    },
  },
  ZREMRANGEBYSCORE: {
    generate: (pool) => [pool.key("zset"), pool.whole(), pool.random.pick(["(900", "+inf", "500"])],
    step: (model, [key = "", min = "", max = ""]) => {
      const [least, most] = [scoreLimit(min), scoreLimit(max)];
      const ranked = model.read(key, "zset")?.ranked() ?? [];
      const within = ranked.filter(
        ([, score]) =>
          (least.open ? score > least.score : score >= least.score) &&
          (most.open ? score < most.score : score <= most.score),
      );
      return removing(
        key,
        within.map(([member]) => member),
        countReply,
      );
    },
  },
  ZRANGESTORE: {
    since: "6.2",
    keys: firstTwoKeys,
    generate: (pool) => [pool.key("zset"), pool.key("zset"), "0", String(pool.random.below(5) - 1)],
    step: (model, [to = "", from = "", start = "", stop = ""]) => {
      const ranked = model.read(from, "zset")?.ranked() ?? [];
      const range = clampRange(wholeNumber(start), wholeNumber(stop), ranked.length);
      return store(to, ranked.slice(range.from, Math.max(range.from, range.to + 1)));
    },
  },
  ZUNIONSTORE: {
    keys: storeKeys,
    generate: (pool) => [pool.key("zset"), "2", pool.key("zset"), pool.key("zset")],
    step: (model, args) => {
      const [to = "", ...from] = storeKeys(args);
      const sums = new Map<Bytes, number>();
      for (const [member, score] of from.flatMap((key) => scoresOf(model, key))) {
        const sum = (sums.get(member) ?? 0) + score;
        // As the store has it: infinities of both signs make nothing.
        sums.set(member, Number.isNaN(sum) ? 0 : sum);
      }
      return store(to, [...sums]);
    },
  },
  ZSCORE: {
    changes: "nothing",
    generate: (pool) => [pool.key("zset"), pool.member()],
    step: (model, [key = "", member = ""]) => answers(scoreReply(model.read(key, "zset")?.score(member))),
  },
  ZCARD: {
    changes: "nothing",
    generate: (pool) => [pool.key("zset")],
    step: (model, [key = ""]) => answers(integer(model.read(key, "zset")?.size ?? 0)),
  },
  ZRANK: {
    changes: "nothing",
    generate: (pool) => [pool.key("zset"), pool.member()],
    step: (model, [key = "", member = ""]) => {
      const rank = (model.read(key, "zset")?.ranked() ?? []).findIndex(([name]) => name === member);
      return answers(rank < 0 ? nil : integer(rank));
    },
  },
  ZRANGE: {
    changes: "nothing",
    weight: 2,
    generate: (pool) => [pool.key("zset"), "0", "-1", "WITHSCORES"],
    step: (model, [key = "", start = "", stop = "", withScores]) => {
      const ranked = model.read(key, "zset")?.ranked() ?? [];
      const { from, to } = clampRange(wholeNumber(start), wholeNumber(stop), ranked.length);
      const range = ranked.slice(from, Math.max(from, to + 1));
      return answers(withScores === undefined ? list(range.map(([member]) => text(member))) : pairsReply(range));
    },
  },
});

// ── Drawing ───────────────────────────────────────────────────────────────────────────────────────────────────────

function drawPop(pool: KeyPool): Bytes[] {
  return pool.random.chance(0.3) ? [pool.key("zset"), String(pool.count(3))] : [pool.key("zset")];
}

// ── Stepping ──────────────────────────────────────────────────────────────────────────────────────────────────────

function storeKeys([to = "", ...rest]: readonly Bytes[]): readonly Bytes[] {
  return [to, ...countedKeys(rest)];
}

function scoresOf(model: ModelState, key: Bytes): [Bytes, number][] {
  // A plain set may take part too: each of its members counts 1.
  const value = model.entry(key)?.value;
  if (value?.type === "set") return Array.from(model.read(key, "set")?.items() ?? [], (member) => [member, 1]);
  return [...(model.read(key, "zset")?.entries() ?? [])];
}

const flagNames = ["NX", "XX", "GT", "LT", "CH", "INCR"];

/** ZADD: flags, then scores and members in turn. */
export function add(model: ModelState, key: Bytes, args: readonly Bytes[]): readonly Step[] {
  let first = 0;
  const flags = new Set<string>();
  for (; flagNames.includes((args[first] ?? "").toUpperCase()); first++)
    flags.add((args[first] as Bytes).toUpperCase());
  const pairs = args.slice(first);
  const unlawful =
    (flags.has("NX") && (flags.has("XX") || flags.has("GT") || flags.has("LT"))) ||
    (flags.has("GT") && flags.has("LT"));
  if (unlawful || pairs.length % 2 === 1) return refuses("ERR syntax error");

  const before = model.read(key, "zset");
  const after = new Map<Bytes, number>();
  let added = 0;
  let changed = 0;
  let incremented: number | undefined;
  for (let index = 0; index < pairs.length; index += 2) {
    const amount = floatNumber(pairs[index] as Bytes);
    const member = pairs[index + 1] as Bytes;
    const old = after.get(member) ?? before?.score(member);
    const score = flags.has("INCR") ? (old ?? 0) + amount : amount;
    if (Number.isNaN(score)) return refuses("ERR resulting score is not a number (NaN)");
    if (old === undefined ? flags.has("XX") : forbids(flags, old, score)) continue;
    incremented = score;
    if (old === undefined) added++;
    else if (score !== old) changed++;
    after.set(member, score);
  }

  const reply = flags.has("INCR") ? scoreReply(incremented) : integer(flags.has("CH") ? added + changed : added);
  if (after.size === 0) return answers(reply);
  return answers(reply, (state) =>
    state.change(key, "zset", (value) => {
      for (const [member, score] of after) value.set(member, score);
    }),
  );
}

function forbids(flags: ReadonlySet<string>, old: number, score: number): boolean {
  return flags.has("NX") || (flags.has("GT") && score <= old) || (flags.has("LT") && score >= old);
}

function pop(model: ModelState, key: Bytes, end: "MIN" | "MAX", count: Bytes | undefined): readonly Step[] {
  const wanted = count === undefined ? 1 : wholeNumber(count);
  if (wanted < 0) return refuses("ERR value is out of range, must be positive");
  const ranked = model.read(key, "zset")?.ranked() ?? [];
  const taken = (end === "MIN" ? ranked : ranked.toReversed()).slice(0, wanted);
  return removing(
    key,
    taken.map(([member]) => member),
    () => pairsReply(taken),
  );
}

function removing(key: Bytes, members: readonly Bytes[], reply: (count: number) => Reply): readonly Step[] {
  if (members.length === 0) return answers(reply(0));
  return answers(reply(members.length), (state) =>
    state.change(key, "zset", (value) => {
      for (const member of members) value.delete(member);
    }),
  );
}

function store(to: Bytes, scores: readonly (readonly [Bytes, number])[]): readonly Step[] {
  if (scores.length === 0) return answers(integer(0), (state) => state.remove(to));
  return answers(integer(scores.length), (state) => state.put(to, sortedSetOf(scores)));
}

const countReply = (count: number) => integer(count);

function scoreReply(score: number | undefined): Reply {
  return score === undefined ? nil : double(score);
}

function pairsReply(pairs: readonly (readonly [Bytes, number])[]): Reply {
  return list(pairs.flatMap(([member, score]) => [text(member), double(score)]));
}

function scoreLimit(argument: Bytes): { readonly score: number; readonly open: boolean } {
  const open = argument.startsWith("(");
  return { score: floatNumber(open ? argument.slice(1) : argument, "ERR min or max is not a float"), open };
}
