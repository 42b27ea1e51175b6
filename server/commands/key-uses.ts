/**
 * What requests do with their keys, as COMMAND GETKEYSANDFLAGS and COMMAND INFO tell it.
 *
 *     RO reads   RW reads and changes   OW overwrites   RM removes                 the key as a whole
 *     access     what it holds is answered or used                                what is done with the data in it
 *     update     changed     insert  added     delete  taken out
 */
import type { Command } from "./command.ts";

export type KeyUse = readonly [
  whole: "RO" | "RW" | "OW" | "RM",
  ...data: ("access" | "update" | "insert" | "delete")[],
];

const read: KeyUse = ["RO", "access"];
/** Whether it is there, of which kind, how large: nothing of what it holds. */
const glance: KeyUse = ["RO"];
const change: KeyUse = ["RW", "access", "update"];
const update: KeyUse = ["RW", "update"];
const insert: KeyUse = ["RW", "insert"];
const take: KeyUse = ["RW", "access", "delete"];
const drop: KeyUse = ["RW", "delete"];
const overwrite: KeyUse = ["OW", "update"];
const removal: KeyUse = ["RM", "delete"];

/** Of the first key, and of the others where that is another one. Absent: all are read, or changed, as the flags say. */
const uses: Readonly<Record<string, readonly [first: KeyUse, others?: KeyUse]>> = {
  exists: [glance],
  touch: [glance],
  type: [glance],
  watch: [glance],
  "object|encoding": [glance],
  "object|freq": [glance],
  "object|idletime": [glance],
  "object|refcount": [glance],
  "memory|usage": [glance],
  strlen: [glance],
  llen: [glance],
  hlen: [glance],
  hexists: [glance],
  hstrlen: [glance],
  scard: [glance],
  sismember: [glance],
  zcard: [glance],
  xlen: [glance],
  set: [overwrite],
  setex: [overwrite],
  psetex: [overwrite],
  setnx: [["OW", "insert"]],
  mset: [overwrite],
  msetnx: [["OW", "insert"]],
  append: [insert],
  setrange: [update],
  getdel: [take],
  del: [removal],
  unlink: [removal],
  expire: [update],
  pexpire: [update],
  expireat: [update],
  pexpireat: [update],
  persist: [update],
  restore: [overwrite],
  rename: [take, overwrite],
  renamenx: [take, ["OW", "insert"]],
  copy: [read, overwrite],
  move: [change],
  lpush: [insert],
  rpush: [insert],
  lpushx: [insert],
  rpushx: [insert],
  linsert: [insert],
  lset: [update],
  lrem: [drop],
  ltrim: [drop],
  lpop: [take],
  rpop: [take],
  blpop: [take],
  brpop: [take],
  lmpop: [take],
  blmpop: [take],
  lmove: [take, insert],
  blmove: [take, insert],
  rpoplpush: [take, insert],
  brpoplpush: [take, insert],
  sadd: [insert],
  srem: [drop],
  spop: [take],
  smove: [take, insert],
  sinterstore: [overwrite, read],
  sunionstore: [overwrite, read],
  sdiffstore: [overwrite, read],
  hset: [update],
  hmset: [update],
  hsetnx: [insert],
  hdel: [drop],
  zadd: [update],
  zrem: [drop],
  zremrangebyscore: [drop],
  zremrangebyrank: [drop],
  zremrangebylex: [drop],
  zpopmin: [take],
  zpopmax: [take],
  bzpopmin: [take],
  bzpopmax: [take],
  zmpop: [take],
  bzmpop: [take],
  zinterstore: [overwrite, read],
  zunionstore: [overwrite, read],
  zdiffstore: [overwrite, read],
  zrangestore: [overwrite, read],
  geoadd: [update],
  geosearchstore: [overwrite, read],
  georadius: [read, overwrite],
  georadiusbymember: [read, overwrite],
  sort: [read, overwrite],
  bitop: [overwrite, read],
  pfadd: [insert],
  pfmerge: [["RW", "access", "insert"], read],
  xadd: [update],
  xdel: [drop],
  xtrim: [drop],
  xack: [update],
  xclaim: [update],
  xautoclaim: [drop],
  xsetid: [update],
  "xgroup|create": [insert],
  "xgroup|createconsumer": [insert],
  "xgroup|delconsumer": [drop],
  "xgroup|destroy": [drop],
  "xgroup|setid": [update],
  xreadgroup: [read],
};

/** What the command does with the key in that position among its keys. */
export function keyUse(command: Command, position: number): KeyUse {
  const [first, others] = uses[command.name] ?? [];
  const known = position === 0 ? first : (others ?? first);
  return known ?? (command.flags.has("write") ? change : read);
}
