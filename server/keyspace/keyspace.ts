/**
 * The keyspace: sixteen databases, each a slot table.
 *
 *     slots: Map key → slot          slot   0      1      2      3
 *                                    keys   a      b      ·      c        · = free, listed in `free`
 *                                    values 1      Hash   ·      List
 *                                    deadlines     …                      wall milliseconds, NEVER when there is none
 *                                    versions      …                      epoch of the last change
 *
 * A slot keeps its number as long as its key lives. So SCAN is a walk over slots that misses nothing, RANDOMKEY is a
 * draw, and a snapshot is a walk in which a slot whose version is older than the snapshot's epoch was not written yet
 * (see frozen-view.ts).
 *
 * Laws: whoever changes a value asks for it with `forWrite` (or replaces it with `set`), because that is where a
 * snapshot in progress saves the old one; and adds to `dirty` what Redis would count as changes.
 */
import { assert } from "../assert.ts";
import type { Value } from "../types/value.ts";

/** The deadline of a key that does not expire. */
export const NEVER = Number.POSITIVE_INFINITY;

/** What a keyspace tells, and asks, its owner. */
export interface KeyspaceOwner {
  nowMs(): number;
  /** A key is past its deadline and was removed. */
  expired(db: Database, key: string): void;
}

/** A snapshot in progress: it is told before a slot that it may not have written yet is changed. */
export interface SlotKeeper {
  keep(db: Database, slot: number): void;
}

export class Keyspace {
  readonly owner: KeyspaceOwner;
  readonly databases: readonly Database[];
  /** Changes since the last save, as Redis counts them. */
  dirty = 0;
  /** Raised by every snapshot. */
  epoch = 1;
  keeper: SlotKeeper | undefined;

  constructor(owner: KeyspaceOwner, databaseCount: number) {
    this.owner = owner;
    this.databases = Array.from({ length: databaseCount }, (_, index) => new Database(this, index));
  }

  db(index: number): Database {
    const db = this.databases[index];
    assert(db !== undefined, `database ${index} exists`);
    return db;
  }
}

export class Database {
  readonly keyspace: Keyspace;
  readonly index: number;
  readonly slots = new Map<string, number>();
  readonly keys: (string | undefined)[] = [];
  readonly values: (Value | undefined)[] = [];
  readonly deadlines: number[] = [];
  readonly versions: number[] = [];
  /** How many keys have a deadline. */
  expiresCount = 0;
  private readonly free: number[] = [];

  constructor(keyspace: Keyspace, index: number) {
    this.keyspace = keyspace;
    this.index = index;
  }

  get size(): number {
    return this.slots.size;
  }

  /** The value, to be read only. A key past its deadline is removed and not there. */
  get(key: string): Value | undefined {
    const slot = this.live(key);
    return slot === undefined ? undefined : this.values[slot];
  }

  /** The value, to be changed in place. */
  forWrite(key: string): Value | undefined {
    const slot = this.live(key);
    if (slot === undefined) return undefined;
    this.touch(slot);
    return this.values[slot];
  }

  /** Sets a value; the deadline stays when `deadlineMs` is not given. */
  set(key: string, value: Value, deadlineMs?: number): void {
    const slot = this.slots.get(key);
    if (slot === undefined) {
      this.add(key, value, deadlineMs ?? NEVER);
      return;
    }
    this.touch(slot);
    this.values[slot] = value;
    if (deadlineMs !== undefined) this.changeDeadline(slot, deadlineMs);
  }

  /** True when there was such a key, not past its deadline. */
  delete(key: string): boolean {
    const slot = this.live(key);
    if (slot === undefined) return false;
    this.removeSlot(key, slot);
    return true;
  }

  /** Wall milliseconds, or NEVER; undefined when there is no such key. */
  deadline(key: string): number | undefined {
    const slot = this.live(key);
    return slot === undefined ? undefined : this.deadlines[slot];
  }

  setDeadline(key: string, deadlineMs: number): boolean {
    const slot = this.live(key);
    if (slot === undefined) return false;
    this.touch(slot);
    this.changeDeadline(slot, deadlineMs);
    return true;
  }

  private live(key: string): number | undefined {
    const slot = this.slots.get(key);
    if (slot === undefined) return undefined;
    const deadlineMs = this.deadlines[slot] as number;
    if (deadlineMs === NEVER || deadlineMs > this.keyspace.owner.nowMs()) return slot;
    this.removeSlot(key, slot);
    this.keyspace.owner.expired(this, key);
    return undefined;
  }

  private add(key: string, value: Value, deadlineMs: number): void {
    const slot = this.free.pop() ?? this.keys.length;
    this.slots.set(key, slot);
    this.keys[slot] = key;
    this.values[slot] = value;
    this.deadlines[slot] = deadlineMs;
    // A new key is younger than any snapshot in progress, which therefore passes over it.
    this.versions[slot] = this.keyspace.epoch;
    if (deadlineMs !== NEVER) this.expiresCount++;
  }

  private removeSlot(key: string, slot: number): void {
    this.touch(slot);
    if (this.deadlines[slot] !== NEVER) this.expiresCount--;
    this.slots.delete(key);
    this.keys[slot] = undefined;
    this.values[slot] = undefined;
    this.deadlines[slot] = NEVER;
    this.free.push(slot);
  }

  private changeDeadline(slot: number, deadlineMs: number): void {
    if (this.deadlines[slot] !== NEVER) this.expiresCount--;
    if (deadlineMs !== NEVER) this.expiresCount++;
    this.deadlines[slot] = deadlineMs;
  }

  /** Before any change of a slot: a snapshot that has not written it yet keeps what it held. */
  private touch(slot: number): void {
    const { keeper, epoch } = this.keyspace;
    if (this.versions[slot] === epoch) return;
    keeper?.keep(this, slot);
    this.versions[slot] = epoch;
  }
}
