/** XGROUP, XACK, XPENDING: consumer groups, and what is pending in them. */
import { NIL_ARRAY, OK, type Reply, ReplyError, SYNTAX_ERROR } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { StreamValue } from "../types/stream.ts";
import { byName, StreamGroup } from "../types/stream-group.ts";
import { formatId, idMax, idMin, type StreamId } from "../types/stream-id.ts";
import { int64, integer } from "./arguments.ts";
import { ofType } from "./collections.ts";
import { type Args, type Command, ONE_KEY } from "./command.ts";
import { container, type Subcommand } from "./container.ts";
import { noGroup, readCount, readEnd, readId } from "./stream-arguments.ts";

const SUBCOMMAND_KEY = { first: 2, last: 2, step: 1 };

const keyRequired = new ReplyError(
  "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option " +
    "to create an empty stream automatically.",
);

/** A stream that must be there. */
function streamForWrite({ db }: Session, key: string): StreamValue {
  const stream = ofType(StreamValue, db.forWrite(key));
  if (stream === undefined) throw keyRequired;
  return stream;
}

/** A group that must be there, of a stream that must be there. */
function groupOf(session: Session, args: Args): StreamGroup {
  const [, , key, name] = args as readonly [string, string, string, string];
  const group = streamForWrite(session, key).groups.get(name);
  if (group === undefined) throw new ReplyError(`NOGROUP No such consumer group '${name}' for key name '${key}'`);
  return group;
}

interface GroupOptions {
  readonly makesStream: boolean;
  readonly entriesRead: bigint | undefined;
}

function readGroupOptions(args: Args, subcommand: string): GroupOptions {
  let makesStream = false;
  let entriesRead: bigint | undefined;
  for (let at = 5; at < args.length; at++) {
    const word = (args[at] as string).toUpperCase();
    const value = args[at + 1];
    if (word === "MKSTREAM" && subcommand === "CREATE") {
      makesStream = true;
    } else if (word === "ENTRIESREAD" && value !== undefined) {
      const read = BigInt(int64(value));
      if (read < -1n) throw new ReplyError("ERR value for ENTRIESREAD must be positive or -1");
      entriesRead = read === -1n ? undefined : read;
      at++;
    } else {
      throw new ReplyError(`ERR unknown subcommand or wrong number of arguments for '${args[1]}'. Try XGROUP HELP.`);
    }
  }
  return { makesStream, entriesRead };
}

/** An id, or `$` for the last one. */
function readGroupId(text: string, stream: StreamValue | undefined): StreamId {
  return text === "$" ? (stream?.lastId ?? idMin) : readId(text);
}

/** SETID, other than CREATE, takes the ends of all ids too. */
function readNewGroupId(text: string, stream: StreamValue): StreamId {
  if (text === "-") return idMin;
  return text === "+" ? idMax : readGroupId(text, stream);
}

const subcommands: readonly Subcommand[] = [
  {
    usage: "CREATE <key> <group> <id|$> [MKSTREAM] [ENTRIESREAD <count>]",
    help: "Makes a group that reads from behind that id on.",
    arity: -5,
    flags: ["write", "denyoom"],
    keys: SUBCOMMAND_KEY,
    run(args, session) {
      const { db, server } = session;
      const [, , key, name, idText] = args as readonly [string, string, string, string, string];
      const { makesStream, entriesRead } = readGroupOptions(args, "CREATE");
      const found = ofType(StreamValue, db.forWrite(key));
      if (found === undefined && !makesStream) throw keyRequired;
      const id = readGroupId(idText, found);
      const stream = found ?? new StreamValue(server.encodingLimits);
      if (stream.groups.has(name)) throw new ReplyError("BUSYGROUP Consumer Group name already exists");
      stream.groups.set(name, new StreamGroup(id, entriesRead));
      if (found === undefined) {
        db.add(key, stream);
        db.changed(key, "xgroup-create");
      } else {
        server.keyspace.dirty++;
        db.announce(key, "xgroup-create");
      }
      return OK;
    },
  },
  {
    usage: "CREATECONSUMER <key> <group> <consumer>",
    help: "Makes a consumer in a group.",
    arity: 5,
    flags: ["write", "denyoom"],
    keys: SUBCOMMAND_KEY,
    run(args, session) {
      const { db, server } = session;
      const group = groupOf(session, args);
      const name = args[4] as string;
      if (group.consumers.has(name)) return 0;
      group.addConsumer(name, server.keyspace.nowMs);
      server.keyspace.dirty++;
      db.announce(args[2] as string, "xgroup-createconsumer");
      return 1;
    },
  },
  {
    usage: "DELCONSUMER <key> <group> <consumer>",
    help: "Removes a consumer, and forgets what is pending with it.",
    arity: 5,
    flags: ["write"],
    keys: SUBCOMMAND_KEY,
    run(args, session) {
      const { db, server } = session;
      const group = groupOf(session, args);
      const consumer = group.consumers.get(args[4] as string);
      if (consumer === undefined) return 0;
      const pendingCount = consumer.pending.size;
      group.removeConsumer(consumer);
      server.keyspace.dirty++;
      db.announce(args[2] as string, "xgroup-delconsumer");
      return pendingCount;
    },
  },
  {
    usage: "DESTROY <key> <group>",
    help: "Removes a group.",
    arity: 4,
    flags: ["write"],
    keys: SUBCOMMAND_KEY,
    run(args, session) {
      const { db, server } = session;
      const [, , key, name] = args as readonly [string, string, string, string];
      if (!streamForWrite(session, key).groups.delete(name)) return 0;
      server.keyspace.dirty++;
      db.announce(key, "xgroup-destroy");
      // Who waits in that group shall hear of it.
      server.blocking.keyReady(db, key);
      return 1;
    },
  },
  {
    usage: "SETID <key> <group> <id|$> [ENTRIESREAD <count>]",
    help: "Makes a group read from behind that id on.",
    arity: -5,
    flags: ["write"],
    keys: SUBCOMMAND_KEY,
    run(args, session) {
      const { db, server } = session;
      const key = args[2] as string;
      const { entriesRead } = readGroupOptions(args, "SETID");
      const group = groupOf(session, args);
      group.lastId = readNewGroupId(args[4] as string, streamForWrite(session, key));
      group.entriesRead = entriesRead;
      server.keyspace.dirty++;
      db.announce(key, "xgroup-setid");
      return OK;
    },
  },
];

