/** Commands on the entries of one stream. */
import { NIL_ARRAY, OK, type Reply, ReplyError, SYNTAX_ERROR } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { entryBytesMax, StreamValue } from "../types/stream.ts";
import { formatId, idMax, idMin, parseId, type StreamId, seqMax, seqOf, streamId } from "../types/stream-id.ts";
import { int64 } from "./arguments.ts";
import { ofType } from "./collections.ts";
import { type Args, type Command, type Flag, ONE_KEY } from "./command.ts";
import {
  invalidId,
  peekStream,
  readCount,
  readEnd,
  readId,
  readTrimOptions,
  settleTrim,
  showEntries,
} from "./stream-arguments.ts";

const group = "stream";
const reads: ReadonlySet<Flag> = new Set(["readonly"]);
const growsFast: ReadonlySet<Flag> = new Set(["write", "denyoom", "fast"]);

/** An id as XADD takes it: `*`, `5-*`, or one that is given. */
type WantedId = "next" | { readonly ms: bigint } | { readonly id: StreamId };

function readWantedId(text: string): WantedId {
  if (text === "*") return "next";
  if (!text.endsWith("-*")) return { id: readId(text) };
  const id = parseId(text.slice(0, -2));
  if (id === undefined || text.indexOf("-") !== text.length - 2) throw invalidId;
  return { ms: id >> 64n };
}

/** The id of a new entry; undefined: it would not be above the last one. */
function nextId(stream: StreamValue, wanted: WantedId, nowMs: number): StreamId | undefined {
  let id: StreamId;
  if (wanted === "next") {
    const now = streamId(BigInt(nowMs), 0n);
    id = now > stream.lastId ? now : stream.lastId + 1n;
  } else if ("id" in wanted) {
    id = wanted.id;
  } else {
    const first = streamId(wanted.ms, 0n);
    const follows = wanted.ms === stream.lastId >> 64n;
    if (follows && seqOf(stream.lastId) === seqMax) return undefined;
    id = follows ? stream.lastId + 1n : first;
  }
  return id > stream.lastId ? id : undefined;
}

function add(args: Args, session: Session): Reply {
  const { db, server } = session;
  const key = args[1] as string;
  const options = readTrimOptions(args, session, true);
  const wanted = readWantedId(args[options.next] ?? "");
  const firstField = options.next + 1;
  const itemCount = args.length - firstField;
  if (itemCount < 2 || itemCount % 2 === 1) throw new ReplyError("ERR wrong number of arguments for 'xadd' command");
  if (wanted !== "next" && "id" in wanted && wanted.id === idMin) {
    throw new ReplyError("ERR The ID specified in XADD must be greater than 0-0");
  }

  const found = ofType(StreamValue, db.forWrite(key));
  if (found === undefined && options.makesNoStream) return null;
  const stream = found ?? new StreamValue(server.encodingLimits);
  if (stream.lastId === idMax) {
    throw new ReplyError("ERR The stream has exhausted the last possible ID, unable to add more items");
  }
  const id = nextId(stream, wanted, server.keyspace.nowMs);
  if (id === undefined) {
    throw new ReplyError("ERR The ID specified in XADD is equal or smaller than the target stream top item");
  }
  const fields: string[] = [];
  const values: string[] = [];
  let sizeBytes = 0;
  for (let at = firstField; at < args.length; at += 2) {
    const [field, value] = [args[at] as string, args[at + 1] as string];
    fields.push(field);
    values.push(value);
    sizeBytes += field.length + value.length;
  }
  if (sizeBytes > entryBytesMax) throw new ReplyError("ERR Elements are too large to be stored");

  stream.append(id, fields, values);
  if (found === undefined) db.add(key, stream);
  db.changed(key, "xadd");
  if (options.trim !== undefined && stream.trim(options.trim) > 0) db.announce(key, "xtrim");
  const name = formatId(id);
  if (options.trim?.approximate || wanted === "next" || !("id" in wanted)) {
    const request = [...args];
    request[options.next] = name;
    settleTrim(request, options, stream);
    session.logAs(request);
  }
  server.blocking.keyReady(db, key);
  return name;
}

