/**
 * A slot table: the keys of one database, each in a numbered slot.
 *
 *     slots: key → slot              slot       0      1      2      3
 *                                    keys       a      b      ·      c     · = free, listed in `free`
 *                                    values     1      Hash   ·      List
 *                                    deadlines  …                          wall milliseconds, NEVER when there is none
 *                                    versions   …                          epoch of the last change
 *                                    usedS      …                          when it was last looked up
 *
 * A slot keeps its number as long as its key lives. So SCAN is a walk over slots that misses nothing, RANDOMKEY is a
 * draw, and a snapshot is a walk in which a slot whose version is older than the snapshot's epoch was not written yet
 * (see frozen-view.ts).
 *
 * A table outlives its database's interest in it: FLUSHALL gives the database a new one and leaves the old one, which
 * nobody changes any more, to the snapshot that was scanning it.
 */
import { assert } from "../assert.ts";
import { ReplyError } from "../resp/reply.ts";
import { HashValue } from "../types/hash.ts";
import { KeyIndex } from "../types/key-index.ts";
import type { Value } from "../types/value.ts";
import { Column } from "./column.ts";
import { UseCounts } from "./use-counts.ts";
import { Weights } from "./weights.ts";

/** The deadline of a key that does not expire. */
export const NEVER = Number.POSITIVE_INFINITY;

/** What V8 lets one array hold is a little more. */
const maxKeys = 2 ** 26;

export class SlotTable {
  readonly keys: (string | undefined)[] = [];
  readonly slots = new KeyIndex(this.keys);
  readonly values: (Value | undefined)[] = [];
  readonly deadlines = new Column(NEVER);
  /** Only kept while there is a snapshot: the epoch of the next one is greater than all there are. */
  readonly versions = new Column(0);
  /** Seconds on the keyspace's own clock. */
  readonly usedS = new Column(0);
  /** Slots of strings that were changed in place: Redis keeps such strings `raw`, and OBJECT ENCODING tells. */
  readonly rawStrings = new Set<number>();
  /** Slots of hashes whose fields may have deadlines; a slot that turns out to hold none is taken out. */
  readonly expiringHashes = new Set<number>();
  /** Empty unless uses are counted. */
  readonly uses = new UseCounts();
  /** Empty unless there is a memory limit. */
  readonly weights = new Weights();
  /** How many keys have a deadline. */
  expiresCount = 0;
  private readonly free: number[] = [];

  get size(): number {
    return this.slots.size;
  }

  /** Slots in use and free ones: where a walk ends. */
  get end(): number {
    return this.keys.length;
  }

  /** Returns the key's slot. */
  add(key: string, value: Value, deadlineMs: number, nowS: number): number {
    if (this.slots.size >= maxKeys) throw new ReplyError(`OOM a database of this server holds at most ${maxKeys} keys`);
    const slot = this.free.pop() ?? this.keys.length;
    this.slots.add(key, slot);
    this.keys[slot] = key;
    this.setValue(slot, value);
    this.usedS.put(slot, nowS);
    if (deadlineMs !== NEVER) {
      this.deadlines.put(slot, deadlineMs);
      this.expiresCount++;
    }
    return slot;
  }

  setValue(slot: number, value: Value): void {
    this.values[slot] = value;
    if (value instanceof HashValue && value.hasDeadlines) this.expiringHashes.add(slot);
  }

  /** A hash with a field that expires is in there. */
  get hasExpiringFields(): boolean {
    for (const slot of this.expiringHashes) {
      const value = this.values[slot];
      if (value instanceof HashValue && value.hasDeadlines) return true;
      this.expiringHashes.delete(slot);
    }
    return false;
  }

  remove(key: string, slot: number): void {
    assert(this.keys[slot] === key, "a key is removed from its own slot");
    if (this.expiresCount > 0 && this.deadlines.at(slot) !== NEVER) {
      this.expiresCount--;
      this.deadlines.forget(slot);
    }
    this.rawStrings.delete(slot);
    this.expiringHashes.delete(slot);
    this.uses.forget(slot);
    this.weights.forget(slot);
    this.slots.delete(key);
    this.keys[slot] = undefined;
    this.values[slot] = undefined;
    this.free.push(slot);
    // An empty table forgets its slots, so that a walk over what was once large does not stay long.
    if (this.slots.size === 0) this.forgetSlots();
  }

  setDeadline(slot: number, deadlineMs: number): void {
    if (this.expiresCount === 0 && deadlineMs === NEVER) return;
    if (this.deadlines.at(slot) !== NEVER) this.expiresCount--;
    if (deadlineMs !== NEVER) this.expiresCount++;
    this.deadlines.put(slot, deadlineMs);
  }

  private forgetSlots(): void {
    for (const column of [this.keys, this.values, this.free]) column.length = 0;
    for (const column of [this.deadlines, this.versions, this.usedS]) column.clear();
    this.slots.clear();
    this.weights.clear();
  }
}
