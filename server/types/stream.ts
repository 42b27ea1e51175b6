/**
 * A stream: entries under rising ids, in nodes (see stream-node.ts), and the groups that read it.
 *
 *     nodes     [1-0 … 99-0] [100-0 … 180-3] [181-0 …         XADD appends to the last one, XTRIM takes from the first
 *     lastId    181-7        the highest id ever, also when its entry is gone
 *     groups    readers ── at 150-0
 *
 * How nodes fill, and what a trim leaves, follows Redis, whose clients and files can see it.
 */
import { assert } from "../assert.ts";
import type { EncodingLimits } from "./encoding-limits.ts";
import type { StreamGroup } from "./stream-group.ts";
import { idMax, idMin, type StreamId } from "./stream-id.ts";
import { type StreamEntry, StreamNode } from "./stream-node.ts";
import type { Collection } from "./value.ts";

/** A listpack cannot be larger. */
export const entryBytesMax = 2 ** 30;

/** What a trim shall leave: so many entries, or those from an id on. */
export interface Trim {
  readonly by: { readonly lengthMax: number } | { readonly idMin: StreamId };
  /** Only whole nodes go. */
  readonly approximate: boolean;
  /** It stops before it takes away more than that; 0: no limit. */
  readonly limit: number;
}

/** What a file holds of a stream: the stream itself, or how it was when it was frozen. */
export interface StreamImage {
  readonly nodes: readonly StreamNode[];
  readonly length: number;
  readonly lastId: StreamId;
  readonly firstId: StreamId;
  readonly maxDeletedId: StreamId;
  readonly entriesAdded: bigint;
  readonly groups: ReadonlyMap<string, StreamGroup>;
}

export class StreamValue implements Collection, StreamImage {
  readonly type = "stream";
  readonly encoding = "stream";
  readonly nodes: StreamNode[] = [];
  readonly groups = new Map<string, StreamGroup>();
  length = 0;
  lastId = idMin;
  /** Of the first entry; 0-0 when there is none. */
  firstId = idMin;
  /** The highest id that XDEL took away. */
  maxDeletedId = idMin;
  /** How many were ever added. */
  entriesAdded = 0n;
  private readonly limits: EncodingLimits;

  constructor(limits: EncodingLimits) {
    this.limits = limits;
  }

  /** Takes over a node that a file holds. Ids must rise from node to node. */
  appendNode(node: StreamNode): void {
    this.nodes.push(node);
  }

  /** Adds an entry; its id must be above `lastId`. */
  append(id: StreamId, fields: readonly string[], values: readonly string[]): void {
    assert(id > this.lastId, "the ids of a stream rise");
    let node = this.nodes.at(-1);
    // What XDEL left behind may be above an id that XSETID went back to.
    for (; node !== undefined && node.masterId >= id; node = this.nodes.at(-1)) this.nodes.pop();
    const isBelow = node !== undefined && (node.entries.at(-1) as StreamEntry).id < id;
    if (node === undefined || !isBelow || this.isFull(node, textBytes(fields) + textBytes(values))) {
      node = new StreamNode(id, fields);
      this.nodes.push(node);
    } else {
      node = this.thawed(this.nodes.length - 1);
    }
    node.append(id, fields, values);
    this.length++;
    this.entriesAdded++;
    this.lastId = id;
    if (this.length === 1) this.firstId = id;
  }

  /** True when there was such an entry. */
  delete(id: StreamId): boolean {
    const found = this.find(id);
    if (found === undefined) return false;
    const node = this.nodes[found.nodeIndex] as StreamNode;
    if (node.liveCount === 1) this.nodes.splice(found.nodeIndex, 1);
    else this.thawed(found.nodeIndex).markDeleted(found.index);
    this.length--;
    if (id > this.maxDeletedId) this.maxDeletedId = id;
    if (id === this.firstId) this.firstId = this.edge("first") ?? idMin;
    return true;
  }

  has(id: StreamId): boolean {
    return this.find(id) !== undefined;
  }

  get(id: StreamId): StreamEntry | undefined {
    const found = this.find(id);
    return found === undefined ? undefined : this.nodes[found.nodeIndex]?.entries[found.index];
  }

  /** The id of the first or the last entry that is not deleted. */
  edge(which: "first" | "last"): StreamId | undefined {
    const next = which === "first" ? this.range(idMin, idMax).next() : this.reversed(idMin, idMax).next();
    return next.value?.id;
  }

  /** The id of the first entry, deleted or not. */
  get firstIdEver(): StreamId | undefined {
    return this.nodes[0]?.entries[0]?.id;
  }

