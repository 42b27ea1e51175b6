/** Commands on one sorted set: changing members, looking them up, drawing them. Ranges are in sorted-set-ranges.ts. */
import { formatDouble, formatPackedDouble } from "../codec/doubles.ts";
import { Double, Pairs, type Reply, ReplyError, SYNTAX_ERROR } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { SortedSetValue } from "../types/sorted-set.ts";
import { double } from "./arguments.ts";
import { ofType, removingItems, scanReply } from "./collections.ts";
import { type Args, type Command, type Flag, ONE_KEY } from "./command.ts";
import { draw, drawCount } from "./draws.ts";
import { readCursor } from "./key-walks.ts";

const group = "sorted-set";
const reads: ReadonlySet<Flag> = new Set(["readonly"]);
const readsFast: ReadonlySet<Flag> = new Set(["readonly", "fast"]);
const growsFast: ReadonlySet<Flag> = new Set(["write", "denyoom", "fast"]);

export function readSortedSet({ db }: Session, args: Args): SortedSetValue | undefined {
  return ofType(SortedSetValue, db.get(args[1] as string));
}

// ── ZADD and ZINCRBY ────────────────────────────────────────────────────────────────────────────────────────────────

interface Addition {
  readonly key: string;
  readonly entries: readonly { readonly member: string; readonly score: number }[];
  readonly words: ReadonlySet<string>;
}

const additionWords = new Set(["NX", "XX", "GT", "LT", "CH", "INCR"]);

function readAddition(args: Args): Addition {
  const words = new Set<string>();
  let at = 2;
  for (; at < args.length; at++) {
    const word = (args[at] as string).toUpperCase();
    if (!additionWords.has(word)) break;
    words.add(word);
  }
  if (at === args.length || (args.length - at) % 2 === 1) throw SYNTAX_ERROR;
  checkWords(words, (args.length - at) / 2);
  const entries: { member: string; score: number }[] = [];
  for (; at < args.length; at += 2) {
    entries.push({ score: double(args[at] as string), member: args[at + 1] as string });
  }
  return { key: args[1] as string, entries, words };
}

function checkWords(words: ReadonlySet<string>, entryCount: number): void {
  const has = (word: string) => words.has(word);
  if (has("NX") && has("XX")) throw new ReplyError("ERR XX and NX options at the same time are not compatible");
  if ((has("GT") && has("NX")) || (has("LT") && has("NX")) || (has("GT") && has("LT"))) {
    throw new ReplyError("ERR GT, LT, and/or NX options at the same time are not compatible");
  }
  if (has("INCR") && entryCount > 1) {
    throw new ReplyError("ERR INCR option supports a single increment-element pair");
  }
}

/** What an entry's score becomes; undefined: the options forbid to touch it. */
function newScore(words: ReadonlySet<string>, before: number | undefined, given: number): number | undefined {
  if (before === undefined) return words.has("XX") ? undefined : given;
  if (words.has("NX")) return undefined;
  const score = words.has("INCR") ? before + given : given;
  if (Number.isNaN(score)) throw new ReplyError("ERR resulting score is not a number (NaN)");
  const isForbidden = (words.has("LT") && score >= before) || (words.has("GT") && score <= before);
  return isForbidden ? undefined : score;
}

function add({ key, entries, words }: Addition, { db, server }: Session): Reply {
  let set = ofType(SortedSetValue, db.forWrite(key));
  const isIncrease = words.has("INCR");
  const isNew = set === undefined;
  if (isNew && words.has("XX")) return isIncrease ? null : 0;
  set ??= new SortedSetValue(server.encodingLimits);
  let added = 0;
  let updated = 0;
  let last: number | undefined;
  for (const { member, score: given } of entries) {
    const before = set.score(member);
    last = newScore(words, before, given);
    if (last === undefined) continue;
    set.set(member, last);
    if (before === undefined) added++;
    else if (before !== last) updated++;
  }
  if (isNew) db.add(key, set);
  if (added + updated > 0) db.changed(key, isIncrease ? "zincr" : "zadd", added + updated);
  if (isIncrease) return last === undefined ? null : new Double(last);
  return words.has("CH") ? added + updated : added;
}

