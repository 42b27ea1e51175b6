/**
 * What a keyspace holds, in a form in which two stores can be compared: databases, keys, values and deadlines, with
 * what has no order sorted.
 */
import { expect } from "chai";
import { canonicalInt64 } from "../../server/codec/integers.ts";
import type { Database } from "../../server/keyspace/database.ts";
import { NEVER } from "../../server/keyspace/slot-table.ts";
import { HashValue } from "../../server/types/hash.ts";
import { ListValue } from "../../server/types/list.ts";
import { SetValue } from "../../server/types/set.ts";
import { SortedSetValue } from "../../server/types/sorted-set.ts";
import { StreamValue } from "../../server/types/stream.ts";
import { byName } from "../../server/types/stream-group.ts";
import { formatId, idMax, idMin } from "../../server/types/stream-id.ts";
import type { Value } from "../../server/types/value.ts";
import type { Peer, PeerReply } from "./peer.ts";

export interface KeyContent {
  readonly type: string;
  readonly encoding: string;
  readonly value: unknown;
  /** Wall milliseconds; −1 when there is none. */
  readonly deadlineMs: number;
}

export type Contents = Record<string, KeyContent>;

/** Keys are `database/key`. */
export function contentsOf(databases: readonly Database[]): Contents {
  const contents: Contents = {};
  for (const { index, table } of databases) {
    table.keys.forEach((key, slot) => {
      if (key === undefined) return;
      const deadlineMs = table.deadlines.at(slot);
      contents[`${index}/${key}`] = {
        ...contentOf(table.values[slot] as Value),
        deadlineMs: deadlineMs === NEVER ? -1 : deadlineMs,
      };
    });
  }
  return contents;
}

function contentOf(value: Value): Omit<KeyContent, "deadlineMs"> {
  if (typeof value !== "object") {
    const text = String(value);
    const encoding = canonicalInt64(text) !== undefined ? "int" : text.length <= 44 ? "embstr" : "raw";
    return { type: "string", encoding, value: text };
  }
  const { type } = value;
  if (value instanceof ListValue) return { type, encoding: value.encoding, value: [...value.elements()] };
  if (value instanceof HashValue) return { type, encoding: value.encoding, value: sortedPairs([...value.items()]) };
  if (value instanceof SetValue) return { type, encoding: value.encoding, value: [...value.members()].sort() };
  if (value instanceof SortedSetValue) {
    return {
      type,
      encoding: value.encoding,
      value: value.range(0, value.size).map(({ member, score }) => [member, score]),
    };
  }
  if (value instanceof StreamValue) return { type, encoding: value.encoding, value: streamContent(value) };
  throw new Error(`no way to show a ${type}`);
}

/** What XINFO STREAM … FULL shows, as nested objects; but for the size of Redis's tree. */
function streamContent(stream: StreamValue): unknown {
  const entries = [...stream.range(idMin, idMax)].map(({ id, fields, values }) => [
    formatId(id),
    fields.flatMap((field, at) => [field, values[at]]),
  ]);
  return {
    length: stream.length,
    "radix-tree-keys": stream.nodes.length,
    "last-generated-id": formatId(stream.lastId),
    "max-deleted-entry-id": formatId(stream.maxDeletedId),
    "entries-added": Number(stream.entriesAdded),
    "recorded-first-entry-id": formatId(stream.firstId),
    entries,
    groups: byName(stream.groups).map(([name, group]) => ({
      name,
      "last-delivered-id": formatId(group.lastId),
      "entries-read": group.entriesRead === undefined ? null : Number(group.entriesRead),
      "pel-count": group.pending.size,
      pending: [...group.pending].map(([id, { consumer, deliveredMs, deliveries }]) => [
        ...[formatId(id), consumer.name, deliveredMs, deliveries],
      ]),
      consumers: byName(group.consumers).map(([consumer, { seenMs, pending }]) => ({
        name: consumer,
        "seen-time": seenMs,
        "pel-count": pending.size,
        pending: [...pending].map(([id, { deliveredMs, deliveries }]) => [formatId(id), deliveredMs, deliveries]),
      })),
    })),
  };
}

/** The same of a store that is asked over its protocol. */
export async function contentsOfPeer(peer: Peer, databaseCount = 16): Promise<Contents> {
  const contents: Contents = {};
  for (let index = 0; index < databaseCount; index++) {
    await peer.call("SELECT", index);
    const keys = (await peer.call("KEYS", "*")) as string[];
    const described = await Promise.all(keys.map((key) => keyOfPeer(peer, key)));
    keys.forEach((key, at) => {
      contents[`${index}/${key}`] = described[at] as KeyContent;
    });
  }
  await peer.call("SELECT", 0);
  return contents;
}

async function keyOfPeer(peer: Peer, key: string): Promise<KeyContent> {
  const [type, encoding, deadlineMs] = (await peer.callAll([
    ["TYPE", key],
    ["OBJECT", "ENCODING", key],
    ["PEXPIRETIME", key],
  ])) as [string, string, number];
  return { type, encoding, value: await valueOfPeer(peer, type, key), deadlineMs };
}

async function valueOfPeer(peer: Peer, type: string, key: string): Promise<unknown> {
  switch (type) {
    case "string":
      return peer.call("GET", key);
    case "list":
      return peer.call("LRANGE", key, 0, -1);
    case "set":
      return ((await peer.call("SMEMBERS", key)) as string[]).sort();
    case "hash":
      return sortedPairs(inPairs(await peer.call("HGETALL", key)));
    case "zset":
      return inPairs(await peer.call("ZRANGE", key, 0, -1, "WITHSCORES")).map(([member, score]) => [
        member,
        score === "inf" ? Number.POSITIVE_INFINITY : score === "-inf" ? Number.NEGATIVE_INFINITY : Number(score),
      ]);
    case "stream":
      return streamOfPeer(await peer.call("XINFO", "STREAM", key, "FULL", "COUNT", 0));
    default:
      throw new Error(`no way to show a ${type}`);
  }
}

/** Of groups the lag is left out, as it follows from the rest; of consumers the active time, which Redis 7.0 has not. */
function streamOfPeer(reply: PeerReply): unknown {
  const { "radix-tree-nodes": _nodes, groups, ...head } = asObject(reply);
  return {
    ...head,
    groups: (groups as PeerReply[]).map((group) => {
      const { lag: _lag, consumers, ...rest } = asObject(group);
      return { ...rest, consumers: (consumers as PeerReply[]).map(consumerOfPeer) };
    }),
  };
}

function consumerOfPeer(reply: PeerReply): unknown {
  const { "active-time": _activeTime, ...consumer } = asObject(reply);
  return consumer;
}

function asObject(flat: PeerReply): Record<string, PeerReply> {
  return Object.fromEntries(inPairs(flat));
}

function inPairs(reply: PeerReply): [string, string][] {
  const flat = reply as string[];
  return Array.from({ length: flat.length / 2 }, (_, at) => [flat[at * 2] as string, flat[at * 2 + 1] as string]);
}

function sortedPairs<Pair extends readonly [string, ...unknown[]]>(pairs: readonly Pair[]): Pair[] {
  return [...pairs].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Compares key by key, so that a difference is shown with its key and not in the middle of everything. */
export function expectSameContents(found: Contents, expected: Contents, what = ""): void {
  for (const [key, content] of Object.entries(expected)) expect(found[key], `${what} ${key}`).to.deep.equal(content);
  expect(Object.keys(found).sort(), what).to.deep.equal(Object.keys(expected).sort());
}
