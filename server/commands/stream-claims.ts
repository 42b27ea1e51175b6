/** XCLAIM and XAUTOCLAIM: a consumer takes over what is pending with another one. */
import { type Reply, ReplyError, SYNTAX_ERROR } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import type { StreamValue } from "../types/stream.ts";
import type { Consumer, Pending, StreamGroup } from "../types/stream-group.ts";
import { formatId, idMin, parseId, type StreamId } from "../types/stream-id.ts";
import type { StreamEntry } from "../types/stream-node.ts";
import { integer, integerWithin } from "./arguments.ts";
import { type Args, type Command, ONE_KEY } from "./command.ts";
import { groupForWrite, readEnd, readId, showEntry } from "./stream-arguments.ts";
import { claimRequest, progressRequest } from "./stream-log.ts";

/** A consumer that claims. */
interface Claiming {
  readonly session: Session;
  readonly key: string;
  readonly groupName: string;
  readonly consumerName: string;
  readonly stream: StreamValue;
  readonly group: StreamGroup;
  readonly justId: boolean;
  /** What is to be logged. */
  readonly log: Args[];
}

/** The claiming consumer, made when its first claim succeeds. */
function claimant({ session, key, group, consumerName }: Claiming): Consumer {
  const { keyspace } = session.server;
  const known = group.consumers.get(consumerName);
  if (known !== undefined) {
    known.seenMs = keyspace.nowMs;
    return known;
  }
  keyspace.dirty++;
  session.db.announce(key, "xgroup-createconsumer");
  return group.addConsumer(consumerName, keyspace.nowMs);
}

function take(claiming: Claiming, entry: StreamEntry, deliveredMs: number, deliveries: number): Reply {
  const { session, group, justId, log } = claiming;
  const pending = group.assign(entry.id, claimant(claiming), deliveredMs, deliveries);
  log.push(claimRequest(claiming, entry.id, pending));
  session.server.keyspace.dirty++;
  return justId ? formatId(entry.id) : showEntry(entry);
}

/** The entry is no more: nobody needs to acknowledge it. */
function forget(claiming: Claiming, id: StreamId, pending: Pending): void {
  const { session, group, log } = claiming;
  log.push(claimRequest(claiming, id, pending));
  group.acknowledge(id);
  session.server.keyspace.dirty++;
}

interface ClaimOptions {
  readonly ids: readonly StreamId[];
  readonly force: boolean;
  readonly justId: boolean;
  readonly deliveredMs: number;
  /** Undefined: one more than before. */
  readonly deliveries: number | undefined;
  readonly lastId: StreamId;
}

function readClaimOptions(args: Args, nowMs: number): ClaimOptions {
  const ids: StreamId[] = [];
  let at = 5;
  for (; at < args.length; at++) {
    const id = parseId(args[at] as string);
    if (id === undefined) break;
    ids.push(id);
  }
  let force = false;
  let justId = false;
  let deliveredMs: number | undefined;
  let deliveries: number | undefined;
  let lastId = idMin;
  for (; at < args.length; at++) {
    const word = (args[at] as string).toUpperCase();
    const hasValue = at + 1 < args.length;
    const number = () => integer(args[++at] as string, `ERR Invalid ${word} option argument for XCLAIM`);
    if (word === "FORCE") force = true;
    else if (word === "JUSTID") justId = true;
    else if (word === "IDLE" && hasValue) deliveredMs = nowMs - number();
    else if (word === "TIME" && hasValue) deliveredMs = number();
    else if (word === "RETRYCOUNT" && hasValue) deliveries = number();
    else if (word === "LASTID" && hasValue) lastId = readId(args[++at] as string);
    else throw new ReplyError(`ERR Unrecognized XCLAIM option '${args[at]}'`);
  }
  // A client's clock may be ahead of ours.
  const isSane = deliveredMs !== undefined && deliveredMs >= 0 && deliveredMs <= nowMs;
  return {
    ids,
    force,
    justId,
    deliveredMs: isSane ? (deliveredMs as number) : nowMs,
    deliveries: deliveries === undefined || deliveries < 0 ? undefined : deliveries,
    lastId,
  };
}

