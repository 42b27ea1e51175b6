/**
 * A hash. A small one is a Map, which keeps fields in the order they came, as Redis's listpack does; a large one is a
 * dense table, whose order means nothing, as that of Redis's hash table.
 *
 * Fields may have deadlines of their own. A hash knows no time: who keeps it removes what is past (database.ts).
 */
import { assert } from "../assert.ts";
import type { Random } from "../world/world.ts";
import type { EncodingLimits } from "./encoding-limits.ts";
import { FieldDeadlines } from "./field-deadlines.ts";
import { copiedImage, type Image, KeyTable } from "./key-table.ts";
import type { Collection } from "./value.ts";

export type HashEntry = readonly [field: string, value: string];
/** An entry with its deadline, in wall milliseconds, where it has one. */
export type HashItem = readonly [field: string, value: string, deadlineMs?: number | undefined];

export class HashValue implements Collection {
  readonly type = "hash";
  private readonly limits: EncodingLimits;
  /** Exactly one of the two is there. */
  private small: Map<string, string> | undefined = new Map();
  private table: HashTable | undefined;
  /** Undefined: no field expires. */
  private deadlines: FieldDeadlines | undefined;

  constructor(limits: EncodingLimits) {
    this.limits = limits;
  }

  /** Redis keeps deadlines in listpacks of another form. Here a hash goes back when it has none any more. */
  get encoding(): "listpack" | "listpackex" | "hashtable" {
    if (this.small === undefined) return "hashtable";
    return this.deadlines === undefined ? "listpack" : "listpackex";
  }

  get isCompact(): boolean {
    return this.small !== undefined;
  }

  get size(): number {
    return this.small !== undefined ? this.small.size : (this.table as HashTable).size;
  }

  get(field: string): string | undefined {
    return this.small !== undefined ? this.small.get(field) : (this.table as HashTable).get(field);
  }

  has(field: string): boolean {
    return this.get(field) !== undefined;
  }

  /** True when the field is new. A deadline that it had is gone. */
  set(field: string, value: string): boolean {
    const isNew = this.put(field, value);
    if (this.deadlines !== undefined && !isNew) this.forgetDeadline(field);
    return isNew;
  }

  private put(field: string, value: string): boolean {
    const { hashMaxListpackValueBytes, hashMaxListpackEntries } = this.limits;
    if (field.length > hashMaxListpackValueBytes || value.length > hashMaxListpackValueBytes) this.convert();
    const { small } = this;
    if (small === undefined) return (this.table as HashTable).set(field, value);
    const before = small.size;
    small.set(field, value);
    if (small.size > hashMaxListpackEntries) this.convert();
    return small.size > before;
  }

  /** True when there was such a field. */
  delete(field: string): boolean {
    const wasThere = this.small !== undefined ? this.small.delete(field) : (this.table as HashTable).delete(field);
    if (this.deadlines !== undefined && wasThere) this.forgetDeadline(field);
    return wasThere;
  }

  // ── Deadlines of fields ─────────────────────────────────────────────────────────────────────────────────────────

  get hasDeadlines(): boolean {
    return this.deadlines !== undefined;
  }

  /** How many fields expire. */
  get deadlineCount(): number {
    return this.deadlines?.size ?? 0;
  }

  /** The first moment at which a field expires, in wall milliseconds; infinite when none does. */
  get nextDeadlineMs(): number {
    return this.deadlines?.next?.deadlineMs ?? Number.POSITIVE_INFINITY;
  }

  /** Wall milliseconds; undefined when the field does not expire, or is not there. */
  deadline(field: string): number | undefined {
    return this.deadlines?.get(field);
  }

  /** Of a field that is there; undefined takes the deadline away. */
  setDeadline(field: string, deadlineMs: number | undefined): void {
    assert(this.has(field), "a field that expires exists");
    this.table?.touch(field);
    if (deadlineMs === undefined) {
      this.forgetDeadline(field);
      return;
    }
    this.deadlines ??= new FieldDeadlines();
    this.deadlines.set(field, deadlineMs);
  }

  /** Removes the fields whose deadline is before `nowMs`, and names them. */
  removePast(nowMs: number): string[] {
    const removed: string[] = [];
    for (;;) {
      const next = this.deadlines?.next;
      if (next === undefined || next.deadlineMs >= nowMs) return removed;
      this.delete(next.field);
      removed.push(next.field);
    }
  }

  /** How many fields have a deadline before `nowMs`. */
  countPast(nowMs: number): number {
    return this.deadlines?.countBefore(nowMs) ?? 0;
  }

  private forgetDeadline(field: string): void {
    this.deadlines?.delete(field);
    if (this.deadlines?.size === 0) this.deadlines = undefined;
  }

  // ── Entries ─────────────────────────────────────────────────────────────────────────────────────────────────────

  items(): Iterable<HashItem> {
    return this.deadlines === undefined ? this.entries() : this.itemsWithDeadlines();
  }

