/**
 * A node of a stream: up to a hundred entries, which a file holds as one listpack under the id of the first of them, the
 * master id. The fields of that first entry stand at the head, and entries with the same fields leave them out.
 *
 *     live │ deleted │ n │ field 1 … n │ 0 ║ flags │ Δms │ Δseq │ [n │ field, value …] or [value 1 … n] │ items ║ …
 *
 *     flags   1 deleted   2 same fields as the master entry       items: how many the entry has, without this one
 *
 * A deleted entry stays, marked, until its whole node goes: so does Redis, and when nodes are full and what a trim may
 * take away depends on it.
 */
import { type ListpackWriter, listpackEntryBytes, readListpack } from "../codec/listpack.ts";
import type { PackedBytes } from "../codec/packed-bytes.ts";
import { msOf, type StreamId, seqOf, streamId } from "./stream-id.ts";

export interface StreamEntry {
  readonly id: StreamId;
  /** The node's own `fields`, the very array, when they are the same. */
  readonly fields: readonly string[];
  readonly values: readonly string[];
  readonly deleted: boolean;
}

const flagDeleted = 1n;
const flagSameFields = 2n;
/** Flags, and the differences to the master id. */
const fixedItems = 3;
const listpackFrameBytes = 7;

export class StreamNode {
  readonly masterId: StreamId;
  readonly fields: readonly string[];
  /** Deleted ones included; ids rise. */
  readonly entries: StreamEntry[] = [];
  liveCount = 0;
  /** A snapshot has not written it yet: whoever changes it works on a clone. */
  frozen = false;
  /** Of the listpack, without the two counts at its head. */
  private restBytes: number;

  constructor(masterId: StreamId, fields: readonly string[]) {
    this.masterId = masterId;
    this.fields = fields;
    this.restBytes = listpackFrameBytes + numberBytes(fields.length) + numberBytes(0);
    for (const field of fields) this.restBytes += listpackEntryBytes(field);
  }

  /** How many bytes the node takes as a listpack. */
  get sizeBytes(): number {
    return this.restBytes + numberBytes(this.liveCount) + numberBytes(this.entries.length - this.liveCount);
  }

  append(id: StreamId, fields: readonly string[], values: readonly string[]): void {
    const same = fields.length === this.fields.length && fields.every((field, index) => field === this.fields[index]);
    this.push({ id, fields: same ? this.fields : fields, values, deleted: false });
    for (const text of entryItems(this, this.entries.at(-1) as StreamEntry)) this.restBytes += listpackEntryBytes(text);
  }

  /** The index of the first entry whose id is not smaller. */
  indexOf(id: StreamId): number {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.entries[middle] as StreamEntry).id < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  markDeleted(index: number): void {
    this.entries[index] = { ...(this.entries[index] as StreamEntry), deleted: true };
    this.liveCount--;
  }

  clone(): StreamNode {
    const clone = new StreamNode(this.masterId, this.fields);
    for (const entry of this.entries) clone.entries.push(entry);
    clone.liveCount = this.liveCount;
    clone.restBytes = this.restBytes;
    return clone;
  }

  /** The node's listpack, as `listpack.finish()` gives it. */
  write(listpack: ListpackWriter): Buffer {
    listpack.add(String(this.liveCount));
    listpack.add(String(this.entries.length - this.liveCount));
    listpack.add(String(this.fields.length));
    for (const field of this.fields) listpack.add(field);
    listpack.add("0");
    for (const entry of this.entries) for (const item of entryItems(this, entry)) listpack.add(item);
    return listpack.finish();
  }

