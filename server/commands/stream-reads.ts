/** XREAD and XREADGROUP: what is new in several streams, waited for if need be. */
import { MapReply, NIL_ARRAY, type Reply, ReplyError, SYNTAX_ERROR } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { StreamValue } from "../types/stream.ts";
import type { Consumer, StreamGroup } from "../types/stream-group.ts";
import { idMax, idMin, type StreamId } from "../types/stream-id.ts";
import { advance } from "../types/stream-progress.ts";
import { integer, integerWithin } from "./arguments.ts";
import { ofType } from "./collections.ts";
import type { Args, Command } from "./command.ts";
import { peekStream, readCount, readId, showEntries, showEntry, showGone } from "./stream-arguments.ts";
import { claimRequest, consumerRequest, progressRequest } from "./stream-log.ts";

/** Who was blocked is given no more than that at once, unless it named a count. */
const countWhenBlocked = 1000;

interface ReadOptions {
  readonly keys: readonly string[];
  /** As given: an id, `$` or `>`. */
  readonly ids: readonly string[];
  /** 0: all. */
  readonly count: number;
  /** Undefined: it does not wait. 0: for ever. */
  readonly blockMs: number | undefined;
  readonly reader: { readonly groupName: string; readonly consumerName: string } | undefined;
  readonly noAck: boolean;
}

function readOptions(args: Args, inGroup: boolean): ReadOptions {
  let count = 0;
  let blockMs: number | undefined;
  let reader: ReadOptions["reader"];
  let noAck = false;
  for (let at = 1; at < args.length; at++) {
    const word = (args[at] as string).toUpperCase();
    const more = args.length - at - 1;
    if (word === "BLOCK" && more >= 1) {
      blockMs = readBlock(args[++at] as string);
    } else if (word === "COUNT" && more >= 1) {
      count = readCount(args[++at] as string);
    } else if (word === "GROUP" && more >= 2) {
      if (!inGroup) throw onlyInGroup("GROUP");
      reader = { groupName: args[at + 1] as string, consumerName: args[at + 2] as string };
      at += 2;
    } else if (word === "NOACK") {
      if (!inGroup) throw onlyInGroup("NOACK");
      noAck = true;
    } else if (word === "STREAMS" && more >= 1) {
      if (more % 2 === 1) throw unbalanced;
      if (inGroup && reader === undefined) throw new ReplyError("ERR Missing GROUP option for XREADGROUP");
      const middle = at + 1 + more / 2;
      return { keys: args.slice(at + 1, middle), ids: args.slice(middle), count, blockMs, reader, noAck };
    } else {
      throw SYNTAX_ERROR;
    }
  }
  throw SYNTAX_ERROR;
}

const unbalanced = new ReplyError(
  "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.",
);

function onlyInGroup(option: string): ReplyError {
  return new ReplyError(`ERR The ${option} option is only supported by XREADGROUP. You called XREAD instead.`);
}

function readBlock(text: string): number {
  const ms = integer(text, "ERR timeout is not an integer or out of range");
  return integerWithin(String(ms), 0, Number.POSITIVE_INFINITY, "ERR timeout is negative");
}

/** Entries by stream, as both commands answer. */
function byStream(session: Session, found: readonly (readonly [string, Reply])[]): Reply {
  return session.protocol === 2 ? found.map(([key, entries]) => [key, entries]) : new MapReply(found);
}

// ── XREAD ───────────────────────────────────────────────────────────────────────────────────────────────────────────

function read(args: Args, session: Session): Reply {
  const { keys, ids, count, blockMs } = readOptions(args, false);
  const after = keys.map((key, index) => {
    const stream = ofType(StreamValue, session.db.get(key));
    const text = ids[index] as string;
    if (text === ">") throw new ReplyError(newOnlyInGroup);
    return text === "$" ? (stream?.lastId ?? idMin) : readId(text);
  });
  const found: (readonly [string, Reply])[] = [];
  keys.forEach((key, index) => {
    const entries = entriesAfter(peekStream(session, key), after[index] as StreamId, count);
    if (entries.length > 0) found.push([key, entries]);
  });
  if (found.length > 0) return byStream(session, found);
  if (blockMs === undefined) return NIL_ARRAY;
  return session.block({
    on: { keys, type: "stream" },
    timeoutMs: blockMs,
    retry(key) {
      const from = after[keys.indexOf(key)] as StreamId;
      const entries = entriesAfter(peekStream(session, key), from, count || countWhenBlocked);
      return entries.length === 0 ? undefined : byStream(session, [[key, entries]]);
    },
    timedOut: () => NIL_ARRAY,
  });
}

const newOnlyInGroup =
  "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.";

function entriesAfter(stream: StreamValue | undefined, id: StreamId, count: number): Reply[] {
  return stream === undefined || id === idMax ? [] : showEntries(stream.range(id + 1n, idMax), count);
}

// ── XREADGROUP ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** One stream as one consumer reads it. */
interface GroupReading {
  readonly session: Session;
  readonly key: string;
  readonly groupName: string;
  readonly consumerName: string;
  readonly stream: StreamValue;
  readonly group: StreamGroup;
  readonly noAck: boolean;
  /** What is to be logged. */
  readonly log: Args[];
}

