/**
 * Commands that take from one of several lists, put into another one, or wait until there is something to take.
 *
 * What waits is logged as what it did in the end: BLPOP as LPOP, BLMOVE as LMOVE, with the number of elements that there
 * were.
 */
import { NIL_ARRAY, type Reply, ReplyError, SYNTAX_ERROR } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { type ListEnd, ListValue } from "../types/list.ts";
import { integerWithin, timeoutMs } from "./arguments.ts";
import { ofType } from "./collections.ts";
import type { Args, Command, Flag } from "./command.ts";
import { countedKeys, keysCountedAt } from "./keynum.ts";
import { pop, popEvents, push } from "./lists.ts";

const group = "list";
const moves: ReadonlySet<Flag> = new Set(["write", "denyoom"]);
const TWO_KEYS = { first: 1, last: 2, step: 1 };
const ALL_BUT_TIMEOUT = { first: 1, last: -2, step: 1 };

function listEnd(word: string): ListEnd {
  switch (word.toLowerCase()) {
    case "left":
      return "head";
    case "right":
      return "tail";
    default:
      throw SYNTAX_ERROR;
  }
}

// ── From list to list ───────────────────────────────────────────────────────────────────────────────────────────────

interface Move {
  readonly source: string;
  readonly target: string;
  readonly from: ListEnd;
  readonly to: ListEnd;
}

/** Undefined: there is nothing to move. */
function move(session: Session, { source, target, from, to }: Move): string | undefined {
  const { db } = session;
  const list = ofType(ListValue, db.forWrite(source));
  if (list === undefined) return undefined;
  ofType(ListValue, db.peek(target));
  const element = list.pop(from) as string;
  push(session, target, to, [element], 0, 0);
  db.changed(source, popEvents[from]);
  // A list that is moved within itself was pushed to meanwhile.
  if (list.length === 0) {
    db.delete(source);
    db.announce(source, "del");
  }
  return element;
}

function readMove([, source, target, from, to]: Args): Move {
  return {
    source: source as string,
    target: target as string,
    from: listEnd(from as string),
    to: listEnd(to as string),
  };
}

function readRotation([, source, target]: Args): Move {
  return { source: source as string, target: target as string, from: "tail", to: "head" };
}

/** `logged`: the command that does not wait, as which it is logged. */
function blockingMove(session: Session, wanted: Move, logged: Args, waitMs: number): Reply {
  const moved = (): string | undefined => {
    const element = move(session, wanted);
    if (element !== undefined) session.logAs(logged);
    return element;
  };
  const element = moved();
  if (element !== undefined) return element;
  if (session.mustNotWait) return null;
  return session.block({
    on: { keys: [wanted.source], type: "list" },
    timeoutMs: waitMs,
    retry: () => replyOrError(moved),
    timedOut: () => NIL_ARRAY,
  });
}

/** When the target has become something else than a list, whoever waited is told, and the element stays. */
function replyOrError(attempt: () => Reply | undefined): Reply | undefined {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof ReplyError) return error;
    throw error;
  }
}

// ── From one of several lists ───────────────────────────────────────────────────────────────────────────────────────

interface Take {
  readonly keys: readonly string[];
  readonly end: ListEnd;
  /** Undefined: one element, answered as key and element. */
  readonly limit: number | undefined;
}

/** Takes from the first of the keys that has something; undefined when none has. */
function take(session: Session, { keys, end, limit }: Take): Reply | undefined {
  for (const key of keys) {
    const list = ofType(ListValue, session.db.forWrite(key));
    if (list === undefined) continue;
    const elements = pop(session, key, list, end, limit ?? 1);
    const name = popEvents[end].toUpperCase();
    session.logAs(limit === undefined ? [name, key] : [name, key, String(elements.length)]);
    return limit === undefined ? [key, elements[0] as string] : [key, elements];
  }
  return undefined;
}

function blockingTake(session: Session, wanted: Take, waitMs: number): Reply {
  return (
    take(session, wanted) ??
    session.block({
      on: { keys: wanted.keys, type: "list" },
      timeoutMs: waitMs,
      retry: (key) => take(session, { ...wanted, keys: [key] }),
      timedOut: () => NIL_ARRAY,
    })
  );
}

function blockingPop(end: ListEnd) {
  return (args: Args, session: Session): Reply =>
    blockingTake(session, { keys: args.slice(1, -1), end, limit: undefined }, timeoutMs(args.at(-1) as string));
}

/** What follows LMPOP, and the timeout of BLMPOP: `2 a b LEFT COUNT 10`. */
function readTake(args: Args, countAt: number): Take {
  const { keys, next } = countedKeys(args, countAt);
  const endText = args[next];
  if (endText === undefined) throw SYNTAX_ERROR;
  const end = listEnd(endText);
  let limit = 1;
  if (next + 1 < args.length) {
    const [word = "", count] = args.slice(next + 1);
    if (word.toUpperCase() !== "COUNT" || count === undefined || args.length > next + 3) throw SYNTAX_ERROR;
    limit = integerWithin(count, 1, Number.POSITIVE_INFINITY, "ERR count should be greater than 0");
  }
  return { keys, end, limit };
}

export const listMoveCommands: readonly Command[] = [
  {
    name: "lmove",
    arity: 5,
    flags: moves,
    keys: TWO_KEYS,
    group,
    run: (args, session) => move(session, readMove(args)) ?? null,
  },
  {
    name: "rpoplpush",
    arity: 3,
    flags: moves,
    keys: TWO_KEYS,
    group,
    run: (args, session) => move(session, readRotation(args)) ?? null,
  },
  {
    name: "blmove",
    arity: 6,
    flags: new Set(["write", "denyoom", "noscript", "blocking"]),
    keys: TWO_KEYS,
    group,
    run: (args, session) => {
      const wanted = readMove(args);
      return blockingMove(session, wanted, ["LMOVE", ...args.slice(1, 5)], timeoutMs(args[5] as string));
    },
  },
  {
    name: "brpoplpush",
    arity: 4,
    flags: new Set(["write", "denyoom", "noscript", "blocking"]),
    keys: TWO_KEYS,
    group,
    run: (args, session) => {
      const waitMs = timeoutMs(args[3] as string);
      return blockingMove(session, readRotation(args), ["RPOPLPUSH", ...args.slice(1, 3)], waitMs);
    },
  },
  {
    name: "lmpop",
    arity: -4,
    flags: new Set(["write"]),
    keys: keysCountedAt(1),
    group,
    run: (args, session) => take(session, readTake(args, 1)) ?? NIL_ARRAY,
  },
  {
    name: "blmpop",
    arity: -5,
    flags: new Set(["write", "blocking"]),
    keys: keysCountedAt(2),
    group,
    run: (args, session) => {
      const wanted = readTake(args, 2);
      return blockingTake(session, wanted, timeoutMs(args[1] as string));
    },
  },
  {
    name: "blpop",
    arity: -3,
    flags: new Set(["write", "noscript", "blocking"]),
    keys: ALL_BUT_TIMEOUT,
    group,
    run: blockingPop("head"),
  },
  {
    name: "brpop",
    arity: -3,
    flags: new Set(["write", "noscript", "blocking"]),
    keys: ALL_BUT_TIMEOUT,
    group,
    run: blockingPop("tail"),
  },
];