  /** @throws DamagedFile */
  static read(masterId: StreamId, packed: PackedBytes): StreamNode {
    const items = new Items(readListpack(packed), packed);
    const live = items.count("live entries");
    const deleted = items.count("deleted entries");
    const node = new StreamNode(masterId, items.strings(items.count("fields of the master entry")));
    if (items.integer("the end of the master entry") !== 0n)
      packed.fail(0, "the master entry of a stream node ends with 0");
    for (let missing = live + deleted; missing > 0; missing--) {
      const entry = readEntry(items, node, packed);
      // What XDEL left behind may be above an id that XSETID went back to.
      while ((node.entries.at(-1)?.id ?? -1n) >= entry.id && node.entries.at(-1)?.deleted) node.entries.pop();
      if ((node.entries.at(-1)?.id ?? -1n) >= entry.id) packed.fail(0, "the ids of a stream node rise");
      node.push(entry);
    }
    if (node.entries.length === 0) packed.fail(0, "a stream node holds at least one entry");
    items.expectEnd();
    if (node.liveCount !== live) {
      packed.fail(0, `a stream node of ${live} live entries announced, ${node.liveCount} are not marked as deleted`);
    }
    node.restBytes = packed.bytes.length - numberBytes(live) - numberBytes(deleted);
    return node;
  }

  private push(entry: StreamEntry): void {
    this.entries.push(entry);
    if (!entry.deleted) this.liveCount++;
  }
}

function* entryItems(node: StreamNode, entry: StreamEntry): Generator<string, void, undefined> {
  const { id, fields, values } = entry;
  const same = fields === node.fields;
  yield String((entry.deleted ? flagDeleted : 0n) | (same ? flagSameFields : 0n));
  yield String(BigInt.asIntN(64, msOf(id) - msOf(node.masterId)));
  yield String(BigInt.asIntN(64, seqOf(id) - seqOf(node.masterId)));
  if (same) {
    yield* values;
    yield String(fixedItems + values.length);
    return;
  }
  yield String(fields.length);
  for (let index = 0; index < fields.length; index++) {
    yield fields[index] as string;
    yield values[index] as string;
  }
  yield String(fixedItems + 1 + 2 * fields.length);
}

function readEntry(items: Items, node: StreamNode, packed: PackedBytes): StreamEntry {
  const flags = items.integer("the flags of a stream entry");
  const ms = msOf(node.masterId) + items.integer("the time of a stream entry");
  const seq = seqOf(node.masterId) + items.integer("the sequence number of a stream entry");
  const id = streamId(ms, seq);
  let { fields } = node;
  let values: readonly string[];
  let expected = fixedItems;
  if ((flags & flagSameFields) === 0n) {
    const pairs = items.strings(2 * items.count("fields of a stream entry"));
    fields = pairs.filter((_, index) => index % 2 === 0);
    values = pairs.filter((_, index) => index % 2 === 1);
    expected += 1 + pairs.length;
  } else {
    values = items.strings(fields.length);
    expected += values.length;
  }
  const announced = items.integer("the item count of a stream entry");
  if (announced !== BigInt(expected)) packed.fail(0, `a stream entry of ${expected} items says it has ${announced}`);
  return { id, fields, values, deleted: (flags & flagDeleted) !== 0n };
}

/** The items of a listpack, one after the other. */
class Items {
  private readonly items: readonly string[];
  private readonly packed: PackedBytes;
  private at = 0;

  constructor(items: readonly string[], packed: PackedBytes) {
    this.items = items;
    this.packed = packed;
  }

  integer(what: string): bigint {
    const text = this.items[this.at++];
    if (text === undefined || !/^-?\d{1,20}$/.test(text))
      return this.packed.fail(0, `${what} expected in a stream node`);
    return BigInt(text);
  }

  /** Of things that follow, each at least one item. */
  count(what: string): number {
    const count = this.integer(`the number of ${what}`);
    if (count >= 0n && count <= BigInt(this.items.length - this.at)) return Number(count);
    return this.packed.fail(
      0,
      `a stream node announces ${count} ${what}, ${this.items.length - this.at} items are left`,
    );
  }

  strings(count: number): readonly string[] {
    if (this.at + count > this.items.length) this.packed.fail(0, "a stream node ends inside an entry");
    this.at += count;
    return this.items.slice(this.at - count, this.at);
  }

  expectEnd(): void {
    if (this.at < this.items.length) this.packed.fail(0, "a stream node goes on behind its last entry");
  }
}

function numberBytes(value: number): number {
  return listpackEntryBytes(String(value));
}