/** ZADD, for a request that some other command stands for. */
export function addToSortedSet(args: Args, session: Session): Reply {
  return add(readAddition(args), session);
}

// ── The rest ────────────────────────────────────────────────────────────────────────────────────────────────────────

function scoreReply(set: SortedSetValue | undefined, member: string): Reply {
  const score = set?.score(member);
  return score === undefined ? null : new Double(score);
}

function random(args: Args, session: Session): Reply {
  const [, , countText, word] = args;
  const { random: source } = session.server;
  if (countText === undefined) return readSortedSet(session, args)?.randomMember(source).member ?? null;
  const count = drawCount(countText, word !== undefined);
  if (args.length > 4 || (word !== undefined && word.toLowerCase() !== "withscores")) throw SYNTAX_ERROR;
  const set = readSortedSet(session, args);
  if (set === undefined) return [];
  const drawn = draw(source, set.size, count).map((position) => set.at(position));
  if (word === undefined) return drawn.map(({ member }) => member);
  return new Pairs(drawn.map(({ member, score }) => [member, new Double(score)]));
}

export const sortedSetCommands: readonly Command[] = [
  {
    name: "zadd",
    arity: -4,
    flags: growsFast,
    keys: ONE_KEY,
    group,
    run: addToSortedSet,
  },
  {
    name: "zincrby",
    arity: 4,
    flags: growsFast,
    keys: ONE_KEY,
    group,
    run: ([, key = "", by = "", member = ""], session) =>
      add({ key, entries: [{ member, score: double(by) }], words: new Set(["INCR"]) }, session),
  },
  {
    name: "zrem",
    arity: -3,
    flags: new Set(["write", "fast"]),
    keys: ONE_KEY,
    group,
    run: removingItems(SortedSetValue, "zrem"),
  },
  {
    name: "zcard",
    arity: 2,
    flags: readsFast,
    keys: ONE_KEY,
    group,
    run: (args, session) => readSortedSet(session, args)?.size ?? 0,
  },
  {
    name: "zscore",
    arity: 3,
    flags: readsFast,
    keys: ONE_KEY,
    group,
    run: (args, session) => scoreReply(readSortedSet(session, args), args[2] as string),
  },
  {
    name: "zmscore",
    arity: -3,
    flags: readsFast,
    keys: ONE_KEY,
    group,
    run(args, session) {
      const set = readSortedSet(session, args);
      return args.slice(2).map((member) => scoreReply(set, member));
    },
  },
  {
    name: "zrank",
    arity: 3,
    flags: readsFast,
    keys: ONE_KEY,
    group,
    run: (args, session) => readSortedSet(session, args)?.rank(args[2] as string) ?? null,
  },
  {
    name: "zrevrank",
    arity: 3,
    flags: readsFast,
    keys: ONE_KEY,
    group,
    run(args, session) {
      const set = readSortedSet(session, args);
      const rank = set?.rank(args[2] as string);
      return set === undefined || rank === undefined ? null : set.size - 1 - rank;
    },
  },
  { name: "zrandmember", arity: -2, flags: reads, keys: ONE_KEY, group, run: random },
  {
    name: "zscan",
    arity: -3,
    flags: reads,
    keys: ONE_KEY,
    group,
    run(args, session) {
      const cursor = readCursor(args[2] as string);
      return scanReply(args, readSortedSet(session, args), cursor, (set, from, count, visit) => {
        const format = set.encoding === "listpack" ? formatPackedDouble : formatDouble;
        return set.scan(from, count, (score, member) => visit(member, format(score)));
      });
    },
  },
];
