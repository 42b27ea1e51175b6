/** Commands about keys of any type: are they there, what are they, take them away. */
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

export function encodingOf(value: Value): string {
  if (typeof value === "object") return value.encoding;
  if (typeof value === "number" || isLongInteger(value)) return "int";
  // SET keeps what spells an integer as a number: a string that spells one was made by APPEND or SETRANGE.
  return value.length > embeddedBytesMax || spellsInteger(value) ? "raw" : "embstr";
}

const int64Max = 2n ** 63n - 1n;

function spellsInteger(text: string): boolean {
  return /^(0|-?[1-9]\d{0,18})$/.test(text);
}

/** One that is kept as text only because JavaScript's numbers end at 2^53. */
function isLongInteger(text: string): boolean {
  if (!spellsInteger(text) || Number.isSafeInteger(Number(text))) return false;
  const value = BigInt(text);
  return value <= int64Max && value >= -int64Max - 1n;
}

function isLfu(session: Session): boolean {
  return session.server.config.get("maxmemory-policy").endsWith("-lfu");
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
  inspect("ENCODING <key>", "How the value of the key is kept.", encodingOf),
  inspect(
    "FREQ <key>",
    "How often the key is used, where the eviction policy counts that.",
    (_value, _key, session) => {
      if (isLfu(session)) return 0;
      throw new ReplyError(`ERR An LFU maxmemory policy is not selected, access frequency not tracked. ${switching}`);
    },
  ),
  inspect("IDLETIME <key>", "Seconds since the key was last used.", (_value, key, session) => {
    if (!isLfu(session)) return session.db.idleS(key) ?? null;
    throw new ReplyError(`ERR An LFU maxmemory policy is selected, idle time not tracked. ${switching}`);
  }),
  inspect("REFCOUNT <key>", "How many references there are to the value: one, here.", () => 1),
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
    run: (args, { db }) => countPresent(args, db),
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
