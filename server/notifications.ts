/**
 * Keyspace notifications: what happens to keys, published on channels, for those who asked with
 * `notify-keyspace-events`.
 *
 *     SET a 1  in database 0   →   __keyspace@0__:a  "set"      (letter K)
 *                                  __keyevent@0__:set  "a"      (letter E)
 */
import type { Channels } from "./channels.ts";
import type { Config } from "./config/config.ts";
import type { Database } from "./keyspace/database.ts";

/** The letter of each event's class. An event's name belongs to one class only. */
const eventClasses: Readonly<Record<string, readonly string[]>> = {
  g: ["del", "rename_from", "rename_to", "move_from", "move_to", "copy_to", "restore", "expire", "persist"],
  $: ["set", "setrange", "append", "incrby", "incrbyfloat", "setbit", "pfadd"],
  l: ["lpush", "rpush", "lpop", "rpop", "linsert", "lset", "lrem", "ltrim", "sortstore"],
  s: ["sadd", "srem", "spop", "sinterstore", "sunionstore", "sdiffstore"],
  h: ["hset", "hincrby", "hincrbyfloat", "hdel", "hexpire", "hexpired", "hpersist"],
  z: [
    "zadd",
    "zincr",
    "zrem",
    "zremrangebyscore",
    "zremrangebyrank",
    "zremrangebylex",
    "zpopmin",
    "zpopmax",
    "zinterstore",
    "zunionstore",
    "zdiffstore",
    "zrangestore",
    "georadiusstore",
    "geosearchstore",
  ],
  t: [
    "xadd",
    "xtrim",
    "xdel",
    "xsetid",
    "xgroup-create",
    "xgroup-createconsumer",
    "xgroup-delconsumer",
    "xgroup-destroy",
    "xgroup-setid",
  ],
  x: ["expired"],
  e: ["evicted"],
  n: ["new"],
  m: ["keymiss"],
};

const classOf = new Map(
  Object.entries(eventClasses).flatMap(([letter, events]) => events.map((event) => [event, letter] as const)),
);

export class Notifications {
  private readonly channels: Channels;
  private readonly config: Config;

  constructor(channels: Channels, config: Config) {
    this.channels = channels;
    this.config = config;
  }

  get areWanted(): boolean {
    return this.config.get("notify-keyspace-events") !== "";
  }

  announce(event: string, db: Database, key: string): void {
    const letters = this.config.get("notify-keyspace-events");
    const letter = classOf.get(event);
    if (letter === undefined || !isWanted(letters, letter)) return;
    if (letters.includes("K")) this.channels.publish(`__keyspace@${db.index}__:${key}`, event);
    if (letters.includes("E")) this.channels.publish(`__keyevent@${db.index}__:${event}`, key);
  }
}

/** `A` stands for all classes but new keys and misses. */
function isWanted(letters: string, letter: string): boolean {
  return letters.includes(letter) || (letters.includes("A") && letter !== "n" && letter !== "m");
}
