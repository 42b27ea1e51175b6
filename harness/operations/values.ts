/**
 * The values of a model while it is being computed: each changes in place, and its digest follows (see digest.ts).
 * `plain()` gives the pure value that the rest of the harness speaks, `valueFrom` goes the other way, and both ways a
 * value and its twin have the same digest.
 */
import type { Bytes } from "../recording/history.ts";
import {
  baseA,
  baseB,
  extendA,
  extendB,
  inverseA,
  inverseB,
  join,
  numberDigest,
  power,
  spread,
  textA,
  textB,
  textStartA,
  textStartB,
} from "./digest.ts";
import type { ModelValue, TypeName } from "./model.ts";
import { streamOf } from "./stream-value.ts";

export interface Value {
  readonly type: TypeName;
  /** Elements; of a string, bytes. A collection without elements does not exist. */
  readonly size: number;
  digestA(): number;
  digestB(): number;
  copy(): Value;
  plain(): ModelValue;
}

/** One for each type, so that no two types share a digest; that of streams stands in stream-value.ts. */
const salts: Readonly<Record<Exclude<TypeName, "stream">, number>> = { string: 1, list: 2, hash: 3, set: 4, zset: 5 };

export class StringValue implements Value {
  readonly type = "string";
  readonly text: Bytes;
  private readonly stateA: number;
  private readonly stateB: number;

  constructor(text: Bytes, stateA: number = extendA(textStartA, text), stateB: number = extendB(textStartB, text)) {
    this.text = text;
    this.stateA = stateA;
    this.stateB = stateB;
  }

  get size(): number {
    return this.text.length;
  }

  /** Costs what is appended, not what is there. */
  appended(tail: Bytes): StringValue {
    return new StringValue(this.text + tail, extendA(this.stateA, tail), extendB(this.stateB, tail));
  }

  digestA(): number {
    return join(salts.string, spread(this.stateA));
  }

  digestB(): number {
    return join(salts.string, spread(this.stateB));
  }

  /** Strings never change in place. */
  copy(): StringValue {
    return this;
  }

  plain(): ModelValue {
    return { type: "string", value: this.text };
  }
}

/** A ring, so that both ends are cheap: queues live on it. */
export class ListValue implements Value {
  readonly type = "list";
  private ring: (Bytes | undefined)[] = new Array(8);
  private head = 0;
  private count = 0;
  private sumA = 0;
  private sumB = 0;
  /** B to the power of `count`. */
  private nextA = 1;
  private nextB = 1;

  get size(): number {
    return this.count;
  }

  at(index: number): Bytes {
    if (index < 0 || index >= this.count) throw new RangeError(`no item ${index} in a list of ${this.count}`);
    return this.ring[(this.head + index) & (this.ring.length - 1)] as Bytes;
  }

  items(): Bytes[] {
    return Array.from({ length: this.count }, (_, index) => this.at(index));
  }

  pushLast(item: Bytes): void {
    this.growIfFull();
    this.ring[(this.head + this.count) & (this.ring.length - 1)] = item;
    this.sumA = (this.sumA + Math.imul(textA(item), this.nextA)) | 0;
    this.sumB = (this.sumB + Math.imul(textB(item), this.nextB)) | 0;
    this.lengthened();
  }

  pushFirst(item: Bytes): void {
    this.growIfFull();
    this.head = (this.head - 1) & (this.ring.length - 1);
    this.ring[this.head] = item;
    this.sumA = (Math.imul(this.sumA, baseA) + textA(item)) | 0;
    this.sumB = (Math.imul(this.sumB, baseB) + textB(item)) | 0;
    this.lengthened();
  }

  popFirst(): Bytes {
    const item = this.at(0);
    this.ring[this.head] = undefined;
    this.head = (this.head + 1) & (this.ring.length - 1);
    this.sumA = Math.imul(this.sumA - textA(item), inverseA);
    this.sumB = Math.imul(this.sumB - textB(item), inverseB);
    this.shortened();
    return item;
  }

  popLast(): Bytes {
    const item = this.at(this.count - 1);
    this.ring[(this.head + this.count - 1) & (this.ring.length - 1)] = undefined;
    this.shortened();
    this.sumA = (this.sumA - Math.imul(textA(item), this.nextA)) | 0;
    this.sumB = (this.sumB - Math.imul(textB(item), this.nextB)) | 0;
    return item;
  }

