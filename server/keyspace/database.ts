/**
 * One database: its keys and what they hold.
 *
 * Laws of whoever uses it:
 *
 *  1. A value is changed in place only after it was asked for with `forWrite`: a snapshot in progress is told there,
 *     and saves the old one.
 *  2. Every change is made known with `changed`, once per key, with the number of changes that Redis would count.
 *
 * A key past its deadline is removed by whichever lookup meets it first, and so are fields of a hash past theirs; with
 * the last of them goes the key.
 */
import { assert } from "../assert.ts";
import { HashValue } from "../types/hash.ts";
import { memorySizeBytes } from "../types/memory-size.ts";
import type { Value } from "../types/value.ts";
import type { Random } from "../world/world.ts";
import { sampledItems } from "./data-size.ts";
import type { Keyspace } from "./keyspace.ts";
import { NEVER, SlotTable } from "./slot-table.ts";

export class Database {
  readonly keyspace: Keyspace;
  readonly index: number;
  private current = new SlotTable();

  constructor(keyspace: Keyspace, index: number) {
    this.keyspace = keyspace;
    this.index = index;
  }

  get table(): SlotTable {
    return this.current;
  }

  /** Keys, those included that are past their deadline and were not met yet. */
  get size(): number {
    return this.current.size;
  }

  // ── Looking up ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** The value for a reading command, which must not change it. Counts as a hit or a miss, and as a use. */
  get(key: string): Value | undefined {
    const { keyspace } = this;
    const slot = this.live(key);
    if (slot === undefined) {
      keyspace.misses++;
      if (keyspace.observed) keyspace.owner.happened("keymiss", this, key);
      return undefined;
    }
    keyspace.hits++;
    this.used(slot);
    return this.shown(slot);
  }

  /** The value, to be read only, without counting as a use. */
  peek(key: string): Value | undefined {
    const slot = this.live(key);
    return slot === undefined ? undefined : this.shown(slot);
  }

  /** The value, to be changed in place. */
  forWrite(key: string): Value | undefined {
    const slot = this.live(key);
    if (slot === undefined) return undefined;
    this.beforeChange(slot);
    this.used(slot);
    return this.current.values[slot];
  }

  has(key: string): boolean {
    return this.live(key) !== undefined;
  }

  /** Wall milliseconds, or NEVER; undefined when there is no such key. */
  deadline(key: string): number | undefined {
    const slot = this.live(key);
    return slot === undefined ? undefined : this.current.deadlines.at(slot);
  }

  /** Past its deadline, but not removed yet. Looks without removing it. */
  isPast(key: string): boolean {
    const slot = this.current.slots.get(key);
    return slot !== undefined && this.keyspace.isPast(this.current.deadlines.at(slot));
  }

  /** Seconds since the key was last used; undefined when there is no such key. */
  idleS(key: string): number | undefined {
    const slot = this.live(key);
    return slot === undefined ? undefined : Math.max(0, this.keyspace.nowS - this.current.usedS.at(slot));
  }

  /** How often the key is used, as Redis counts it; undefined when there is no such key, or uses are not counted. */
  useCount(key: string): number | undefined {
    const { useCounting, nowS } = this.keyspace;
    const slot = this.live(key);
    return slot === undefined || useCounting === undefined ? undefined : this.current.uses.at(slot, nowS, useCounting);
  }

  /** A key drawn at random, not past its deadline; undefined when there is none. */
  randomKey(random: Random): string | undefined {
    while (this.size > 0) {
      const key = this.drawKey(random);
      if (this.keyspace.expiry === "hide" || this.live(key) !== undefined) return key;
    }
    return undefined;
  }

  /** All keys, those past their deadline included. The database must not change meanwhile. */
  keys(): Iterable<string> {
    return this.current.slots.keys();
  }

  // ── Changing ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Adds a key that is not there. */
  add(key: string, value: Value, deadlineMs = NEVER): void {
    const { keyspace } = this;
    if (keyspace.expiry === "hide") this.removeHidden(key);
    assert(!this.current.slots.has(key), "an added key is new");
    this.addLoaded(key, value, deadlineMs);
    if (keyspace.weighs) this.weigh(key);
    if (keyspace.awaited) keyspace.owner.cameOrWent(this, key);
    if (keyspace.observed) keyspace.owner.happened("new", this, key);
  }

  /** Adds a key that is not there, and tells nobody. */
  addLoaded(key: string, value: Value, deadlineMs: number): void {
    const { keeper, epoch, nowS } = this.keyspace;
    const slot = this.current.add(key, value, deadlineMs, nowS);
    // A new key is younger than the snapshot in progress, which therefore passes over it.
    if (keeper !== undefined) this.current.versions.put(slot, epoch);
  }