  /** The entries between two ids, both included. The stream must not change meanwhile. */
  *range(first: StreamId, last: StreamId): Generator<StreamEntry, undefined, undefined> {
    for (let at = this.nodeIndexOf(first); at < this.nodes.length; at++) {
      const node = this.nodes[at] as StreamNode;
      for (let index = node.indexOf(first); index < node.entries.length; index++) {
        const entry = node.entries[index] as StreamEntry;
        if (entry.id > last) return undefined;
        if (!entry.deleted) yield entry;
      }
    }
    return undefined;
  }

  /** The same, from the last one to the first. */
  *reversed(first: StreamId, last: StreamId): Generator<StreamEntry, undefined, undefined> {
    for (let at = Math.min(this.nodeIndexOf(last), this.nodes.length - 1); at >= 0; at--) {
      const node = this.nodes[at] as StreamNode;
      for (let index = node.entries.length - 1; index >= 0; index--) {
        const entry = node.entries[index] as StreamEntry;
        if (entry.id < first) return undefined;
        if (entry.id <= last && !entry.deleted) yield entry;
      }
    }
    return undefined;
  }

  /** Returns how many entries went. */
  trim({ by, approximate, limit }: Trim): number {
    const isDone = (id: StreamId) => ("idMin" in by ? id >= by.idMin : this.length <= by.lengthMax);
    let removed = 0;
    for (let node = this.nodes[0]; node !== undefined; node = this.nodes[0]) {
      if ("lengthMax" in by && this.length <= by.lengthMax) break;
      if (limit > 0 && removed + node.liveCount > limit) break;
      const goesWhole =
        "idMin" in by
          ? (node.entries.at(-1) as StreamEntry).id < by.idMin
          : this.length - node.liveCount >= by.lengthMax;
      if (!goesWhole) {
        if (!approximate) removed += this.trimNode(isDone);
        break;
      }
      this.nodes.shift();
      this.length -= node.liveCount;
      removed += node.liveCount;
    }
    if (removed > 0) this.firstId = this.edge("first") ?? idMin;
    return removed;
  }

  /** The nodes as they are now, whatever is done to the stream: each until its `frozen` is taken back. */
  freezeNodes(): readonly StreamNode[] {
    for (const node of this.nodes) node.frozen = true;
    return [...this.nodes];
  }

  /** Deletes the first entries of the first node, one by one, until that is done. */
  private trimNode(isDone: (id: StreamId) => boolean): number {
    const node = this.thawed(0);
    let removed = 0;
    for (let index = 0; index < node.entries.length; index++) {
      const { id, deleted } = node.entries[index] as StreamEntry;
      if (isDone(id)) break;
      if (deleted) continue;
      node.markDeleted(index);
      this.length--;
      removed++;
    }
    return removed;
  }

  private isFull(node: StreamNode, moreBytes: number): boolean {
    const { streamNodeMaxBytes, streamNodeMaxEntries } = this.limits;
    const bytesMax = streamNodeMaxBytes === 0 ? entryBytesMax : Math.min(streamNodeMaxBytes, entryBytesMax);
    if (node.sizeBytes + moreBytes >= bytesMax) return true;
    return streamNodeMaxEntries > 0 && node.entries.length >= streamNodeMaxEntries;
  }

  /** The node, to be changed: a clone in its place where a snapshot still needs the old one. */
  private thawed(nodeIndex: number): StreamNode {
    const node = this.nodes[nodeIndex] as StreamNode;
    if (!node.frozen) return node;
    const clone = node.clone();
    this.nodes[nodeIndex] = clone;
    return clone;
  }

  private find(id: StreamId): { readonly nodeIndex: number; readonly index: number } | undefined {
    const nodeIndex = this.nodeIndexOf(id);
    const node = this.nodes[nodeIndex];
    if (node === undefined) return undefined;
    const index = node.indexOf(id);
    const entry = node.entries[index];
    return entry === undefined || entry.id !== id || entry.deleted ? undefined : { nodeIndex, index };
  }

  /** The node that holds the id or would hold it; 0 when there is none. */
  private nodeIndexOf(id: StreamId): number {
    let low = 0;
    let high = this.nodes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.nodes[middle] as StreamNode).masterId > id) high = middle;
      else low = middle + 1;
    }
    return Math.max(0, low - 1);
  }
}

function textBytes(texts: readonly string[]): number {
  let bytes = 0;
  for (const text of texts) bytes += text.length;
  return bytes;
}
