/** Commands about keys of any type: are they there, what are they, take them away. */
import { canonicalInt64 } from "../codec/integers.ts";
import type { Database } from "../keyspace/database.ts";
import { type Reply, ReplyError, SimpleString } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { typeOf, type Value } from "../types/value.ts";
import { ALL_KEYS, type Args, type Command, type Flag, ONE_KEY } from "./command.ts";
import { container, type Subcommand } from "./container.ts";

const readFast: ReadonlySet<Flag> = new Set(["readonly", "fast"]);

/** DEL and UNLINK: memory is given back by the garbage collector either way. */
function remove(args: Args, { db }: Session): number {
  let removed = 0;
  for (const key of args.slice(1)) {
    if (!db.delete(key)) continue;
    db.changed(key, "del");
    removed++;
  }
  return removed;
}

/** A key that is named twice counts twice. */
function countPresent(args: Args, db: Database): number {
  return args.slice(1).filter((key) => db.get(key) !== undefined).length;
}

/** Strings up to so many bytes are embedded in Redis's object header, and tools expect to be told so. */
const embeddedBytesMax = 44;

export function encodingOf(value: Value, isRaw = false): string {
  if (typeof value === "object") return value.encoding;
  if (isRaw) return "raw";
  if (typeof value === "number" || typeof canonicalInt64(value) === "bigint") return "int";
  return value.length > embeddedBytesMax ? "raw" : "embstr";
}

/** Redis has one object for each of these, with so many references that nobody counts them. */
const sharedIntegers = 10_000;
const sharedReferences = 2 ** 31 - 1;

function referencesTo(value: Value, _key: string, { server }: Session): number {
  // Where keys are evicted by their use, each needs an object of its own to note that in.
  const notesUses = server.memoryLimit.isSet && /-l[rf]u$/.test(server.config.get("maxmemory-policy"));
  const isShared = typeof value === "number" && value >= 0 && value < sharedIntegers && !notesUses;
  return isShared ? sharedReferences : 1;
}

function inspect(
  usage: string,
  help: string,
  look: (value: Value, key: string, session: Session) => Reply,
): Subcommand {
  return {
    usage,
    help,
    arity: 3,
    flags: ["readonly"],
    keys: { first: 2, last: 2, step: 1 },
    run(args, session) {
      const key = args[2] as string;
      const value = session.db.peek(key);
      return value === undefined ? null : look(value, key, session);
    },
  };
}

const switching =
  "Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.";

const objectCommand = container("object", "generic", [
  inspect("ENCODING <key>", "How the value of the key is kept.", (value, key, { db }) =>
    encodingOf(value, db.isRawString(key)),
  ),
  inspect("FREQ <key>", "How often the key is used, where the eviction policy counts that.", (_value, key, session) => {
    const count = session.db.useCount(key);
    if (count !== undefined) return count;
    throw new ReplyError(`ERR An LFU maxmemory policy is not selected, access frequency not tracked. ${switching}`);
  }),
  inspect("IDLETIME <key>", "Seconds since the key was last used.", (_value, key, session) => {
    if (session.db.useCount(key) === undefined) return session.db.idleS(key) ?? null;
    throw new ReplyError(`ERR An LFU maxmemory policy is selected, idle time not tracked. ${switching}`);
  }),
  inspect("REFCOUNT <key>", "How many references there are to the value.", referencesTo),
]);

export const keyCommands: readonly Command[] = [
  { name: "del", arity: -2, flags: new Set(["write"]), keys: ALL_KEYS, group: "generic", run: remove },
  { name: "unlink", arity: -2, flags: new Set(["write", "fast"]), keys: ALL_KEYS, group: "generic", run: remove },
  {
    name: "exists",
    arity: -2,
    flags: readFast,
    keys: ALL_KEYS,
    group: "generic",
    // Unlike TOUCH it is no use of the key.
    run: (args, { db }) => args.slice(1).filter((key) => db.has(key)).length,
  },
  {
    name: "touch",
    arity: -2,
    flags: readFast,
    keys: ALL_KEYS,
    group: "generic",
    run: (args, { db }) => countPresent(args, db),
  },
  {
    name: "type",
    arity: 2,
    flags: readFast,
    keys: ONE_KEY,
    group: "generic",
    run(args, { db }) {
      const value = db.peek(args[1] as string);
      return new SimpleString(value === undefined ? "none" : typeOf(value));
    },
  },
  objectCommand,
];