function readAsGroup(args: Args, session: Session): Reply {
  const options = readOptions(args, true);
  const { keys, ids, count, blockMs, reader, noAck } = options;
  const { groupName, consumerName } = reader as NonNullable<typeof reader>;
  const log: Args[] = [];
  const after = ids.map((text, index) => {
    const group = ofType(StreamValue, session.db.get(keys[index] as string))?.groups.get(groupName);
    if (group === undefined) {
      throw new ReplyError(
        `NOGROUP No such key '${keys[index]}' or consumer group '${groupName}' in XREADGROUP with GROUP option`,
      );
    }
    if (text === "$") throw new ReplyError(newestInGroup);
    return text === ">" ? undefined : readId(text);
  });
  const readingOf = (key: string): GroupReading | undefined => {
    const stream = ofType(StreamValue, session.db.forWrite(key));
    const group = stream?.groups.get(groupName);
    if (stream === undefined || group === undefined) return undefined;
    return { session, key, groupName, consumerName, stream, group, noAck, log };
  };

  const found: (readonly [string, Reply])[] = [];
  keys.forEach((key, index) => {
    const reading = readingOf(key) as GroupReading;
    const id = after[index];
    if (id !== undefined) found.push([key, history(reading, id, count)]);
    else if ((reading.stream.edge("last") ?? idMin) > reading.group.lastId) found.push([key, deliver(reading, count)]);
  });
  session.logAs(...log);
  if (found.length > 0) return byStream(session, found);
  if (blockMs === undefined) return NIL_ARRAY;
  return session.block({
    on: { keys, type: "stream" },
    timeoutMs: blockMs,
    retry(key) {
      const reading = readingOf(key);
      if (reading === undefined) return groupGone;
      if ((reading.stream.edge("last") ?? idMin) <= reading.group.lastId) return undefined;
      log.length = 0;
      const entries = deliver(reading, count || countWhenBlocked);
      session.logAs(...log);
      return byStream(session, [[key, entries]]);
    },
    timedOut: () => NIL_ARRAY,
    gone: () => new ReplyError("UNBLOCKED the stream key no longer exists"),
  });
}

const newestInGroup =
  "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by " +
  "specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.";

const groupGone = new ReplyError("NOGROUP the consumer group this client was blocked on no longer exists");

/** Gives the consumer what nobody in the group was given yet. */
function deliver(reading: GroupReading, count: number): Reply[] {
  const { session, stream, group, noAck, log } = reading;
  const nowMs = session.server.keyspace.nowMs;
  const consumer = consumerFor(reading, noAck);
  const shown: Reply[] = [];
  for (const entry of stream.range(group.lastId + 1n, idMax)) {
    advance(stream, group, entry.id);
    shown.push(showEntry(entry));
    if (!noAck) log.push(claimRequest(reading, entry.id, group.assign(entry.id, consumer, nowMs, 1)));
    if (shown.length === count) break;
  }
  if (noAck) log.push(progressRequest(reading));
  session.server.keyspace.dirty++;
  return shown;
}

/** Shows the consumer again what it was given and has not acknowledged. */
function history(reading: GroupReading, after: StreamId, count: number): Reply[] {
  const { session, stream } = reading;
  const nowMs = session.server.keyspace.nowMs;
  const shown: Reply[] = [];
  for (const [id, pending] of consumerFor(reading, true).pending.from(after + 1n)) {
    const entry = stream.get(id);
    if (entry === undefined) {
      shown.push(showGone(id));
    } else {
      pending.deliveredMs = nowMs;
      pending.deliveries++;
      shown.push(showEntry(entry));
    }
    if (shown.length === count) break;
  }
  session.server.keyspace.dirty++;
  return shown;
}

/** The consumer, which is made when there is none. `logged`: nothing else in the log will make it. */
function consumerFor(reading: GroupReading, logged: boolean): Consumer {
  const { session, key, group, consumerName, log } = reading;
  const { nowMs } = session.server.keyspace;
  const known = group.consumers.get(consumerName);
  if (known !== undefined) {
    known.seenMs = nowMs;
    return known;
  }
  session.server.keyspace.dirty++;
  session.db.announce(key, "xgroup-createconsumer");
  if (logged) log.push(consumerRequest(reading, consumerName));
  return group.addConsumer(consumerName, nowMs);
}

/** The first half of what follows STREAMS. */
function keysOf(args: Args): readonly string[] {
  const start = args.findIndex((word, at) => at > 0 && word.toUpperCase() === "STREAMS") + 1;
  return start === 0 ? [] : args.slice(start, start + Math.floor((args.length - start) / 2));
}

export const streamReadCommands: readonly Command[] = [
  {
    name: "xread",
    arity: -4,
    flags: new Set(["readonly", "blocking", "movablekeys"]),
    keys: keysOf,
    group: "stream",
    run: read,
  },
  {
    name: "xreadgroup",
    arity: -7,
    flags: new Set(["write", "blocking", "movablekeys"]),
    keys: keysOf,
    group: "stream",
    run: readAsGroup,
  },
];