  set(index: number, item: Bytes): void {
    const before = this.at(index);
    this.ring[(this.head + index) & (this.ring.length - 1)] = item;
    this.sumA = (this.sumA + Math.imul(textA(item) - textA(before), power(baseA, index))) | 0;
    this.sumB = (this.sumB + Math.imul(textB(item) - textB(before), power(baseB, index))) | 0;
  }

  /** Everything anew, for what changes the middle. */
  replaceAll(items: readonly Bytes[]): void {
    const fresh = listOf(items);
    this.ring = fresh.ring;
    this.head = fresh.head;
    this.count = fresh.count;
    this.sumA = fresh.sumA;
    this.sumB = fresh.sumB;
    this.nextA = fresh.nextA;
    this.nextB = fresh.nextB;
  }

  digestA(): number {
    return join(salts.list, join(this.count, this.sumA));
  }

  digestB(): number {
    return join(salts.list, join(this.count, this.sumB));
  }

  copy(): ListValue {
    const twin = new ListValue();
    twin.ring = [...this.ring];
    twin.head = this.head;
    twin.count = this.count;
    twin.sumA = this.sumA;
    twin.sumB = this.sumB;
    twin.nextA = this.nextA;
    twin.nextB = this.nextB;
    return twin;
  }

  plain(): ModelValue {
    return { type: "list", items: this.items() };
  }

  private lengthened(): void {
    this.count++;
    this.nextA = Math.imul(this.nextA, baseA);
    this.nextB = Math.imul(this.nextB, baseB);
  }

  private shortened(): void {
    this.count--;
    this.nextA = Math.imul(this.nextA, inverseA);
    this.nextB = Math.imul(this.nextB, inverseB);
  }

  private growIfFull(): void {
    if (this.count < this.ring.length) return;
    // Twice as long, a power of two: a mask finds the place.
    const items: (Bytes | undefined)[] = this.items();
    items.length = this.count * 2;
    this.ring = items;
    this.head = 0;
  }
}

/** Fields may have deadlines, which are a part of what the hash holds. */
export class HashValue implements Value {
  readonly type = "hash";
  private readonly fields = new Map<Bytes, Bytes>();
  private readonly deadlines = new Map<Bytes, number>();
  private sumA = 0;
  private sumB = 0;

  get size(): number {
    return this.fields.size;
  }

  get(field: Bytes): Bytes | undefined {
    return this.fields.get(field);
  }

  entries(): IterableIterator<[Bytes, Bytes]> {
    return this.fields.entries();
  }

  deadline(field: Bytes): number | undefined {
    return this.deadlines.get(field);
  }

  /** A deadline that the field had is gone. */
  set(field: Bytes, value: Bytes): void {
    this.delete(field);
    this.fields.set(field, value);
    this.sumA = (this.sumA + join(textA(field), textA(value))) | 0;
    this.sumB = (this.sumB + join(textB(field), textB(value))) | 0;
  }

  /** As what counts in a field does: it expires when it would have. */
  update(field: Bytes, value: Bytes): void {
    const deadlineMs = this.deadline(field);
    this.set(field, value);
    if (deadlineMs !== undefined) this.setDeadline(field, deadlineMs);
  }

  delete(field: Bytes): void {
    const before = this.fields.get(field);
    if (before === undefined) return;
    this.setDeadline(field, undefined);
    this.fields.delete(field);
    this.sumA = (this.sumA - join(textA(field), textA(before))) | 0;
    this.sumB = (this.sumB - join(textB(field), textB(before))) | 0;
  }

  /** Of a field that is there; undefined: it does not expire. */
  setDeadline(field: Bytes, deadlineMs: number | undefined): void {
    const before = this.deadlines.get(field);
    if (before !== undefined) this.addDeadline(field, before, -1);
    if (deadlineMs === undefined) {
      this.deadlines.delete(field);
      return;
    }
    this.deadlines.set(field, deadlineMs);
    this.addDeadline(field, deadlineMs, 1);
  }

  digestA(): number {
    return join(salts.hash, join(this.size, this.sumA));
  }

  digestB(): number {
    return join(salts.hash, join(this.size, this.sumB));
  }

  copy(): HashValue {
    return hashOf(this.fields, this.deadlines);
  }

  plain(): ModelValue {
    const fields = new Map(this.fields);
    return { type: "hash", fields, ...(this.deadlines.size > 0 && { deadlines: new Map(this.deadlines) }) };
  }

