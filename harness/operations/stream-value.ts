/**
 * A stream in a model, with its digest following every change (see values.ts).
 *
 *     entries   4102444800001-1 [f v]   4102444800002-2 [f v] …      in the order of their ids, which only rise
 *     groups    g1: last id, pending: id → consumer, deliveries      of entries that are still there
 *
 * What is pending of an entry that is gone belongs to nothing: stores forget it when a log is rewritten, and may.
 * Consumers with nothing pending are not part of it either, for the same reason.
 */
import type { Bytes } from "../recording/history.ts";
import { join, textA, textB } from "./digest.ts";
import type { ModelGroup, ModelPending, ModelValue } from "./model.ts";
import type { Value } from "./values.ts";

const salt = 6;
export const firstId = "0-0";

interface Group {
  lastId: Bytes;
  readonly pending: Map<Bytes, ModelPending>;
}

export class StreamValue implements Value {
  readonly type = "stream";
  private readonly byId = new Map<Bytes, readonly Bytes[]>();
  private readonly groups = new Map<Bytes, Group>();
  private last: Bytes = firstId;
  private sumA = 0;
  private sumB = 0;

  /** A stream without entries exists all the same: it counts itself. */
  get size(): number {
    return this.byId.size + 1;
  }

  get length(): number {
    return this.byId.size;
  }

  get lastId(): Bytes {
    return this.last;
  }

  /** Fields and values in turn. */
  get(id: Bytes): readonly Bytes[] | undefined {
    return this.byId.get(id);
  }

  entries(): IterableIterator<[Bytes, readonly Bytes[]]> {
    return this.byId.entries();
  }

  /** The first `count` entries behind an id. */
  after(id: Bytes, count: number): (readonly [Bytes, readonly Bytes[]])[] {
    const found: (readonly [Bytes, readonly Bytes[]])[] = [];
    if (compareIds(this.last, id) <= 0) return found;
    for (const entry of this.byId) {
      if (found.length >= count) break;
      if (compareIds(entry[0], id) > 0) found.push(entry);
    }
    return found;
  }

  /** The id must be above the last one. */
  append(id: Bytes, items: readonly Bytes[]): void {
    this.byId.set(id, items);
    this.count(entryText(id, items), 1);
    this.last = id;
  }

  /** Only for a stream that is made anew: its last entry may be gone. */
  setLastId(id: Bytes): void {
    this.last = id;
  }

  delete(id: Bytes): void {
    const items = this.byId.get(id);
    if (items === undefined) return;
    this.byId.delete(id);
    this.count(entryText(id, items), -1);
    for (const name of this.groups.keys()) this.acknowledge(name, id);
  }

  /** Leaves the last so many. */
  trim(length: number): void {
    for (const id of this.byId.keys()) {
      if (this.byId.size <= length) return;
      this.delete(id);
    }
  }

  group(name: Bytes): Readonly<Group> | undefined {
    return this.groups.get(name);
  }

  putGroup(name: Bytes, lastId: Bytes): void {
    const before = this.groups.get(name);
    if (before === undefined) this.groups.set(name, { lastId, pending: new Map() });
    else before.lastId = lastId;
  }

  removeGroup(name: Bytes): void {
    for (const id of [...(this.groups.get(name)?.pending.keys() ?? [])]) this.acknowledge(name, id);
    this.groups.delete(name);
  }

  assign(name: Bytes, id: Bytes, pending: ModelPending): void {
    this.acknowledge(name, id);
    this.groups.get(name)?.pending.set(id, pending);
    this.count(pendingText(name, id, pending), 1);
  }

  acknowledge(name: Bytes, id: Bytes): void {
    const pending = this.groups.get(name)?.pending;
    const before = pending?.get(id);
    if (before === undefined) return;
    pending?.delete(id);
    this.count(pendingText(name, id, before), -1);
  }

  digestA(): number {
    let digest = join(this.sumA, textA(this.last));
    for (const [name, { lastId }] of this.groups) digest = (digest + join(textA(name), textA(lastId))) | 0;
    return join(salt, join(this.byId.size, digest));
  }

  digestB(): number {
    let digest = join(this.sumB, textB(this.last));
    for (const [name, { lastId }] of this.groups) digest = (digest + join(textB(name), textB(lastId))) | 0;
    return join(salt, join(this.byId.size, digest));
  }

  copy(): StreamValue {
    return streamOf(this.plain());
  }

  plain(): PlainStream {
    const groups = new Map<Bytes, ModelGroup>();
    for (const [name, { lastId, pending }] of this.groups) groups.set(name, { lastId, pending: new Map(pending) });
    return { type: "stream", entries: [...this.byId], lastId: this.last, groups };
  }

  private count(text: string, sign: 1 | -1): void {
    this.sumA = (this.sumA + Math.imul(sign, textA(text))) | 0;
    this.sumB = (this.sumB + Math.imul(sign, textB(text))) | 0;
  }
}

type PlainStream = Extract<ModelValue, { type: "stream" }>;

export function streamOf({ entries, lastId, groups }: PlainStream): StreamValue {
  const stream = new StreamValue();
  for (const [id, items] of entries) stream.append(id, items);
  stream.setLastId(lastId);
  for (const [name, group] of groups) {
    stream.putGroup(name, group.lastId);
    for (const [id, pending] of group.pending) stream.assign(name, id, pending);
  }
  return stream;
}

/** By milliseconds, then by sequence number. */
export function compareIds(one: Bytes, other: Bytes): number {
  const [oneMs, oneSeq] = partsOf(one);
  const [otherMs, otherSeq] = partsOf(other);
  return oneMs - otherMs || oneSeq - otherSeq;
}

/** The least id behind this one. */
export function nextId(id: Bytes): Bytes {
  const [ms, seq] = partsOf(id);
  return `${ms}-${seq + 1}`;
}

/** Ids that a workload draws are far from where numbers stop being exact. */
function partsOf(id: Bytes): readonly [number, number] {
  const dash = id.indexOf("-");
  return dash < 0 ? [Number(id), 0] : [Number(id.slice(0, dash)), Number(id.slice(dash + 1))];
}

function entryText(id: Bytes, items: readonly Bytes[]): string {
  return items.reduce((text, item) => `${text} ${item.length}:${item}`, id);
}

function pendingText(group: Bytes, id: Bytes, { consumer, deliveries }: ModelPending): string {
  return `${id} ${deliveries} ${consumer.length}:${consumer}${group}`;
}
