/**
 * Commands that take the lowest or highest members, from one sorted set or the first of several that has some, and
 * those that wait for it. What waits is logged as what it did in the end: BZMPOP as ZPOPMIN with the number of members
 * that there were.
 */
import { Double, NIL_ARRAY, Pairs, type Reply, SYNTAX_ERROR } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import type { ScoredMember } from "../types/score-leaf.ts";
import { SortedSetValue } from "../types/sorted-set.ts";
import { integerWithin, limit, timeoutMs } from "./arguments.ts";
import { ofType, removeEmptied } from "./collections.ts";
import { type Args, type Command, type Flag, ONE_KEY } from "./command.ts";
import { countedKeys, keysCountedAt } from "./keynum.ts";

const group = "sorted-set";
const popsFast: ReadonlySet<Flag> = new Set(["write", "fast"]);
const waitsFast: ReadonlySet<Flag> = new Set(["write", "noscript", "fast", "blocking"]);
const ALL_BUT_TIMEOUT = { first: 1, last: -2, step: 1 };

type Extreme = "min" | "max";

/** Takes `wanted` members at most from a set that is there; the key of an emptied set goes. */
function pop({ db }: Session, key: string, set: SortedSetValue, extreme: Extreme, wanted: number): ScoredMember[] {
  const size = set.size;
  const members = extreme === "min" ? set.range(0, wanted) : set.range(size - wanted, size).reverse();
  for (const { member } of members) set.delete(member);
  db.changed(key, `zpop${extreme}`, members.length);
  removeEmptied(db, key, set.size);
  return members;
}

function popCommand(extreme: Extreme) {
  return (args: Args, session: Session): Reply => {
    const [, key, countText] = args as readonly [string, string, string?];
    if (args.length > 3) throw SYNTAX_ERROR;
    const wanted = countText === undefined ? undefined : limit(countText);
    const set = ofType(SortedSetValue, session.db.forWrite(key));
    if (set === undefined || wanted === 0) return [];
    const members = pop(session, key, set, extreme, wanted ?? 1);
    return wanted === undefined ? members.flatMap(pairReply) : new Pairs(members.map(pairReply));
  };
}

function pairReply({ member, score }: ScoredMember): [string, Double] {
  return [member, new Double(score)];
}

interface Take {
  readonly keys: readonly string[];
  readonly extreme: Extreme;
  /** Undefined: one member, answered as key, member and score. */
  readonly wanted: number | undefined;
}

/** Takes from the first of the keys that has something; undefined when none has. */
function take(session: Session, { keys, extreme, wanted }: Take): Reply | undefined {
  for (const key of keys) {
    const set = ofType(SortedSetValue, session.db.forWrite(key));
    if (set === undefined) continue;
    const members = pop(session, key, set, extreme, wanted ?? 1);
    const name = `ZPOP${extreme.toUpperCase()}`;
    session.logAs(wanted === undefined ? [name, key] : [name, key, String(members.length)]);
    return wanted === undefined ? [key, ...members.flatMap(pairReply)] : [key, members.map(pairReply)];
  }
  return undefined;
}

function blockingTake(session: Session, request: Take, waitMs: number): Reply {
  return (
    take(session, request) ??
    session.block({
      on: { keys: request.keys, type: "zset" },
      timeoutMs: waitMs,
      retry: (key) => take(session, { ...request, keys: [key] }),
      timedOut: () => NIL_ARRAY,
    })
  );
}

function blockingPop(extreme: Extreme) {
  return (args: Args, session: Session): Reply =>
    blockingTake(session, { keys: args.slice(1, -1), extreme, wanted: undefined }, timeoutMs(args.at(-1) as string));
}

/** What follows ZMPOP, and the timeout of BZMPOP: `2 a b MIN COUNT 10`. */
function readTake(args: Args, countAt: number): Take {
  const { keys, next } = countedKeys(args, countAt);
  const extreme = args[next]?.toLowerCase();
  if (extreme !== "min" && extreme !== "max") throw SYNTAX_ERROR;
  if (next + 1 === args.length) return { keys, extreme, wanted: 1 };
  const [word = "", countText] = args.slice(next + 1);
  if (word.toUpperCase() !== "COUNT" || countText === undefined || args.length > next + 3) throw SYNTAX_ERROR;
  const wanted = integerWithin(countText, 1, Number.POSITIVE_INFINITY, "ERR count should be greater than 0");
  return { keys, extreme, wanted };
}

export const sortedSetPopCommands: readonly Command[] = [
  { name: "zpopmin", arity: -2, flags: popsFast, keys: ONE_KEY, group, run: popCommand("min") },
  { name: "zpopmax", arity: -2, flags: popsFast, keys: ONE_KEY, group, run: popCommand("max") },
  { name: "bzpopmin", arity: -3, flags: waitsFast, keys: ALL_BUT_TIMEOUT, group, run: blockingPop("min") },
  { name: "bzpopmax", arity: -3, flags: waitsFast, keys: ALL_BUT_TIMEOUT, group, run: blockingPop("max") },
  {
    name: "zmpop",
    arity: -4,
    flags: new Set(["write"]),
    keys: keysCountedAt(1),
    group,
    run: (args, session) => take(session, readTake(args, 1)) ?? NIL_ARRAY,
  },
  {
    name: "bzmpop",
    arity: -5,
    flags: new Set(["write", "blocking"]),
    keys: keysCountedAt(2),
    group,
    run(args, session) {
      const request = readTake(args, 2);
      return blockingTake(session, request, timeoutMs(args[1] as string));
    },
  },
];
