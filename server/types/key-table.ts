/**
 * A dense table of keys: what a large hash or set is made of.
 *
 *     slot     0    1    2    3
 *     keys     a    b    c    d           no holes: a key drawn at random is one draw
 *     values   …                          further columns belong to the owner and follow the same moves
 *
 *     remove b:   the last key takes its place      a    d    c
 *
 * Keys only ever move downwards. Whoever walks from the highest slot down to 0 therefore meets every key that stays,
 * whatever is added and removed meanwhile: a scan's cursor is the number of slots not visited yet, and nothing has to
 * be remembered between its steps. An image (see data-type.ts) is the same walk over the slots that were there when it
 * began: it marks what it has given, and before a slot that it still owes changes or goes, what that holds is kept.
 */
import { assert } from "../assert.ts";
import { KeyIndex } from "./key-index.ts";

export class KeyTable {
  /** In slot order. To be read only. */
  readonly keys: string[] = [];
  private readonly slots = new KeyIndex(this.keys);
  /** Of an image: 0 for a slot that it still owes. The memory of so many zeros comes page by page, when it is written to. */
  private given: Uint8Array | undefined;
  private keep: ((slot: number) => void) | undefined;

  get size(): number {
    return this.keys.length;
  }

  /** −1 when there is no such key. */
  slotOf(key: string): number {
    return this.slots.get(key) ?? -1;
  }

  has(key: string): boolean {
    return this.slots.has(key);
  }

  /** Adds a key, in the slot `size`, unless it is there: then it returns false. */
  add(key: string): boolean {
    if (!this.slots.addNew(key, this.keys.length)) return false;
    this.keys.push(key);
    return true;
  }

  /** Makes room for so many keys that are about to come. */
  reserve(keyCount: number): void {
    this.slots.reserve(keyCount);
  }

  /**
   * Removes the key of a slot. The owner then moves its own columns likewise: the last entry into `slot`, and the end
   * is cut off.
   */
  remove(slot: number): void {
    this.touch(slot);
    const last = this.keys.length - 1;
    const { given } = this;
    this.slots.delete(this.keys[slot] as string);
    const moved = this.keys.pop() as string;
    if (slot !== last) {
      this.keys[slot] = moved;
      this.slots.move(moved, last, slot);
    }
    if (given !== undefined && last < given.length) {
      if (slot !== last) given[slot] = given[last] as number;
      given[last] = 1;
    }
  }

  /** To be called before a column of the slot changes. */
  touch(slot: number): void {
    if (this.given?.[slot] !== 0) return;
    this.given[slot] = 1;
    this.keep?.(slot);
  }

  /**
   * One step of a scan: calls `visit` for `count` slots at least, as far as there are so many.
   * @param cursor 0 to begin, then what the step before returned
   * @returns 0 when the walk is done
   */
  scan(cursor: number, count: number, visit: (slot: number) => void): number {
    let left = cursor === 0 ? this.size : Math.min(cursor, this.size);
    const stop = Math.max(0, left - count);
    while (left > stop) visit(--left);
    return left;
  }

  /**
   * The entries as they are now, whatever happens to the table while they are given: what changes before its turn is
   * kept as it was and comes first, everything else comes from the table, downwards.
   */
  image<Entry>(read: (slot: number) => Entry): Image<Entry> {
    assert(this.given === undefined, "a value has one image at a time");
    const kept: Entry[] = [];
    this.given = new Uint8Array(this.size);
    this.keep = (slot) => kept.push(read(slot));
    return { size: this.size, entries: this.imageEntries(read, kept), release: () => this.thaw() };
  }

  private *imageEntries<Entry>(read: (slot: number) => Entry, kept: Entry[]): Generator<Entry, void, undefined> {
    for (let slot = this.size - 1; slot >= 0; slot--) {
      while (kept.length > 0) yield kept.pop() as Entry;
      if (this.given?.[slot] !== 0) continue;
      this.given[slot] = 1;
      yield read(slot);
    }
    yield* kept;
    this.thaw();
  }

  private thaw(): void {
    this.given = undefined;
    this.keep = undefined;
  }
}

/** The entries of a collection as they were at one moment. */
export interface Image<Entry> {
  readonly size: number;
  /** To be walked once. */
  readonly entries: Iterable<Entry>;
  /** Nothing needs to be kept for it any more. */
  release(): void;
}

/** The image of a collection that is small enough to be copied. */
export function copiedImage<Entry>(entries: Iterable<Entry>): Image<Entry> {
  const copy = [...entries];
  return {
    size: copy.length,
    entries: copy,
    release() {
      copy.length = 0;
    },
  };
}