  private addDeadline(field: Bytes, deadlineMs: number, sign: 1 | -1): void {
    const digest = numberDigest(deadlineMs);
    // The other way round than a field and its value: the two must not look like one such pair.
    this.sumA = (this.sumA + sign * join(digest, textA(field))) | 0;
    this.sumB = (this.sumB + sign * join(digest, textB(field))) | 0;
  }
}

export class SetValue implements Value {
  readonly type = "set";
  private readonly members = new Set<Bytes>();
  private sumA = 0;
  private sumB = 0;

  get size(): number {
    return this.members.size;
  }

  has(member: Bytes): boolean {
    return this.members.has(member);
  }

  items(): IterableIterator<Bytes> {
    return this.members.values();
  }

  add(member: Bytes): void {
    if (this.members.has(member)) return;
    this.members.add(member);
    this.sumA = (this.sumA + textA(member)) | 0;
    this.sumB = (this.sumB + textB(member)) | 0;
  }

  delete(member: Bytes): void {
    if (!this.members.delete(member)) return;
    this.sumA = (this.sumA - textA(member)) | 0;
    this.sumB = (this.sumB - textB(member)) | 0;
  }

  digestA(): number {
    return join(salts.set, join(this.size, this.sumA));
  }

  digestB(): number {
    return join(salts.set, join(this.size, this.sumB));
  }

  copy(): SetValue {
    return setOf(this.members);
  }

  plain(): ModelValue {
    return { type: "set", members: new Set(this.members) };
  }
}

export class SortedSetValue implements Value {
  readonly type = "zset";
  private readonly scores = new Map<Bytes, number>();
  private sumA = 0;
  private sumB = 0;

  get size(): number {
    return this.scores.size;
  }

  score(member: Bytes): number | undefined {
    return this.scores.get(member);
  }

  entries(): IterableIterator<[Bytes, number]> {
    return this.scores.entries();
  }

  /** By score, then by bytes: as the store ranks them. */
  ranked(): [Bytes, number][] {
    return [...this.scores].sort((one, other) => one[1] - other[1] || (one[0] < other[0] ? -1 : 1));
  }

  set(member: Bytes, score: number): void {
    this.delete(member);
    this.scores.set(member, score);
    this.sumA = (this.sumA + join(textA(member), numberDigest(score))) | 0;
    this.sumB = (this.sumB + join(textB(member), numberDigest(score))) | 0;
  }

  delete(member: Bytes): void {
    const before = this.scores.get(member);
    if (before === undefined) return;
    this.scores.delete(member);
    this.sumA = (this.sumA - join(textA(member), numberDigest(before))) | 0;
    this.sumB = (this.sumB - join(textB(member), numberDigest(before))) | 0;
  }

  digestA(): number {
    return join(salts.zset, join(this.size, this.sumA));
  }

  digestB(): number {
    return join(salts.zset, join(this.size, this.sumB));
  }

  copy(): SortedSetValue {
    return sortedSetOf(this.scores);
  }

  plain(): ModelValue {
    return { type: "zset", scores: new Map(this.scores) };
  }
}

export function listOf(items: Iterable<Bytes>): ListValue {
  const list = new ListValue();
  for (const item of items) list.pushLast(item);
  return list;
}

export function hashOf(
  fields: Iterable<readonly [Bytes, Bytes]>,
  deadlines: Iterable<readonly [Bytes, number]> = [],
): HashValue {
  const hash = new HashValue();
  for (const [field, value] of fields) hash.set(field, value);
  for (const [field, deadlineMs] of deadlines) hash.setDeadline(field, deadlineMs);
  return hash;
}

export function setOf(members: Iterable<Bytes>): SetValue {
  const set = new SetValue();
  for (const member of members) set.add(member);
  return set;
}

export function sortedSetOf(scores: Iterable<readonly [Bytes, number]>): SortedSetValue {
  const sortedSet = new SortedSetValue();
  for (const [member, score] of scores) sortedSet.set(member, score);
  return sortedSet;
}

export function valueFrom(plain: ModelValue): Value {
  switch (plain.type) {
    case "string":
      return new StringValue(plain.value);
    case "list":
      return listOf(plain.items);
    case "hash":
      return hashOf(plain.fields, plain.deadlines);
    case "set":
      return setOf(plain.members);
    case "zset":
      return sortedSetOf(plain.scores);
    case "stream":
      return streamOf(plain);
  }
}