function claim(args: Args, session: Session): Reply {
  const [, key, groupName, consumerName, idleText] = args as readonly [string, string, string, string, string];
  const { nowMs } = session.server.keyspace;
  const { stream, group } = groupForWrite(session, key, groupName);
  const idleMs = integer(idleText, "ERR Invalid min-idle-time argument for XCLAIM");
  const { ids, force, justId, deliveredMs, deliveries, lastId } = readClaimOptions(args, nowMs);
  const log: Args[] = [];
  const claiming: Claiming = { session, key, groupName, consumerName, stream, group, justId, log };
  const advances = lastId > group.lastId;
  if (advances) group.lastId = lastId;

  const shown: Reply[] = [];
  for (const id of ids) {
    const pending = group.pending.get(id);
    const entry = stream.get(id);
    if (entry === undefined) {
      if (pending !== undefined) forget(claiming, id, pending);
      continue;
    }
    if (pending === undefined && !force) continue;
    if (pending !== undefined && idleMs > 0 && nowMs - pending.deliveredMs < idleMs) continue;
    // One that FORCE makes counts as delivered once, which is this time.
    const before = pending?.deliveries ?? 1;
    shown.push(take(claiming, entry, deliveredMs, deliveries ?? (justId ? before : before + 1)));
  }
  if (advances && log.length === 0) {
    log.push(progressRequest(claiming));
    session.server.keyspace.dirty++;
  }
  session.logAs(...log);
  return shown;
}

/** Looks at so many pending entries for each that it may claim. */
const attemptsPerClaim = 10;
const countMax = 2 ** 59;

function claimAny(args: Args, session: Session): Reply {
  const [, key, groupName, consumerName, idleText, startText] = args as readonly string[] as readonly [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const { nowMs } = session.server.keyspace;
  const idleMs = integer(idleText, "ERR Invalid min-idle-time argument for XAUTOCLAIM");
  const start = readEnd(startText, "start");
  let count = 100;
  let justId = false;
  for (let at = 6; at < args.length; at++) {
    const word = (args[at] as string).toUpperCase();
    if (word === "COUNT" && at + 1 < args.length) {
      count = integerWithin(args[++at] as string, 1, countMax, "ERR COUNT must be > 0");
    } else if (word === "JUSTID") {
      justId = true;
    } else {
      throw SYNTAX_ERROR;
    }
  }
  const { stream, group } = groupForWrite(session, key, groupName);
  const log: Args[] = [];
  const claiming: Claiming = { session, key, groupName, consumerName, stream, group, justId, log };

  const shown: Reply[] = [];
  const gone: StreamId[] = [];
  const attempts = count * attemptsPerClaim;
  let next = idMin;
  // Collected first: what is claimed changes hands, and what is gone is forgotten.
  for (const [index, [id, pending]] of candidates(group, start, attempts + 1).entries()) {
    if (index === attempts || shown.length + gone.length === count) {
      next = id;
      break;
    }
    const entry = stream.get(id);
    if (entry === undefined) {
      forget(claiming, id, pending);
      gone.push(id);
    } else if (idleMs <= 0 || nowMs - pending.deliveredMs >= idleMs) {
      shown.push(take(claiming, entry, nowMs, justId ? pending.deliveries : pending.deliveries + 1));
    }
  }
  session.logAs(...log);
  return [formatId(next), shown, gone.map(formatId)];
}

function candidates(group: StreamGroup, start: StreamId, count: number): (readonly [StreamId, Pending])[] {
  const found: (readonly [StreamId, Pending])[] = [];
  for (const pair of group.pending.from(start)) {
    if (found.length === count) break;
    found.push(pair);
  }
  return found;
}

export const streamClaimCommands: readonly Command[] = [
  { name: "xclaim", arity: -6, flags: new Set(["write", "fast"]), keys: ONE_KEY, group: "stream", run: claim },
  { name: "xautoclaim", arity: -6, flags: new Set(["write", "fast"]), keys: ONE_KEY, group: "stream", run: claimAny },
];
