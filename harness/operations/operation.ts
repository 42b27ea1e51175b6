/**
 * The contract of an operation: all that the harness knows of one store command. How to make one, which keys it touches,
 * what it does to a keyspace and what it answers. `operations.ts` is the table.
 *
 *     generate   KeyPool ──▶          ["RPUSH", "c2:list:1", "e17"]
 *     keys       ["RPUSH", "c2:list:1", "e17"] ──▶ ["c2:list:1"]
 *     step       model + request ──▶ what may happen: a reply, and what becomes of the model
 *
 * A step looks and does not touch: it says what the store would answer, and hands back the change as something that can
 * still be applied or not, here or on a copy. Most commands leave the store no choice and give one step; SPOP gives one
 * for each member, and what the client was told then says which of them it was.
 */
import type { Bytes, Reply, Request } from "../recording/history.ts";
import type { Hindsight } from "./choices.ts";
import type { KeyPool } from "./key-pool.ts";
import type { ModelState } from "./model-state.ts";

export interface Operation {
  /** The command, in upper case. */
  readonly name: string;
  readonly family: Family;
  /**
   * What it changes. `nothing`: it only reads. `keys`: the keys that it names. `everything`: keys that it does not name;
   * a history can only be judged when no other call was under way (O5). `session`: the connection, no key.
   */
  readonly changes: "nothing" | "keys" | "everything" | "session";
  /** The first Redis that knows it, or this form of it: `6.2`. Absent: all that are in use do. */
  readonly since?: string;
  /** How often a workload without wishes of its own draws it, beside the others. 0: only when asked for by name. */
  readonly weight: number;
  /** The chance is the pool's. */
  generate(pool: KeyPool): Request;
  /** Every key that the request names, for reading or writing. */
  keys(request: Request): readonly Bytes[];
  /**
   * @param told what the client was told, where it is known: it narrows the choice where the store has one
   * @param hindsight what is known otherwise, where nothing was told
   * @throws CommandRefused when the store answers with an error and nothing changes
   * @throws OpenChoice when the store had a choice and nothing says what it chose
   */
  step(
    model: ModelState,
    request: Request,
    moment: Moment,
    told?: Reply | undefined,
    hindsight?: Hindsight | undefined,
  ): readonly Step[];
}

export type Family = "strings" | "lists" | "hashes" | "sets" | "sorted-sets" | "streams" | "keys" | "transactions";

/** Wall time between which the store ran the request. What expires by then, or is set to expire, hangs on it (O4). */
export interface Moment {
  readonly earliestMs: number;
  readonly latestMs: number;
}

/** One thing that may happen. */
export interface Step {
  readonly reply: ExpectedReply;
  /** Absent: nothing changes. */
  readonly apply?: (model: ModelState) => void;
}

/**
 * What the store answers: exactly this, the same items in any order, these texts however the protocol nests them, one
 * that passes a test, or we cannot know.
 */
export type ExpectedReply =
  | Reply
  | { readonly kind: "unordered"; readonly items: readonly Reply[]; readonly groupsOf: 1 | 2 }
  | { readonly kind: "nested"; readonly texts: readonly Bytes[] }
  | {
      readonly kind: "such-that";
      readonly text: string;
      readonly holds: (told: Reply) => boolean;
      /** One that passes, where one can be given beforehand. */
      readonly example?: Reply;
    }
  | { readonly kind: "any" };

/** The command answers with an error because of what the keyspace holds, or because of its own arguments. */
export class CommandRefused extends Error {
  override readonly name = "CommandRefused";
}