function trim(args: Args, session: Session): Reply {
  const { db } = session;
  const key = args[1] as string;
  const options = readTrimOptions(args, session, false);
  const stream = ofType(StreamValue, db.forWrite(key));
  if (stream === undefined || options.trim === undefined) return 0;
  const removed = stream.trim(options.trim);
  if (removed === 0) return 0;
  db.changed(key, "xtrim", removed);
  const request = [...args];
  settleTrim(request, options, stream);
  session.logAs(request);
  return removed;
}

function remove(args: Args, { db }: Session): Reply {
  const key = args[1] as string;
  const stream = ofType(StreamValue, db.forWrite(key));
  if (stream === undefined) return 0;
  // All of them are read first: a command with a mistake in it does nothing.
  const ids = args.slice(2).map((text) => readId(text));
  const removed = ids.filter((id) => stream.delete(id)).length;
  if (removed > 0) db.changed(key, "xdel", removed);
  return removed;
}

function range(direction: "forward" | "backward") {
  return (args: Args, { db }: Session): Reply => {
    const [, key, one, other] = args as readonly [string, string, string, string];
    const first = readEnd(direction === "forward" ? one : other, "start");
    const last = readEnd(direction === "forward" ? other : one, "end");
    let count: number | undefined;
    for (let at = 4; at < args.length; at += 2) {
      const value = args[at + 1];
      if ((args[at] as string).toLowerCase() !== "count" || value === undefined) throw SYNTAX_ERROR;
      count = readCount(value);
    }
    const stream = ofType(StreamValue, db.get(key));
    if (stream === undefined) return [];
    if (count === 0) return NIL_ARRAY;
    const entries = direction === "forward" ? stream.range(first, last) : stream.reversed(first, last);
    return showEntries(entries, count ?? 0);
  };
}

function setLastId(args: Args, session: Session): Reply {
  const { db, server } = session;
  const key = args[1] as string;
  const id = readId(args[2] as string);
  let entriesAdded: bigint | undefined;
  let maxDeletedId = idMin;
  for (let at = 3; at < args.length; at += 2) {
    const word = (args[at] as string).toUpperCase();
    const value = args[at + 1];
    if (word === "ENTRIESADDED" && value !== undefined) {
      entriesAdded = BigInt(int64(value));
      if (entriesAdded < 0n) throw new ReplyError("ERR entries_added must be positive");
    } else if (word === "MAXDELETEDID" && value !== undefined) {
      maxDeletedId = readId(value);
      if (id < maxDeletedId) {
        throw new ReplyError("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
      }
    } else {
      throw SYNTAX_ERROR;
    }
  }
  if (peekStream(session, key) === undefined) throw new ReplyError("ERR no such key");
  const stream = db.forWrite(key) as StreamValue;
  if (id < (stream.edge("last") ?? idMin)) {
    throw new ReplyError("ERR The ID specified in XSETID is smaller than the target stream top item");
  }
  if (entriesAdded !== undefined && BigInt(stream.length) > entriesAdded) {
    throw new ReplyError("ERR The entries_added specified in XSETID is smaller than the target stream length");
  }
  stream.lastId = id;
  if (entriesAdded !== undefined) stream.entriesAdded = entriesAdded;
  if (maxDeletedId !== idMin) stream.maxDeletedId = maxDeletedId;
  server.keyspace.dirty++;
  db.announce(key, "xsetid");
  return OK;
}

export const streamCommands: readonly Command[] = [
  { name: "xadd", arity: -5, flags: growsFast, keys: ONE_KEY, group, run: add },
  { name: "xtrim", arity: -4, flags: new Set(["write"]), keys: ONE_KEY, group, run: trim },
  { name: "xdel", arity: -3, flags: new Set(["write", "fast"]), keys: ONE_KEY, group, run: remove },
  {
    name: "xlen",
    arity: 2,
    flags: new Set(["readonly", "fast"]),
    keys: ONE_KEY,
    group,
    run: (args, { db }) => ofType(StreamValue, db.get(args[1] as string))?.length ?? 0,
  },
  { name: "xrange", arity: -4, flags: reads, keys: ONE_KEY, group, run: range("forward") },
  { name: "xrevrange", arity: -4, flags: reads, keys: ONE_KEY, group, run: range("backward") },
  { name: "xsetid", arity: -3, flags: growsFast, keys: ONE_KEY, group, run: setLastId },
];
