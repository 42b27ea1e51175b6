/** XINFO: what there is to know about a stream, its groups and their consumers. */
import { MapReply, type Reply, ReplyError } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import type { IdMap } from "../types/id-map.ts";
import { StreamValue } from "../types/stream.ts";
import { byName, type Consumer, type StreamGroup } from "../types/stream-group.ts";
import { formatId, idMax, idMin, type StreamId } from "../types/stream-id.ts";
import { lagOf } from "../types/stream-progress.ts";
import { integer } from "./arguments.ts";
import { ofType } from "./collections.ts";
import type { Args, Command } from "./command.ts";
import { container, type Subcommand } from "./container.ts";
import { showEntries, showEntry } from "./stream-arguments.ts";

const SUBCOMMAND_KEY = { first: 2, last: 2, step: 1 };
const countByDefault = 10;

function streamOf({ db }: Session, key: string): StreamValue {
  const stream = ofType(StreamValue, db.get(key));
  if (stream === undefined) throw new ReplyError("ERR no such key");
  return stream;
}

function describeStream(args: Args, session: Session): Reply {
  const count = readFull(args);
  const stream = streamOf(session, args[2] as string);
  const head: readonly (readonly [string, Reply])[] = [
    ["length", stream.length],
    ["radix-tree-keys", stream.nodes.length],
    ["radix-tree-nodes", treeNodeCount(stream.nodes.map(({ masterId }) => masterId))],
    ["last-generated-id", formatId(stream.lastId)],
    ["max-deleted-entry-id", formatId(stream.maxDeletedId)],
    ["entries-added", stream.entriesAdded],
    ["recorded-first-entry-id", formatId(stream.firstId)],
  ];
  if (count !== undefined) {
    return new MapReply([
      ...head,
      ["entries", showEntries(stream.range(idMin, idMax), count)],
      ["groups", byName(stream.groups).map(([name, group]) => describeGroupInFull(name, group, stream, count))],
    ]);
  }
  const [first] = stream.range(idMin, idMax);
  const [last] = stream.reversed(idMin, idMax);
  return new MapReply([
    ...head,
    ["groups", stream.groups.size],
    ["first-entry", first === undefined ? null : showEntry(first)],
    ["last-entry", last === undefined ? null : showEntry(last)],
  ]);
}

/** How many of each are shown in full (0: all); undefined: FULL was not asked for. */
function readFull(args: Args): number | undefined {
  const [, , , full, countWord, countText] = args;
  if (full === undefined) return undefined;
  const hasCount = countWord !== undefined;
  const isKnown =
    full.toUpperCase() === "FULL" && (!hasCount || (countWord.toUpperCase() === "COUNT" && args.length === 6));
  if (!isKnown) {
    throw new ReplyError(`ERR unknown subcommand or wrong number of arguments for '${args[1]}'. Try XINFO HELP.`);
  }
  const count = hasCount ? integer(countText as string) : countByDefault;
  return count < 0 ? countByDefault : count;
}

function describeGroup(name: string, group: StreamGroup, stream: StreamValue): Reply {
  return new MapReply([
    ["name", name],
    ["consumers", group.consumers.size],
    ["pending", group.pending.size],
    ["last-delivered-id", formatId(group.lastId)],
    ["entries-read", group.entriesRead ?? null],
    ["lag", lagOf(stream, group) ?? null],
  ]);
}

function describeGroupInFull(name: string, group: StreamGroup, stream: StreamValue, count: number): Reply {
  return new MapReply([
    ["name", name],
    ["last-delivered-id", formatId(group.lastId)],
    ["entries-read", group.entriesRead ?? null],
    ["lag", lagOf(stream, group) ?? null],
    ["pel-count", group.pending.size],
    [
      "pending",
      firstOf(group.pending, count).map(([id, { consumer, deliveredMs, deliveries }]) => [
        formatId(id),
        consumer.name,
        deliveredMs,
        deliveries,
      ]),
    ],
    ["consumers", byName(group.consumers).map(([, consumer]) => describeConsumerInFull(consumer, count))],
  ]);
}

function describeConsumerInFull({ name, seenMs, pending }: Consumer, count: number): Reply {
  return new MapReply([
    ["name", name],
    ["seen-time", seenMs],
    ["pel-count", pending.size],
    [
      "pending",
      firstOf(pending, count).map(([id, { deliveredMs, deliveries }]) => [formatId(id), deliveredMs, deliveries]),
    ],
  ]);
}

function firstOf<V>(map: IdMap<V>, count: number): (readonly [StreamId, V])[] {
  const found: (readonly [StreamId, V])[] = [];
  for (const pair of map) {
    found.push(pair);
    if (found.length === count) break;
  }
  return found;
}

/**
 * How many nodes Redis's radix tree of the ids has, each of them 16 bytes long: a node for every place where ids part,
 * one for every run of bytes that ids have in common or that only one has, one for every end. The ids rise.
 */
export function treeNodeCount(ids: readonly StreamId[]): number {
  const keys = ids.map((id) => id.toString(16).padStart(32, "0"));
  const below = (first: number, end: number, depth: number): number => {
    const left = keys[first] as string;
    const right = keys[end - 1] as string;
    let common = depth;
    while (common < left.length && left.startsWith(right.slice(common, common + 2), common)) common += 2;
    const run = common > depth ? 1 : 0;
    if (common === left.length) return run + 1;
    let nodes = run + 1;
    for (let from = first; from < end; ) {
      const byte = (keys[from] as string).slice(common, common + 2);
      let to = from + 1;
      while (to < end && (keys[to] as string).startsWith(byte, common)) to++;
      nodes += below(from, to, common + 2);
      from = to;
    }
    return nodes;
  };
  return keys.length === 0 ? 1 : below(0, keys.length, 0);
}

const subcommands: readonly Subcommand[] = [
  {
    usage: "CONSUMERS <key> <group>",
    help: "The consumers of a group.",
    arity: 4,
    flags: ["readonly"],
    keys: SUBCOMMAND_KEY,
    run(args, session) {
      const [, , key, name] = args as readonly [string, string, string, string];
      const group = streamOf(session, key).groups.get(name);
      if (group === undefined) throw new ReplyError(`NOGROUP No such consumer group '${name}' for key name '${key}'`);
      return byName(group.consumers).map(
        ([consumer, { seenMs, pending }]) =>
          new MapReply([
            ["name", consumer],
            ["pending", pending.size],
            ["idle", Math.max(0, session.server.keyspace.nowMs - seenMs)],
          ]),
      );
    },
  },
  {
    usage: "GROUPS <key>",
    help: "The groups of a stream.",
    arity: 3,
    flags: ["readonly"],
    keys: SUBCOMMAND_KEY,
    run(args, session) {
      const stream = streamOf(session, args[2] as string);
      return byName(stream.groups).map(([name, group]) => describeGroup(name, group, stream));
    },
  },
  {
    usage: "STREAM <key> [FULL [COUNT <count>]]",
    help: "The stream itself; in full, with its entries and groups.",
    arity: -3,
    flags: ["readonly"],
    keys: SUBCOMMAND_KEY,
    run: describeStream,
  },
];

export const streamInfoCommands: readonly Command[] = [container("xinfo", "stream", subcommands)];
