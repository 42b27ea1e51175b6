/**
 * The keyspace: numbered databases, each on a slot table, and what is true of all of them: the time by which keys
 * expire, the count of changes, the snapshot in progress.
 *
 * Whoever owns a keyspace (the server) sets `nowMs` before each command, and it stands still until the command is done:
 * a key cannot expire between two lookups of one command or one transaction.
 */
import { assert } from "../assert.ts";
import type { Random } from "../world/world.ts";
import { Database } from "./database.ts";
import type { SlotTable } from "./slot-table.ts";
import type { UseCountRules } from "./use-counts.ts";

/** What a keyspace tells its owner. */
export interface KeyspaceOwner {
  /** A key is past its deadline and was removed: log its removal, before the command that met it. */
  expired(db: Database, key: string): void;
  /** Fields of a hash are past their deadlines and were removed. When none is left the key goes next. */
  fieldsExpired(db: Database, key: string, fields: readonly string[]): void;
  /** A key was removed to make room: log its removal, by itself. */
  evicted(db: Database, key: string): void;
  /** A key was changed or removed: whoever watches it must know. Only called while `observed`. */
  changed(db: Database, key: string): void;
  /** Something happened to a key; the name of the event as keyspace notifications have it. Only while `observed`. */
  happened(event: string, db: Database, key: string): void;
  /** A key came into being, or lost a collection that it held. Only called while `awaited`, for clients blocked on it. */
  cameOrWent(db: Database, key: string): void;
  /** All keys of a database were removed, or exchanged for those of another one. */
  replaced(db: Database, before: SlotTable, after: SlotTable, how: "removed" | "exchanged"): void;
}

/** A snapshot in progress: it is told before a slot that it may not have written yet is changed. */
export interface SlotKeeper {
  keep(table: SlotTable, slot: number): void;
}

/** Whether a key past its deadline is removed when it is met. */
export type Expiry =
  /** It is removed, and gone. */
  | "remove"
  /** It is gone for whoever asks, but stays: clients are paused, the data set must not change. */
  | "hide"
  /** It is still there: while a log is replayed, keys are removed by the log alone. */
  | "off";

export class Keyspace {
  readonly owner: KeyspaceOwner;
  readonly databases: readonly Database[];
  /** Changes since the last save, as Redis counts them. */
  dirty = 0;
  /** Raised by every snapshot. */
  epoch = 1;
  keeper: SlotKeeper | undefined;
  /** True while somebody watches keys or listens to keyspace notifications. */
  observed = false;
  /** True while clients are blocked on keys. */
  awaited = false;
  /** Lookups by reading commands that found their key, and that did not. */
  hits = 0;
  misses = 0;
  /** How uses of keys are counted; undefined: not at all. */
  useCounting: (UseCountRules & { readonly random: Random }) | undefined;
  private weighing = false;
  private time = 0;
  private timeS = 0;
  private mode: Expiry = "remove";
  /** A key whose deadline is smaller is expired. Below every deadline while expiry is off. */
  private expiredBeforeMs = 0;

  constructor(owner: KeyspaceOwner, databaseCount: number) {
    this.owner = owner;
    this.databases = Array.from({ length: databaseCount }, (_, index) => new Database(this, index));
  }

  /** Wall milliseconds; stands still while a command runs. */
  get nowMs(): number {
    return this.time;
  }

  set nowMs(nowMs: number) {
    if (nowMs === this.time) return;
    this.time = nowMs;
    this.timeS = Math.floor(nowMs / 1000);
    if (this.mode !== "off") this.expiredBeforeMs = nowMs;
  }

  get nowS(): number {
    return this.timeS;
  }

  get expiry(): Expiry {
    return this.mode;
  }

  set expiry(mode: Expiry) {
    this.mode = mode;
    this.expiredBeforeMs = mode === "off" ? Number.NEGATIVE_INFINITY : this.time;
  }

  /** Whether what keys take in memory is reckoned with every change of them. */
  get weighs(): boolean {
    return this.weighing;
  }

  set weighs(wanted: boolean) {
    if (wanted === this.weighing) return;
    this.weighing = wanted;
    for (const db of this.databases) db.weighAll();
  }

  isPast(deadlineMs: number): boolean {
    return deadlineMs < this.expiredBeforeMs;
  }

  db(index: number): Database {
    const db = this.databases[index];
    assert(db !== undefined, `database ${index} exists`);
    return db;
  }

  /** The number of keys in all databases. */
  get size(): number {
    return this.databases.reduce((sum, db) => sum + db.size, 0);
  }

  /** A hash somewhere has a field that expires. */
  get hasExpiringFields(): boolean {
    return this.databases.some((db) => db.table.hasExpiringFields);
  }

  /** Exchanges the keys of two databases. What clients watch or wait for stays with the number. */
  swap(first: Database, second: Database): void {
    if (first === second) return;
    const [before, after] = [first.table, second.table];
    first.replaceTable(after);
    second.replaceTable(before);
    this.owner.replaced(first, before, after, "exchanged");
    this.owner.replaced(second, after, before, "exchanged");
  }
}