  /** Sets a key to a value, whether it is there or not; the deadline stays when `deadlineMs` is not given. */
  set(key: string, value: Value, deadlineMs?: number): void {
    const slot = this.live(key);
    if (slot === undefined) {
      this.add(key, value, deadlineMs);
      return;
    }
    this.beforeChange(slot);
    if (this.keyspace.awaited) this.keyspace.owner.cameOrWent(this, key);
    this.current.setValue(slot, value);
    this.used(slot);
    if (this.current.rawStrings.size > 0) this.current.rawStrings.delete(slot);
    if (deadlineMs !== undefined) this.current.setDeadline(slot, deadlineMs);
  }

  /** Sets a string that came about by changing a part of what was there; the deadline stays. */
  setChangedString(key: string, value: string): void {
    this.set(key, value);
    this.current.rawStrings.add(this.current.slots.get(key) as number);
  }

  isRawString(key: string): boolean {
    const slot = this.current.slots.get(key);
    return slot !== undefined && this.current.rawStrings.has(slot);
  }

  /** True when there was such a key, not past its deadline. */
  delete(key: string): boolean {
    const slot = this.live(key);
    if (slot === undefined) return false;
    this.removeSlot(key, slot);
    return true;
  }

  /** Removes a key to make room for others, whether its time is over or not. */
  evict(key: string): void {
    const slot = this.current.slots.get(key);
    assert(slot !== undefined, "an evicted key exists");
    this.removeSlot(key, slot);
    this.keyspace.owner.evicted(this, key);
  }

  /** NEVER takes the deadline away. True when there is such a key. */
  setDeadline(key: string, deadlineMs: number): boolean {
    const slot = this.live(key);
    if (slot === undefined) return false;
    this.beforeChange(slot);
    this.current.setDeadline(slot, deadlineMs);
    return true;
  }

  /** A field of the hash at this key has got a deadline. */
  fieldsMayExpire(key: string): void {
    this.current.expiringHashes.add(this.current.slots.get(key) as number);
  }

  /** Sets when a key was last used, as RESTORE … IDLETIME does. */
  setIdleS(key: string, idleS: number): void {
    const slot = this.live(key);
    if (slot !== undefined) this.current.usedS.put(slot, this.keyspace.nowS - idleS);
  }

  /** Sets how often a key was used, as RESTORE … FREQ does. Nothing unless uses are counted. */
  setUseCount(key: string, count: number): void {
    const slot = this.live(key);
    if (slot !== undefined && this.keyspace.useCounting !== undefined) {
      this.current.uses.set(slot, count, this.keyspace.nowS);
    }
  }

  /** Takes a key, with its deadline, to another name or database, where it replaces what is there. */
  moveTo(key: string, target: Database, targetKey: string): void {
    const slot = this.live(key);
    assert(slot !== undefined, "a moved key exists");
    const value = this.current.values[slot] as Value;
    const deadlineMs = this.current.deadlines.at(slot);
    target.delete(targetKey);
    target.add(targetKey, value, deadlineMs);
    this.removeSlot(key, this.current.slots.get(key) as number);
  }

  /** Removes all keys; a snapshot in progress goes on with the table that held them. Returns how many there were. */
  clear(): number {
    const before = this.current;
    this.current = new SlotTable();
    this.keyspace.owner.replaced(this, before, this.current, "removed");
    return before.size;
  }

  /** Only for `Keyspace.swap`. */
  replaceTable(table: SlotTable): void {
    this.current = table;
  }

  /**
   * Removes the keys past their deadline, and the fields of hashes past theirs, among the slots from `from` on, `count` of them at most. The walk ends at the
   * table's end.
   */
  removePast(from: number, count: number): { next: number; examined: number; removed: number } {
    const table = this.current;
    const nowMs = this.keyspace.nowMs;
    const end = Math.min(from + count, table.end);
    let examined = 0;
    let removed = 0;
    let slot = from;
    for (; slot < end && slot < table.end; slot++) {
      if (table.expiringHashes.has(slot)) {
        examined++;
        removed += this.removePastFields(table.keys[slot] as string, slot);
        if (table.keys[slot] === undefined) continue;
      }
      const deadlineMs = table.deadlines.at(slot);
      if (deadlineMs === NEVER) continue;
      examined++;
      if (deadlineMs >= nowMs) continue;
      this.expire(table.keys[slot] as string, slot);
      removed++;
    }
    return { next: slot >= table.end ? 0 : slot, examined, removed };
  }

  // ── Making changes known ────────────────────────────────────────────────────────────────────────────────────────

  /**
   * A key was changed: it counts as `count` changes, whoever watches it is told, and `event` (as keyspace
   * notifications name it) is announced.
   */
  changed(key: string, event: string, count = 1): void {
    const { keyspace } = this;
    keyspace.dirty += count;
    if (keyspace.weighs) this.weigh(key);
    if (!keyspace.observed) return;
    keyspace.owner.changed(this, key);
    keyspace.owner.happened(event, this, key);
  }

