/**
 * WATCH: which sessions watch which keys. A session whose key was changed, removed or has expired since is touched, and
 * its EXEC does nothing.
 *
 * A key that was already past its deadline when it was watched, and is then removed for that, did not change: it was
 * gone all the time.
 */
import type { Database } from "./keyspace/database.ts";
import type { Keyspace } from "./keyspace/keyspace.ts";
import type { SlotTable } from "./keyspace/slot-table.ts";
import type { Session } from "./session.ts";

interface Watch {
  readonly session: Session;
  readonly db: Database;
  readonly key: string;
  /** It was past its deadline, so that its removal is no change. */
  wasPast: boolean;
}

export class Watching {
  private readonly keyspace: Keyspace;
  private readonly bySession = new Map<Session, Watch[]>();
  /** Per database. */
  private readonly byKey: Map<string, Set<Watch>>[];
  private readonly touched = new WeakSet<Session>();

  constructor(keyspace: Keyspace) {
    this.keyspace = keyspace;
    this.byKey = keyspace.databases.map(() => new Map());
  }

  /** How many sessions watch keys. */
  get count(): number {
    return this.bySession.size;
  }

  watch(session: Session, db: Database, key: string): void {
    const own = this.bySession.get(session) ?? [];
    if (own.some((watch) => watch.db === db && watch.key === key)) return;
    const watch: Watch = { session, db, key, wasPast: db.isPast(key) };
    own.push(watch);
    this.bySession.set(session, own);
    const keys = this.byKey[db.index] as Map<string, Set<Watch>>;
    const watches = keys.get(key);
    if (watches === undefined) keys.set(key, new Set([watch]));
    else watches.add(watch);
  }

  /** UNWATCH, EXEC, DISCARD, the client's end: it watches nothing any more, and is not touched. */
  forget(session: Session): void {
    this.stop(session);
    this.touched.delete(session);
  }

  /** True: EXEC must do nothing. A watched key that is past its deadline by now counts as changed. */
  isTouched(session: Session): boolean {
    if (this.touched.has(session)) return true;
    return (this.bySession.get(session) ?? []).some(({ wasPast, db, key }) => !wasPast && db.isPast(key));
  }

  keyChanged(db: Database, key: string): void {
    for (const watch of [...(this.byKey[db.index]?.get(key) ?? [])]) {
      if (watch.wasPast && !db.table.slots.has(key)) watch.wasPast = false;
      else this.touch(watch.session);
    }
  }

  /** All keys of a database were exchanged for those of another table. */
  keysReplaced(db: Database, before: SlotTable, after: SlotTable): void {
    for (const [key, watches] of [...(this.byKey[db.index] ?? [])]) {
      const wasThere = before.slots.has(key);
      if (!wasThere && !after.slots.has(key)) continue;
      const isPast = this.isPastIn(after, key);
      for (const watch of [...watches]) {
        // Gone before, gone after: past its deadline is as good as not there.
        if (watch.wasPast && (isPast || !after.slots.has(key))) watch.wasPast = isPast;
        else if (!wasThere && isPast) watch.wasPast = true;
        else this.touch(watch.session);
      }
    }
  }

  private isPastIn(table: SlotTable, key: string): boolean {
    const slot = table.slots.get(key);
    return slot !== undefined && this.keyspace.isPast(table.deadlines.at(slot));
  }

  private touch(session: Session): void {
    this.touched.add(session);
    this.stop(session);
  }

  private stop(session: Session): void {
    for (const watch of this.bySession.get(session) ?? []) {
      const keys = this.byKey[watch.db.index];
      const watches = keys?.get(watch.key);
      watches?.delete(watch);
      if (watches?.size === 0) keys?.delete(watch.key);
    }
    this.bySession.delete(session);
  }
}
