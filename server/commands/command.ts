/**
 * The contract of a command. A command is synchronous: between its first line and its last nothing else happens. What
 * waits (a disk, a clock, a blocked client) waits outside of it, visibly.
 */
import type { Reply } from "../resp/reply.ts";
import type { Session } from "../session.ts";

/** The command's name, then its arguments; latin1, one character a byte. */
export type Args = readonly string[];

/** As in COMMAND INFO. */
export type Flag =
  | "write"
  | "readonly"
  | "denyoom"
  | "admin"
  | "pubsub"
  | "noscript"
  | "blocking"
  | "loading"
  | "stale"
  | "fast"
  | "no_auth"
  | "no_multi"
  | "no_async_loading"
  | "no_mandatory_keys"
  | "allow_busy"
  | "skip_slowlog"
  | "skip_monitor"
  | "movablekeys"
  | "may_replicate"
  /** Only where a directive allows it: DEBUG. */
  | "protected"
  /** May remove keys that it was not asked about (SCAN, RANDOMKEY meet expired ones): its entries are not one unit. */
  | "touches_arbitrary_keys";

/** Which arguments are keys: from `first` to `last` (negative counts from the end), every `step`-th. */
export interface KeySpec {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

/** One key, right behind the command's name. */
export const ONE_KEY: KeySpec = { first: 1, last: 1, step: 1 };
/** Every argument is a key. */
export const ALL_KEYS: KeySpec = { first: 1, last: -1, step: 1 };

export interface Command {
  /** In lower case. A subcommand is `config|get`. */
  readonly name: string;
  /** Number of arguments, the name included; negative means at least. */
  readonly arity: number;
  readonly flags: ReadonlySet<Flag>;
  /** Undefined: no keys. A function where their place depends on the arguments. */
  readonly keys?: KeySpec | ((args: Args) => readonly string[]);
  /** ACL-style groups, as COMMAND INFO shows them: `string`, `hash`, `connection` … */
  readonly group: string;
  readonly subcommands?: ReadonlyMap<string, Command>;
  /**
   * Does the work. What changed is made known by `db.changed(…)`; when that counted anything, the request is logged as
   * received, unless the command said otherwise with `session.logAs(…)`.
   * @throws ReplyError
   */
  run(args: Args, session: Session): Reply;
}

/** Whether so many arguments, the name included, may be. */
export function accepts(arity: number, argumentCount: number): boolean {
  return arity > 0 ? argumentCount === arity : argumentCount >= -arity;
}
