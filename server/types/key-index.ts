/**
 * An index over an array of keys: from a key to its slot, the place in the array where it stands.
 *
 *     keys      0 a   1 b   2 ·   3 c                    the owner's, in slots of its own choice
 *     table     [ · · | 3+1,h(c) | · · | 0+1,h(a) | 1+1,h(b) | · · ]          slot + 1 and hash, side by side
 *                       └ home of c      └ home of a  └ home of a too: the next free place
 *
 * It is about twice as fast as a Map when there are a million keys, and takes half the memory: a lookup touches one
 * line of the table and the key itself, and growing moves numbers and touches no key. A few keys need no table at all.
 *
 * The hash is not secret, so somebody could choose keys that all have the same home. A row of neighbours longer than
 * chance allows makes the index choose another hash.
 */
import { assert } from "../assert.ts";
import { isAt } from "../resp/short-words.ts";

/** Up to here keys are looked through one by one. */
const fewKeys = 8;
/** Far more than a table that is at most two thirds full has by chance. */
const longestRow = 512;
export const firstHashSeed = 0x811c9dc5;

export class KeyIndex {
  private readonly keysBySlot: readonly (string | undefined)[];
  /** How often the keys forced it to choose another hash. */
  hashChanges = 0;
  private count = 0;
  /** Pairs of slot + 1 (0 = free) and hash. Undefined: there are few keys. */
  private table: Int32Array | undefined;
  /** Number of pairs less one; a power of two less one. */
  private mask = 0;
  private seed = firstHashSeed;
  /** The key looked for last: it is often the one added, removed or moved next. */
  private lastKey = "";
  private lastHash = hashOf("", firstHashSeed);
  /** Its slot; −1 = not known. */
  private lastSlot = -1;
  /** Where it would go in the table, when it was looked for and is not there; −1 = not known. */
  private lastFree = -1;

  constructor(keysBySlot: readonly (string | undefined)[]) {
    this.keysBySlot = keysBySlot;
  }

  get size(): number {
    return this.count;
  }

