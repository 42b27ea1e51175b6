/**
 * Ranges of sorted sets: by rank, by score, by bytes; counted, answered, stored, removed.
 *
 *     ZRANGE z 0 -1                    ZRANGE z (1 5 BYSCORE LIMIT 0 10         ZRANGE z [a (f BYLEX REV
 *
 * Whatever a range is given by, it is turned into a range of ranks first, lowest score first.
 */
import { strtod } from "../codec/doubles.ts";
import { NEVER } from "../keyspace/slot-table.ts";
import { Double, Pairs, type Reply, ReplyError, SYNTAX_ERROR } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import type { ScoredMember } from "../types/score-leaf.ts";
import { SortedSetValue } from "../types/sorted-set.ts";
import { integer } from "./arguments.ts";
import { ofType, readRange, removeEmptied } from "./collections.ts";
import { type Args, type Command, type Flag, ONE_KEY } from "./command.ts";
import { readSortedSet } from "./sorted-sets.ts";

const group = "sorted-set";
const reads: ReadonlySet<Flag> = new Set(["readonly"]);
const readsFast: ReadonlySet<Flag> = new Set(["readonly", "fast"]);
const removes: ReadonlySet<Flag> = new Set(["write"]);

export type RangeKind = "rank" | "score" | "lex";

/** Ranks `from` to `to`, `to` not included. */
interface Ranks {
  readonly from: number;
  readonly to: number;
}

/** What a range is of a given set. */
type Range = (set: SortedSetValue) => Ranks;

// ── Bounds ──────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Bound<V> {
  readonly value: V;
  readonly isExcluded: boolean;
}

function scoreBound(text: string): Bound<number> {
  const isExcluded = text.startsWith("(");
  const digits = (isExcluded ? text.slice(1) : text).trimStart();
  // As strtod has it, nothing at all is 0.
  const value = digits === "" ? 0 : strtod(digits);
  if (value === undefined) throw new ReplyError("ERR min or max is not a float");
  return { value, isExcluded };
}

const LOWEST = Symbol("below every member");
const HIGHEST = Symbol("above every member");

function lexBound(text: string): Bound<string | typeof LOWEST | typeof HIGHEST> {
  if (text === "-") return { value: LOWEST, isExcluded: true };
  if (text === "+") return { value: HIGHEST, isExcluded: true };
  if (text.startsWith("(")) return { value: text.slice(1), isExcluded: true };
  if (text.startsWith("[")) return { value: text.slice(1), isExcluded: false };
  throw new ReplyError("ERR min or max not valid string range item");
}

function readBounds(kind: RangeKind, minText: string, maxText: string): Range {
  switch (kind) {
    case "rank": {
      const [first, last] = [integer(minText), integer(maxText)];
      return (set) => {
        const range = readRange(first, last, set.size);
        return range === undefined ? { from: 0, to: 0 } : { from: range.start, to: range.start + range.count };
      };
    }
    case "score": {
      const [min, max] = [scoreBound(minText), scoreBound(maxText)];
      return (set) => ({
        from: set.countBelow((score) => (min.isExcluded ? score <= min.value : score < min.value)),
        to: set.countBelow((score) => (max.isExcluded ? score < max.value : score <= max.value)),
      });
    }
    case "lex": {
      const [min, max] = [lexBound(minText), lexBound(maxText)];
      return (set) => ({
        from: countLex(set, min.value, !min.isExcluded),
        to: countLex(set, max.value, max.isExcluded),
      });
    }
  }
}

/** How many members are below a bound; `isStrict`: the bound itself is not. All members must have one score. */
function countLex(set: SortedSetValue, bound: string | typeof LOWEST | typeof HIGHEST, isStrict: boolean): number {
  if (bound === LOWEST) return 0;
  if (bound === HIGHEST) return set.size;
  return set.countBelow((_score, member) => (isStrict ? member < (bound as string) : member <= (bound as string)));
}

// ── ZRANGE and its kin ──────────────────────────────────────────────────────────────────────────────────────────────

interface RangeForm {
  /** Undefined: the arguments say. */
  readonly kind: RangeKind | undefined;
  readonly isReverse: boolean | undefined;
  readonly isStored: boolean;
}

interface RangeRequest {
  readonly key: string;
  readonly range: Range;
  readonly isReverse: boolean;
  readonly withScores: boolean;
  readonly offset: number;
  /** Negative: all. */
  readonly limit: number;
}