  /** Announces an event that goes with a change already made known, as the `del` of a list that was emptied. */
  announce(key: string, event: string): void {
    if (this.keyspace.observed) this.keyspace.owner.happened(event, this, key);
  }

  /** Only for the keyspace: from now on there is a memory limit, or none any more. */
  weighAll(): void {
    const { weights, keys, values, end } = this.current;
    weights.clear();
    if (!this.keyspace.weighs) return;
    for (let slot = 0; slot < end; slot++) {
      const key = keys[slot];
      weights.set(slot, key === undefined ? 0 : memorySizeBytes(key, values[slot] as Value, sampledItems));
    }
  }

  // ── Inside ──────────────────────────────────────────────────────────────────────────────────────────────────────

  private weigh(key: string): void {
    const { slots, values, weights } = this.current;
    const slot = slots.get(key);
    if (slot !== undefined) weights.set(slot, memorySizeBytes(key, values[slot] as Value, sampledItems));
  }

  private used(slot: number): void {
    const { nowS, useCounting } = this.keyspace;
    this.current.usedS.put(slot, nowS);
    if (useCounting !== undefined) this.current.uses.used(slot, nowS, useCounting, useCounting.random);
  }

  /** The slot of a key that is there and not past its deadline. */
  private live(key: string): number | undefined {
    const { slots, deadlines, expiresCount, expiringHashes } = this.current;
    const slot = slots.get(key);
    if (slot === undefined) return undefined;
    // Where nothing expires the deadlines are not even looked at: they are far away in memory.
    if (expiresCount > 0 && this.keyspace.isPast(deadlines.at(slot))) {
      if (this.keyspace.expiry === "remove") this.expire(key, slot);
      return undefined;
    }
    if (expiringHashes.size === 0 || !expiringHashes.has(slot)) return slot;
    const hash = this.current.values[slot];
    if (!(hash instanceof HashValue) || !this.keyspace.isPast(hash.nextDeadlineMs)) return slot;
    if (this.keyspace.expiry === "hide") return hash.countPast(this.keyspace.nowMs) < hash.size ? slot : undefined;
    this.removePastFields(key, slot);
    return hash.size > 0 ? slot : undefined;
  }

  /** The value as a reader sees it: where what is past is only hidden, a hash without the fields that are. */
  private shown(slot: number): Value | undefined {
    const value = this.current.values[slot];
    if (this.current.expiringHashes.size === 0 || this.keyspace.expiry !== "hide") return value;
    if (!(value instanceof HashValue) || !this.keyspace.isPast(value.nextDeadlineMs)) return value;
    const copy = value.copy();
    copy.removePast(this.keyspace.nowMs);
    return copy;
  }

  /** Removes the fields of a hash that are past their deadline, and the key with the last one. Returns how many. */
  private removePastFields(key: string, slot: number): number {
    const hash = this.current.values[slot];
    if (!(hash instanceof HashValue) || !hash.hasDeadlines) {
      this.current.expiringHashes.delete(slot);
      return 0;
    }
    if (!this.keyspace.isPast(hash.nextDeadlineMs)) return 0;
    this.beforeChange(slot);
    const fields = hash.removePast(this.keyspace.nowMs);
    const isEmpty = hash.size === 0;
    if (isEmpty) this.removeSlot(key, slot);
    else if (this.keyspace.weighs) this.weigh(key);
    this.keyspace.owner.fieldsExpired(this, key, fields);
    if (isEmpty) this.announce(key, "del");
    return fields.length;
  }

  private expire(key: string, slot: number): void {
    this.removeSlot(key, slot);
    this.keyspace.owner.expired(this, key);
  }

  /** Makes room for a key that is added while its expired namesake is only hidden. */
  private removeHidden(key: string): void {
    const slot = this.current.slots.get(key);
    if (slot !== undefined && this.live(key) === undefined) this.removeSlot(key, slot);
  }

  private removeSlot(key: string, slot: number): void {
    this.beforeChange(slot);
    if (this.keyspace.awaited) this.keyspace.owner.cameOrWent(this, key);
    this.current.remove(key, slot);
  }

  /** A snapshot that has not written this slot yet keeps what it holds. */
  private beforeChange(slot: number): void {
    const { keeper, epoch } = this.keyspace;
    if (keeper === undefined) return;
    const { versions } = this.current;
    if (versions.at(slot) === epoch) return;
    keeper.keep(this.current, slot);
    versions.put(slot, epoch);
  }

  private drawKey(random: Random): string {
    const { keys, end } = this.current;
    // In a table with many free slots a draw may miss for long: from the last draw on, take the next key there is.
    for (let draws = 0; draws < 100; draws++) {
      const key = keys[random.below(end)];
      if (key !== undefined) return key;
    }
    let slot = random.below(end);
    while (keys[slot] === undefined) slot = (slot + 1) % end;
    return keys[slot] as string;
  }
}