  /** The key's slot. */
  get(key: string): number | undefined {
    const { table, mask, keysBySlot } = this;
    if (table === undefined) {
      const slot = keysBySlot.indexOf(key);
      return slot < 0 ? undefined : slot;
    }
    const isLast = key === this.lastKey;
    if (isLast) {
      if (this.lastSlot >= 0) return this.lastSlot;
      if (this.lastFree >= 0) return undefined;
    }
    const hash = isLast ? this.lastHash : hashOf(key, this.seed);
    this.lastKey = key;
    this.lastHash = hash;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const slot = (table[at * 2] as number) - 1;
      if (slot >= 0 && (table[at * 2 + 1] !== hash || keysBySlot[slot] !== key)) continue;
      this.lastSlot = slot;
      this.lastFree = slot < 0 ? at : -1;
      return slot < 0 ? undefined : slot;
    }
  }

  /**
   * The latin1 string of `bytes` from `from` to `to`; where it is a key, the very string that stands there. That one
   * costs neither a call into Node nor memory, and the look-up that follows knows its slot.
   */
  word(bytes: Buffer, from: number, to: number): string {
    const { table, mask, keysBySlot } = this;
    if (table === undefined) return bytes.toString("latin1", from, to);
    const hash = hashOfBytes(bytes, from, to, this.seed);
    this.lastHash = hash;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const slot = (table[at * 2] as number) - 1;
      if (slot >= 0 && (table[at * 2 + 1] !== hash || !isAt(keysBySlot[slot] as string, bytes, from, to))) continue;
      this.lastSlot = slot;
      this.lastFree = slot < 0 ? at : -1;
      this.lastKey = slot < 0 ? bytes.toString("latin1", from, to) : (keysBySlot[slot] as string);
      return this.lastKey;
    }
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** All keys, in the order of their slots. */
  *keys(): Generator<string, void, undefined> {
    for (const key of this.keysBySlot) if (key !== undefined) yield key;
  }

  /** Adds a key that is not there, before the owner puts it into its slot. */
  add(key: string, slot: number): void {
    this.count++;
    if (this.table === undefined) {
      // In a long array even few keys are not found at once.
      if (slot < fewKeys) return;
      this.fill(this.count);
    } else if (this.isFullWith(this.count)) {
      this.grow(this.count);
    }
    const isLast = key === this.lastKey;
    const hash = isLast ? this.lastHash : hashOf(key, this.seed);
    if (!this.place(slot, hash, isLast && this.lastFree >= 0 ? this.lastFree : hash & this.mask)) {
      do this.changeHash();
      while (!this.place(slot, hashOf(key, this.seed)));
    }
    this.forgetLast();
  }

  /**
   * Adds a key unless it is there.
   * @returns false when it was
   */
  addNew(key: string, slot: number): boolean {
    if (this.get(key) !== undefined) return false;
    this.add(key, slot);
    return true;
  }

  /** Removes a key, before the owner takes it out of its slot. */
  delete(key: string): void {
    this.count--;
    const slot = this.get(key);
    assert(slot !== undefined, "a removed key is there");
    if (this.table !== undefined) this.vacate(this.table, this.placeOf(this.table, slot, this.lastHash));
    this.forgetLast();
  }

  /** The owner gives a key another slot. */
  move(key: string, from: number, to: number): void {
    this.forgetLast();
    if (this.table === undefined) return;
    this.table[this.placeOf(this.table, from, this.knownHash(key)) * 2] = to + 1;
  }

  /** Makes room for so many keys that are about to come. */
  reserve(keyCount: number): void {
    if (keyCount <= fewKeys) return;
    if (this.table === undefined) this.fill(keyCount);
    else if (this.isFullWith(keyCount)) this.grow(keyCount);
  }

  clear(): void {
    this.forgetLast();
    this.table = undefined;
    this.mask = 0;
    this.count = 0;
  }

  private isFullWith(keyCount: number): boolean {
    return keyCount * 3 > (this.mask + 1) * 2;
  }

  private knownHash(key: string): number {
    return key === this.lastKey ? this.lastHash : hashOf(key, this.seed);
  }

  /** What is known of the last key's place is so no more; its hash is. */
  private forgetLast(): void {
    this.lastSlot = -1;
    this.lastFree = -1;
  }

  /**
   * Takes the first free place from `from` on, where the home of the hash is or something behind it that is free.
   * @returns false when the row of neighbours is longer than chance allows
   */
  private place(slot: number, hash: number, from = hash & this.mask): boolean {
    const { mask } = this;
    const table = this.table as Int32Array;
    let at = from;
    while (table[at * 2] !== 0) at = (at + 1) & mask;
    if (((at - hash) & mask) > longestRow) return false;
    table[at * 2] = slot + 1;
    table[at * 2 + 1] = hash;
    return true;
  }

  private placeOf(table: Int32Array, slot: number, hash: number): number {
    let at = hash & this.mask;
    while (table[at * 2] !== slot + 1) {
      assert(table[at * 2] !== 0, "an indexed slot is found where its key's hash says");
      at = (at + 1) & this.mask;
    }
    return at;
  }

  /** Frees a place, and moves those behind it up that would not be found any more. */
  private vacate(table: Int32Array, place: number): void {
    const { mask } = this;
    let free = place;
    for (let at = (free + 1) & mask; table[at * 2] !== 0; at = (at + 1) & mask) {
      const home = (table[at * 2 + 1] as number) & mask;
      if (((at - home) & mask) < ((at - free) & mask)) continue;
      table[free * 2] = table[at * 2] as number;
      table[free * 2 + 1] = table[at * 2 + 1] as number;
      free = at;
    }
    table[free * 2] = 0;
  }

  /** Moves what the table holds into one with room for `keyCount`. */
  private grow(keyCount: number): void {
    const old = this.table as Int32Array;
    this.allocate(keyCount);
    for (let at = 0; at < old.length; at += 2) {
      if (old[at] === 0 || this.place((old[at] as number) - 1, old[at + 1] as number)) continue;
      this.changeHash();
      return;
    }
  }

  /** Makes the table anew from the keys themselves. */
  private fill(keyCount: number): void {
    this.allocate(keyCount);
    const { keysBySlot } = this;
    for (let slot = 0; slot < keysBySlot.length; slot++) {
      const key = keysBySlot[slot];
      if (key === undefined || this.place(slot, hashOf(key, this.seed))) continue;
      this.changeHash();
      return;
    }
  }

  private changeHash(): void {
    this.hashChanges++;
    this.seed = Math.imul(this.seed ^ this.count, 0x85ebca6b) ^ this.lastHash;
    this.lastKey = "";
    this.lastHash = hashOf("", this.seed);
    this.forgetLast();
    this.fill(this.count);
  }

  private allocate(keyCount: number): void {
    let places = 16;
    // Room for as many again before it has to grow.
    while (places < keyCount * 2) places *= 2;
    this.table = new Int32Array(places * 2);
    this.mask = places - 1;
    this.forgetLast();
  }
}

export function hashOf(key: string, seed: number): number {
  let hash = seed;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return mixed(hash);
}

/** The same of the key's bytes. */
function hashOfBytes(bytes: Uint8Array, from: number, to: number, seed: number): number {
  let hash = seed;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return mixed(hash);
}

function mixed(sum: number): number {
  const hash = Math.imul(sum ^ (sum >>> 15), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}