  private *itemsWithDeadlines(): Generator<HashItem, void, undefined> {
    for (const [field, value] of this.entries()) yield [field, value, this.deadline(field)];
  }

  entries(): Iterable<HashEntry> {
    return this.small !== undefined ? this.small.entries() : (this.table as HashTable).entries();
  }

  /** The hash must not be empty. */
  randomEntry(random: Random): HashEntry {
    return this.at(random.below(this.size));
  }

  /** The entry at a position: in constant time when it is a hash table. */
  at(position: number): HashEntry {
    if (this.table !== undefined) return this.table.at(position);
    const entries = (this.small as Map<string, string>).entries();
    for (let skipped = 0; skipped < position; skipped++) entries.next();
    const { value } = entries.next();
    assert(value !== undefined, `a hash of ${this.size} has an entry ${position}`);
    return value;
  }

  /** One step of a scan, as in `KeyTable.scan`; a small hash is given whole. */
  scan(cursor: number, count: number, visit: (field: string, value: string) => void): number {
    if (this.table !== undefined) return this.table.scan(cursor, count, visit);
    for (const [field, value] of this.entries()) visit(field, value);
    return 0;
  }

  /**
   * Takes over what a file holds in compact form, which stays compact unless it has too many fields.
   * @returns a field that is there twice
   */
  loadCompact(items: readonly string[]): string | undefined {
    const small = new Map<string, string>();
    for (let i = 0; i + 1 < items.length; i += 2) {
      const field = items[i] as string;
      if (small.has(field)) return field;
      small.set(field, items[i + 1] as string);
    }
    this.small = small;
    if (small.size > this.limits.hashMaxListpackEntries) this.convert();
    return undefined;
  }

  /** Adds a field unless it is there: then it returns false. */
  add(field: string, value: string): boolean {
    return this.table !== undefined ? this.table.add(field, value) : !this.has(field) && this.set(field, value);
  }

  /** Makes room for so many fields that are about to come. */
  reserve(fieldCount: number): void {
    if (fieldCount > this.limits.hashMaxListpackEntries) this.convert();
    this.table?.reserve(fieldCount);
  }

  copy(): HashValue {
    const copy = new HashValue(this.limits);
    if (!this.isCompact) copy.convert();
    for (const [field, value, deadlineMs] of this.items()) {
      copy.put(field, value);
      if (deadlineMs !== undefined) copy.setDeadline(field, deadlineMs);
    }
    return copy;
  }

  /** Makes it a hash table. */
  convert(): void {
    if (this.small === undefined) return;
    const table = new HashTable();
    for (const [field, value] of this.small) table.add(field, value);
    this.table = table;
    this.small = undefined;
  }

  /** The entries as they are now, whatever happens to the hash while they are given. */
  image(): Image<HashItem> {
    return this.table?.image((field) => this.deadline(field)) ?? copiedImage(this.items());
  }
}

class HashTable {
  private readonly fields = new KeyTable();
  private readonly values: string[] = [];

  get size(): number {
    return this.fields.size;
  }

  get(field: string): string | undefined {
    const slot = this.fields.slotOf(field);
    return slot < 0 ? undefined : this.values[slot];
  }

  at(slot: number): HashEntry {
    return [this.fields.keys[slot] as string, this.values[slot] as string];
  }

  set(field: string, value: string): boolean {
    const slot = this.fields.slotOf(field);
    if (slot >= 0) {
      this.fields.touch(slot);
      this.values[slot] = value;
      return false;
    }
    return this.add(field, value);
  }

  /** Adds a field unless it is there: then it returns false. */
  add(field: string, value: string): boolean {
    if (!this.fields.add(field)) return false;
    this.values.push(value);
    return true;
  }

  reserve(fieldCount: number): void {
    this.fields.reserve(fieldCount);
  }

  delete(field: string): boolean {
    const slot = this.fields.slotOf(field);
    if (slot < 0) return false;
    this.fields.remove(slot);
    const moved = this.values.pop() as string;
    if (slot < this.values.length) this.values[slot] = moved;
    return true;
  }

  *entries(): Generator<HashEntry, void, undefined> {
    for (let slot = 0; slot < this.size; slot++) yield this.at(slot);
  }

  scan(cursor: number, count: number, visit: (field: string, value: string) => void): number {
    return this.fields.scan(cursor, count, (slot) =>
      visit(this.fields.keys[slot] as string, this.values[slot] as string),
    );
  }

  /** To be called before something of the field's changes that is kept elsewhere. */
  touch(field: string): void {
    this.fields.touch(this.fields.slotOf(field));
  }

  image(deadlineOf: (field: string) => number | undefined): Image<HashItem> {
    return this.fields.image((slot) => {
      const [field, value] = this.at(slot);
      return [field, value, deadlineOf(field)];
    });
  }
}
