/**
 * A hash. A small one is a Map, which keeps fields in the order they came, as Redis's listpack does; a large one is a
 * dense table, whose order means nothing, as that of Redis's hash table.
 */
import { assert } from "../assert.ts";
import type { Random } from "../world/world.ts";
import type { EncodingLimits } from "./encoding-limits.ts";
import { copiedImage, type Image, KeyTable } from "./key-table.ts";
import type { Collection } from "./value.ts";

export type HashEntry = readonly [field: string, value: string];

export class HashValue implements Collection {
  readonly type = "hash";
  private readonly limits: EncodingLimits;
  /** Exactly one of the two is there. */
  private small: Map<string, string> | undefined = new Map();
  private table: HashTable | undefined;

  constructor(limits: EncodingLimits) {
    this.limits = limits;
  }

  get encoding(): "listpack" | "hashtable" {
    return this.small !== undefined ? "listpack" : "hashtable";
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

  /** True when the field is new. */
  set(field: string, value: string): boolean {
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
    return this.small !== undefined ? this.small.delete(field) : (this.table as HashTable).delete(field);
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

  /** Makes it a hash table. */
  convert(): void {
    if (this.small === undefined) return;
    const table = new HashTable();
    for (const [field, value] of this.small) table.add(field, value);
    this.table = table;
    this.small = undefined;
  }

  /** The entries as they are now, whatever happens to the hash while they are given. */
  image(): Image<HashEntry> {
    return this.table?.image() ?? copiedImage(this.entries());
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

  image(): Image<HashEntry> {
    return this.fields.image((slot) => this.at(slot));
  }
}
