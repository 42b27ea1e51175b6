/** DEBUG: what tests and checks need, and nobody else should. */
import { assert } from "../assert.ts";
import { RdbBytes } from "../codec/bytes-out.ts";
import { readBytes } from "../config/directive.ts";
import { digestOfDataset, digestOfValue } from "../dataset-digest.ts";
import {
  Attributed,
  BigNumber,
  Bool,
  Double,
  MapReply,
  OK,
  PushReply,
  type Reply,
  ReplyError,
  SetReply,
  Several,
  SimpleString,
  Verbatim,
} from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { dataTypeOf } from "../types/data-types.ts";
import { defaultListPlainNodeBytes } from "../types/encoding-limits.ts";
import { stringValue } from "../types/string-type.ts";
import { count, double, integer } from "./arguments.ts";
import type { Args, Command, Flag } from "./command.ts";
import { rewriteConfigFile } from "./config-command.ts";
import { asOne, container, type Subcommand } from "./container.ts";
import { debugPersistence } from "./debug-persistence.ts";
import { encodingOf } from "./keys.ts";

/** What every subcommand of DEBUG is. */
export const debugFlags: readonly Flag[] = ["admin", "noscript", "loading", "stale", "protected"];

function onOrOff(word: string): boolean {
  return integer(word) !== 0;
}

function populate(args: Args, { db }: Session): Reply {
  const keys = count(args[2] as string);
  const prefix = args[3] ?? "key";
  const sizeBytes = args[4] === undefined ? undefined : count(args[4]);
  for (let index = 0; index < keys; index++) {
    const key = `${prefix}:${index}`;
    if (db.has(key)) continue;
    const text = `value:${index}`;
    db.add(
      key,
      stringValue(sizeBytes === undefined || sizeBytes === 0 ? text : text.slice(0, sizeBytes).padEnd(sizeBytes, "\0")),
    );
    db.changed(key, "set", 0);
  }
  return OK;
}

function describeObject(args: Args, { db }: Session): Reply {
  const key = args[2] as string;
  const value = db.peek(key);
  if (value === undefined) throw new ReplyError("ERR no such key");
  const bytes = new RdbBytes(true);
  dataTypeOf(value).writeRdb(value, bytes);
  return new SimpleString(
    `Value at:0x0 refcount:1 encoding:${encodingOf(value, db.isRawString(key))} serializedlength:${bytes.size} lru:0 ` +
      `lru_seconds_idle:${db.idleS(key) ?? 0}`,
  );
}

/** One reply of each kind: for tests of clients. */
const samples: Readonly<Record<string, Reply>> = {
  string: "Hello World",
  integer: 12345,
  // biome-ignore lint/suspicious/noApproximativeNumericConstant: this is what Redis answers, and tests of clients expect
  double: new Double(3.141),
  bignum: new BigNumber("1234567999999999999999999999999999999"),
  null: null,
  array: [0, 1, 2],
  set: new SetReply([0, 1, 2]),
  map: new MapReply([
    [0, new Bool(false)],
    [1, new Bool(true)],
    [2, new Bool(false)],
  ]),
  push: new Several([new PushReply(["server-cpu-usage", 42]), "Some real reply following the push reply"]),
  verbatim: new Verbatim("This is a verbatim\nstring"),
  attrib: new Attributed([["key-popularity", ["key:123", 90]]], "Some real reply following the attribute"),
  true: new Bool(true),
  false: new Bool(false),
};

function sample(args: Args, session: Session): Reply {
  const word = (args[2] as string).toLowerCase();
  const reply = samples[word];
  if (reply === undefined) {
    throw new ReplyError(
      `ERR Wrong protocol type name. Please use one of the following: ${Object.keys(samples).join("|")}`,
    );
  }
  if (word === "push" && session.protocol === 2) throw new ReplyError("ERR RESP2 is not supported by this command");
  return reply;
}

const debugSubcommands: readonly Subcommand[] = [
  {
    usage: "ASSERT",
    help: "Ends the server as a broken assertion does.",
    arity: 2,
    flags: debugFlags,
    run() {
      assert(false, "DEBUG ASSERT was not called");
    },
  },
  {
    usage: "CHANGE-REPL-ID",
    help: "Does nothing: this server does not replicate.",
    arity: 2,
    flags: debugFlags,
    run: () => OK,
  },
  {
    usage: "CONFIG-REWRITE-FORCE-ALL",
    help: "Does what CONFIG REWRITE does, and writes the directives that are at their defaults too.",
    arity: 2,
    flags: debugFlags,
    run: (_args, { server }) => rewriteConfigFile(server, "every directive"),
  },
  {
    usage: "DIGEST",
    help: "What all databases hold, as 40 hexadecimal digits.",
    arity: 2,
    flags: debugFlags,
    run: (_args, { server }) => new SimpleString(digestOfDataset(server.keyspace)),
  },
  {
    usage: "DIGEST-VALUE <key> [<key> ...]",
    help: "What each of the keys holds.",
    arity: -2,
    flags: debugFlags,
    run: (args, { db }) => args.slice(2).map((key) => new SimpleString(digestOfValue(db, key))),
  },
  {
    usage: "ERROR <text>",
    help: "Answers an error.",
    arity: 3,
    flags: debugFlags,
    run: (args) => new ReplyError(args[2]),
  },
  {
    usage: "LOG <text>",
    help: "Writes a line into the server's log.",
    arity: 3,
    flags: debugFlags,
    run(args, { server }) {
      server.log.warning(`DEBUG LOG: ${args[2]}`);
      return OK;
    },
  },
  {
    usage: "OBJECT <key>",
    help: "How the value of a key is kept.",
    arity: 3,
    flags: debugFlags,
    run: describeObject,
  },
  {
    usage: "POPULATE <count> [<prefix>] [<size>]",
    help: "Makes string keys, which are not logged.",
    arity: -3,
    flags: debugFlags,
    run: populate,
  },
  {
    usage: "PROTOCOL <type>",
    help: "Answers a sample of a type, as `string` or `map`.",
    arity: 3,
    flags: debugFlags,
    run: sample,
  },
  {
    usage: "QUICKLIST-PACKED-THRESHOLD <size>",
    help: "From which size on an element of a list gets a node of its own; 0: as usual.",
    arity: 3,
    flags: debugFlags,
    run(args, { server }) {
      const bytes = readBytes(args[2] as string);
      server.encodingLimits.listPlainNodeBytes = bytes === 0 ? defaultListPlainNodeBytes : bytes;
      return OK;
    },
  },
  {
    usage: "SET-ACTIVE-EXPIRE <0|1>",
    help: "Whether keys past their deadline are removed unasked.",
    arity: 3,
    flags: debugFlags,
    run(args, { server }) {
      server.cron.activeExpiry = onOrOff(args[2] as string);
      return OK;
    },
  },
  {
    usage: "SET-SKIP-CHECKSUM-VALIDATION <0|1>",
    help: "Whether wrong checksums of payloads are no matter.",
    arity: 3,
    flags: debugFlags,
    run(args, { server }) {
      server.skipsChecksums = onOrOff(args[2] as string);
      return OK;
    },
  },
  {
    usage: "SLEEP <seconds>",
    help: "Holds up the server.",
    arity: 3,
    flags: debugFlags,
    run(args, { server }) {
      server.world.clock.block(double(args[2] as string) * 1000);
      return OK;
    },
  },
];

export const debugCommands: readonly Command[] = [
  asOne(container("debug", "server", [...debugSubcommands, ...debugPersistence]), debugFlags),
];
