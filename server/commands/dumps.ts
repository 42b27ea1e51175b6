/** DUMP and RESTORE: values as payloads, that other stores understand too. */
import { NEVER } from "../keyspace/slot-table.ts";
import { BadPayload, dumpPayload, valueOfPayload } from "../rdb/dump-payload.ts";
import { OK, type Reply, ReplyError, SYNTAX_ERROR } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import type { Value } from "../types/value.ts";
import { integer } from "./arguments.ts";
import { type Args, type Command, ONE_KEY } from "./command.ts";

interface RestoreOptions {
  readonly replace: boolean;
  readonly isAbsolute: boolean;
  readonly idleS: number | undefined;
  readonly frequency: number | undefined;
}

function readOptions(args: Args): RestoreOptions {
  let replace = false;
  let isAbsolute = false;
  let idleS: number | undefined;
  let frequency: number | undefined;
  for (let at = 4; at < args.length; at++) {
    const word = (args[at] as string).toUpperCase();
    const hasValue = at + 1 < args.length;
    if (word === "REPLACE") {
      replace = true;
    } else if (word === "ABSTTL") {
      isAbsolute = true;
    } else if (word === "IDLETIME" && hasValue && frequency === undefined) {
      idleS = integer(args[++at] as string);
      if (idleS < 0) throw new ReplyError("ERR Invalid IDLETIME value, must be >= 0");
    } else if (word === "FREQ" && hasValue && idleS === undefined) {
      frequency = integer(args[++at] as string);
      if (frequency < 0 || frequency > 255) throw new ReplyError("ERR Invalid FREQ value, must be >= 0 and <= 255");
    } else {
      throw SYNTAX_ERROR;
    }
  }
  return { replace, isAbsolute, idleS, frequency };
}

function restore(args: Args, session: Session): Reply {
  const { db, server } = session;
  const [, key, ttlText, payload] = args as readonly [string, string, string, string];
  const { replace, isAbsolute, idleS, frequency } = readOptions(args);
  if (!replace && db.has(key)) throw new ReplyError("BUSYKEY Target key name already exists.");
  const ttl = integer(ttlText);
  if (ttl < 0) throw new ReplyError("ERR Invalid TTL value, must be >= 0");
  const value = readPayload(payload, session);

  const wasThere = replace && db.delete(key);
  const deadlineMs = ttl === 0 ? NEVER : isAbsolute ? ttl : ttl + server.keyspace.nowMs;
  // While a log is replayed keys go only when the log says so.
  if (deadlineMs <= server.keyspace.nowMs && session.role !== "log") {
    if (wasThere) {
      db.changed(key, "del");
      session.logAs(["DEL", key]);
    }
    return OK;
  }
  db.add(key, value, deadlineMs);
  if (idleS !== undefined) db.setIdleS(key, idleS);
  if (frequency !== undefined) db.setUseCount(key, frequency);
  db.changed(key, "restore");
  if (deadlineMs !== NEVER && !isAbsolute) {
    session.logAs(["RESTORE", key, String(deadlineMs), payload, ...args.slice(4), "ABSTTL"]);
  }
  return OK;
}

function readPayload(payload: string, { server }: Session): Value {
  try {
    return valueOfPayload(payload, { limits: server.encodingLimits, checksum: !server.skipsChecksums });
  } catch (error) {
    if (!(error instanceof BadPayload)) throw error;
    if (error.part === "foot") throw new ReplyError("ERR DUMP payload version or checksum are wrong");
    server.log.warning(`RESTORE was given a payload that is damaged: ${error.message}`);
    throw new ReplyError("ERR Bad data format");
  }
}

export const dumpCommands: readonly Command[] = [
  {
    name: "dump",
    arity: 2,
    flags: new Set(["readonly"]),
    keys: ONE_KEY,
    group: "generic",
    run(args, { db, server }) {
      const value = db.get(args[1] as string);
      return value === undefined ? null : dumpPayload(value, server.config.get("rdbcompression"));
    },
  },
  { name: "restore", arity: -4, flags: new Set(["write", "denyoom"]), keys: ONE_KEY, group: "generic", run: restore },
];
