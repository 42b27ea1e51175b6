/**
 * The active expiry cycle: finds keys, and fields of hashes, past their deadline that nobody asks for.
 *
 *     slots   · a · b c · · d …          a cursor walks the slots of every database, a stretch each tick,
 *                   ↑ cursor             on and on while a stretch was full of expired keys
 *
 * What ends a tick's work is counted in slots and keys, not measured in time: under a clock that stands still while the
 * server works (a simulation) a slice of time would never end. Soundness rule W1.
 */
import type { Keyspace } from "./keyspace.ts";

/** Slots looked at in a stretch. To look at one costs a nanosecond or two. */
const stretchSlots = 4096;
/** A tick looks at so many slots per step of `active-expire-effort`, and removes so many keys. */
const tickSlots = 200_000;
const tickRemovals = 10_000;
/** Above this share of expired keys in a stretch the cycle goes on beyond its slots, until its removals are used up. */
const staleShare = 0.1;

export interface CycleResult {
  readonly removed: number;
  /** It ended because its removals were used up: there is more to do. */
  readonly hitCap: boolean;
}

export class ExpiryCycle {
  private readonly keyspace: Keyspace;
  private database = 0;
  private slot = 0;

  constructor(keyspace: Keyspace) {
    this.keyspace = keyspace;
  }

  /** One tick's work. `effort` is 1 to 10. The keyspace's time must have been set. */
  run(effort: number): CycleResult {
    const { databases } = this.keyspace;
    if (this.keyspace.expiry !== "remove") return { removed: 0, hitCap: false };
    let slotsLeft = tickSlots * effort;
    let removed = 0;
    let idleDatabases = 0;
    while (idleDatabases < databases.length && slotsLeft > 0) {
      const db = this.keyspace.db(this.database);
      if (db.table.expiresCount === 0 && db.table.expiringHashes.size === 0) {
        idleDatabases++;
        this.nextDatabase();
        continue;
      }
      const stretch = db.removePast(this.slot, stretchSlots);
      removed += stretch.removed;
      const isStale = stretch.removed > stretch.examined * staleShare;
      if (!isStale) slotsLeft -= stretchSlots;
      if (removed >= tickRemovals * effort) return { removed, hitCap: true };
      this.slot = stretch.next;
      if (stretch.next === 0) {
        // Once around is enough: a database that was walked to its end counts as done for this tick.
        idleDatabases++;
        this.nextDatabase();
      }
    }
    return { removed, hitCap: false };
  }

  private nextDatabase(): void {
    this.slot = 0;
    this.database = (this.database + 1) % this.keyspace.databases.length;
  }
}