function readRangeRequest(args: Args, keyAt: number, form: RangeForm): RangeRequest {
  let { kind, isReverse } = form;
  let withScores = false;
  let offset = 0;
  let limit = -1;
  for (let at = keyAt + 3; at < args.length; at++) {
    const word = (args[at] as string).toUpperCase();
    if (word === "WITHSCORES" && !form.isStored) {
      withScores = true;
    } else if (word === "LIMIT" && at + 2 < args.length) {
      offset = integer(args[++at] as string);
      limit = integer(args[++at] as string);
    } else if (word === "REV" && form.isReverse === undefined) {
      isReverse = true;
    } else if ((word === "BYLEX" || word === "BYSCORE") && kind === undefined) {
      kind = word === "BYLEX" ? "lex" : "score";
    } else {
      throw SYNTAX_ERROR;
    }
  }
  kind ??= "rank";
  isReverse ??= false;
  if (limit !== -1 && kind === "rank") {
    throw new ReplyError("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
  }
  if (withScores && kind === "lex") {
    throw new ReplyError("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
  }
  const [first, last] = [args[keyAt + 1] as string, args[keyAt + 2] as string];
  // Scores and bytes are given highest first when the answer is; ranks count from where the answer begins.
  const range = isReverse && kind !== "rank" ? readBounds(kind, last, first) : readBounds(kind, first, last);
  return {
    key: args[keyAt] as string,
    range: kind === "rank" && isReverse ? mirrored(range) : range,
    isReverse,
    withScores,
    offset,
    limit,
  };
}

function mirrored(range: Range): Range {
  return (set) => {
    const { from, to } = range(set);
    return { from: set.size - to, to: set.size - from };
  };
}

/** The members in the order of the answer. */
function membersIn(set: SortedSetValue, { range, isReverse, offset, limit }: RangeRequest): ScoredMember[] {
  const { from, to } = range(set);
  if (offset < 0) return [];
  const most = limit < 0 ? Number.POSITIVE_INFINITY : limit;
  if (isReverse) return set.range(Math.max(from, to - offset - most), to - offset).reverse();
  return set.range(from + offset, Math.min(to, from + offset + most));
}

function answer(form: Omit<RangeForm, "isStored">) {
  return (args: Args, session: Session): Reply => {
    const request = readRangeRequest(args, 1, { ...form, isStored: false });
    const set = readSortedSet(session, args);
    if (set === undefined) return [];
    const members = membersIn(set, request);
    if (!request.withScores) return members.map(({ member }) => member);
    return new Pairs(members.map(({ member, score }) => [member, new Double(score)]));
  };
}

function store(args: Args, session: Session): Reply {
  const request = readRangeRequest(args, 2, { kind: undefined, isReverse: undefined, isStored: true });
  const source = ofType(SortedSetValue, session.db.get(request.key));
  const members = source === undefined ? [] : membersIn(source, request);
  return storeMembers(session, args[1] as string, members, "zrangestore");
}

/** What a …STORE command made takes the place of whatever was at the key; when it is empty, the key goes. */
export function storeMembers(
  { db, server }: Session,
  key: string,
  members: readonly ScoredMember[],
  event: string,
): number {
  if (members.length === 0) {
    if (db.delete(key)) db.changed(key, "del");
    return 0;
  }
  const set = new SortedSetValue(server.encodingLimits);
  set.load(
    members.map(({ member }) => member),
    members.map(({ score }) => score),
    false,
  );
  db.set(key, set, NEVER);
  db.changed(key, event);
  return members.length;
}

// ── Counting and removing ───────────────────────────────────────────────────────────────────────────────────────────

function count(kind: RangeKind) {
  return (args: Args, session: Session): Reply => {
    const range = readBounds(kind, args[2] as string, args[3] as string);
    const set = readSortedSet(session, args);
    if (set === undefined) return 0;
    const { from, to } = range(set);
    return Math.max(0, to - from);
  };
}

function removeRange(kind: RangeKind, event: string) {
  return (args: Args, { db }: Session): Reply => {
    const key = args[1] as string;
    const range = readBounds(kind, args[2] as string, args[3] as string);
    const set = ofType(SortedSetValue, db.forWrite(key));
    if (set === undefined) return 0;
    const { from, to } = range(set);
    const members = set.range(from, to);
    for (const { member } of members) set.delete(member);
    if (members.length > 0) db.changed(key, event, members.length);
    removeEmptied(db, key, set.size);
    return members.length;
  };
}

const rangeForms: Readonly<Record<string, Omit<RangeForm, "isStored">>> = {
  zrange: { kind: undefined, isReverse: undefined },
  zrevrange: { kind: "rank", isReverse: true },
  zrangebyscore: { kind: "score", isReverse: false },
  zrevrangebyscore: { kind: "score", isReverse: true },
  zrangebylex: { kind: "lex", isReverse: false },
  zrevrangebylex: { kind: "lex", isReverse: true },
};

const removals: Readonly<Record<string, RangeKind>> = {
  zremrangebyrank: "rank",
  zremrangebyscore: "score",
  zremrangebylex: "lex",
};

export const sortedSetRangeCommands: readonly Command[] = [
  ...Object.entries(rangeForms).map(([name, form]) => ({
    name,
    arity: -4,
    flags: reads,
    keys: ONE_KEY,
    group,
    run: answer(form),
  })),
  {
    name: "zrangestore",
    arity: -5,
    flags: new Set(["write", "denyoom"]),
    keys: { first: 1, last: 2, step: 1 },
    group,
    run: store,
  },
  { name: "zcount", arity: 4, flags: readsFast, keys: ONE_KEY, group, run: count("score") },
  { name: "zlexcount", arity: 4, flags: readsFast, keys: ONE_KEY, group, run: count("lex") },
  ...Object.entries(removals).map(([name, kind]) => ({
    name,
    arity: 4,
    flags: removes,
    keys: ONE_KEY,
    group,
    run: removeRange(kind, name),
  })),
];