function acknowledge(args: Args, { db, server }: Session): Reply {
  const group = ofType(StreamValue, db.forWrite(args[1] as string))?.groups.get(args[2] as string);
  if (group === undefined) return 0;
  // All of them are read first: a command with a mistake in it does nothing.
  const ids = args.slice(3).map((text) => readId(text));
  const acknowledged = ids.filter((id) => group.acknowledge(id)).length;
  server.keyspace.dirty += acknowledged;
  return acknowledged;
}

function pending(args: Args, session: Session): Reply {
  const { db, server } = session;
  const [, key, groupName] = args as readonly [string, string, string];
  const wanted = args.length === 3 ? undefined : readPendingRange(args);
  const group = ofType(StreamValue, db.get(key))?.groups.get(groupName);
  if (group === undefined) throw noGroup(key, groupName);
  if (wanted === undefined) return pendingSummary(group);
  const { idleMs, first, last, count, consumerName } = wanted;
  const source = consumerName === undefined ? group : group.consumers.get(consumerName);
  const shown: Reply[] = [];
  for (const [id, { consumer, deliveredMs, deliveries }] of source?.pending.from(first) ?? []) {
    if (id > last || shown.length >= count) break;
    const sinceMs = server.keyspace.nowMs - deliveredMs;
    if (sinceMs < idleMs) continue;
    shown.push([formatId(id), consumer.name, Math.max(0, sinceMs), deliveries]);
  }
  return shown;
}

function pendingSummary({ pending: all, consumers }: StreamGroup): Reply {
  if (all.first === undefined || all.last === undefined) return [0, null, null, NIL_ARRAY];
  const busy = byName(consumers).filter(([, { pending: own }]) => own.size > 0);
  const shown = busy.map(([name, { pending: own }]) => [name, String(own.size)]);
  return [all.size, formatId(all.first), formatId(all.last), shown];
}

/** `[IDLE <ms>] <start> <end> <count> [<consumer>]`. */
function readPendingRange(args: Args) {
  if (args.length < 6 || args.length > 9) throw SYNTAX_ERROR;
  const hasIdle = (args[3] as string).toUpperCase() === "IDLE";
  const idleMs = hasIdle ? integer(args[4] as string) : Number.NEGATIVE_INFINITY;
  if (hasIdle && args.length < 8) throw SYNTAX_ERROR;
  const [startText, endText, countText, consumerName] = args.slice(hasIdle ? 5 : 3) as [
    string,
    string,
    string,
    string?,
  ];
  const count = readCount(countText);
  const first = readEnd(startText, "start");
  return { idleMs, first, last: readEnd(endText, "end"), count, consumerName };
}

export const streamGroupCommands: readonly Command[] = [
  container("xgroup", "stream", subcommands),
  { name: "xack", arity: -4, flags: new Set(["write", "fast"]), keys: ONE_KEY, group: "stream", run: acknowledge },
  { name: "xpending", arity: -3, flags: new Set(["readonly"]), keys: ONE_KEY, group: "stream", run: pending },
];
