/**
 * The kinds of user that clients play: how often each operation is drawn, beside what the operation itself says.
 *
 * `mixed` is what finds most: every type, every way to change it. The others are what people run, each heavy on one part
 * of the log: short records, lists that grow at one end and shrink at the other, keys that expire, values that only grow.
 */

import type { ProfileName, Workload } from "../../scenarios/scenario.ts";
import type { Operation } from "../operations/operation.ts";

export interface Profile {
  /** Beside what the operation says of itself; 0 leaves it out. */
  scale(operation: Operation): number;
  /** How many calls in a hundred are transactions. */
  readonly transactionPercent: number;
}

export const profiles: Readonly<Record<ProfileName, Profile>> = {
  mixed: { scale: () => 1, transactionPercent: 8 },
  counters: only(15, "INCR INCRBY DECR DECRBY INCRBYFLOAT HINCRBY HINCRBYFLOAT ZINCRBY GET DEL SELECT"),
  queue: only(10, "RPUSH LPUSH LPOP RPOP LMOVE RPOPLPUSH LLEN LRANGE LTRIM DEL SELECT"),
  sessions: only(
    5,
    "SET SETEX PSETEX GETEX GETDEL HSET HDEL EXPIRE PEXPIRE EXPIREAT PEXPIREAT PERSIST TTL GET DEL UNLINK",
  ),
  "append-log": only(5, "APPEND RPUSH STRLEN LLEN HSET ZADD SADD"),
  streams: only(5, "XADD XDEL XTRIM XGROUP XREADGROUP XACK XCLAIM XLEN XRANGE DEL SELECT"),
};

/** A profile with the scenario's own wishes: a family's weight multiplies what the profile says. */
export function profileOf(workload: Workload): Profile {
  const profile = profiles[workload.profile];
  const { transactions = 1 } = workload.weights;
  return {
    scale: (operation) => profile.scale(operation) * (workload.weights[operation.family] ?? 1),
    transactionPercent: Math.min(100, profile.transactionPercent * transactions),
  };
}

function only(transactionPercent: number, names: string): Profile {
  const drawn = new Set(names.split(" "));
  return { scale: (operation) => (drawn.has(operation.name) ? 1 : 0), transactionPercent };
}
