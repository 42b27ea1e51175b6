/**
 * A set. While it holds integers only, and few, it is an intset: a sorted row; else a dense table.
 */
import { canonicalInt64 } from "../codec/integers.ts";
import { type IntsetMember, type IntsetWidth, intsetWidth } from "../codec/intset.ts";
import type { Random } from "../world/world.ts";
import type { EncodingLimits } from "./encoding-limits.ts";
import { copiedImage, type Image, KeyTable } from "./key-table.ts";
import type { Collection } from "./value.ts";

/** However high the configured limit, an intset does not grow beyond this. */
const intsetEntriesMax = 2 ** 30;

export class SetValue implements Collection {
  readonly type = "set";
  private readonly limits: EncodingLimits;
  /** Rising. Exactly one of the two is there. */
  private integers: IntsetMember[] | undefined = [];
  private table: KeyTable | undefined;
  /** An intset never becomes narrower again. */
  private width: IntsetWidth = 2;

  constructor(limits: EncodingLimits) {
    this.limits = limits;
  }

  get encoding(): "intset" | "hashtable" {
    return this.integers !== undefined ? "intset" : "hashtable";
  }

  get size(): number {
    return this.integers !== undefined ? this.integers.length : (this.table as KeyTable).size;
  }

  has(member: string): boolean {
    if (this.table !== undefined) return this.table.has(member);
    const integer = canonicalInt64(member);
    return integer !== undefined && this.find(integer).found;
  }

  /** True when the member is new. */
  add(member: string): boolean {
    if (this.integers !== undefined) {
      const integer = canonicalInt64(member);
      if (integer !== undefined) return this.addInteger(this.integers, integer);
      this.convert();
    }
    return (this.table as KeyTable).add(member);
  }

  /** True when there was such a member. */
  delete(member: string): boolean {
    if (this.integers === undefined) {
      const table = this.table as KeyTable;
      const slot = table.slotOf(member);
      if (slot < 0) return false;
      table.remove(slot);
      return true;
    }
    const integer = canonicalInt64(member);
    if (integer === undefined) return false;
    const { index, found } = this.find(integer);
    if (found) this.integers.splice(index, 1);
    return found;
  }

  /** In no order that means anything, but rising when they are integers in an intset. */
  members(): Iterable<string> {
    return this.integers !== undefined ? this.integers.map(String) : (this.table as KeyTable).keys;
  }

  /** The member at a position, in constant time. */
  at(position: number): string {
    return this.integers !== undefined
      ? String(this.integers[position])
      : ((this.table as KeyTable).keys[position] as string);
  }

  /** The set must not be empty. */
  randomMember(random: Random): string {
    return this.at(random.below(this.size));
  }

  /** One step of a scan, as in `KeyTable.scan`; an intset is given whole. */
  scan(cursor: number, count: number, visit: (member: string) => void): number {
    const { table } = this;
    if (table !== undefined) return table.scan(cursor, count, (slot) => visit(table.keys[slot] as string));
    for (const member of this.members()) visit(member);
    return 0;
  }

  /** Undefined when it is a table. */
  get intset(): { readonly members: readonly IntsetMember[]; readonly width: IntsetWidth } | undefined {
    return this.integers === undefined ? undefined : { members: this.integers, width: this.width };
  }

  /** Takes over the intset that a file holds. */
  loadIntset(members: IntsetMember[], width: IntsetWidth): void {
    this.integers = members;
    this.width = width;
    if (members.length > this.intsetLimit) this.convert();
  }

  /** Makes room for so many members that are about to come. */
  reserve(memberCount: number): void {
    if (memberCount > this.intsetLimit) this.convert();
    this.table?.reserve(memberCount);
  }

  /** Makes it a table. */
  convert(): void {
    if (this.integers === undefined) return;
    const table = new KeyTable();
    for (const integer of this.integers) table.add(String(integer));
    this.table = table;
    this.integers = undefined;
  }

  /** The members as they are now, whatever happens to the set while they are given. */
  image(): Image<string> {
    const { table } = this;
    return table === undefined ? copiedImage(this.members()) : table.image((slot) => table.keys[slot] as string);
  }

  private get intsetLimit(): number {
    return Math.min(this.limits.setMaxIntsetEntries, intsetEntriesMax);
  }

  private addInteger(integers: IntsetMember[], integer: IntsetMember): boolean {
    const { index, found } = this.find(integer);
    if (found) return false;
    const width = intsetWidth(integer);
    if (width > this.width) this.width = width;
    if (index === integers.length) integers.push(integer);
    else integers.splice(index, 0, integer);
    if (integers.length > this.intsetLimit) this.convert();
    return true;
  }

  /** Where a member is in the intset, or would be. */
  private find(integer: IntsetMember): { index: number; found: boolean } {
    const integers = this.integers as IntsetMember[];
    let low = 0;
    let high = integers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((integers[middle] as IntsetMember) < integer) low = middle + 1;
      else high = middle;
    }
    return { index: low, found: integers[low] === integer };
  }
}
