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
  | "skip_slowlog"
  | "movablekeys"
  | "may_replicate";

/** Which arguments are keys: from `first` to `last` (negative counts from the end), every `step`-th. */
export interface KeySpec {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

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
   * Does the work. What changed is counted by the keyspace (`dirty`); when it rose, the request is logged as received,
   * unless the command said otherwise with `session.logAs(…)`.
   * @throws ReplyError
   */
  run(args: Args, session: Session): Reply;
}
