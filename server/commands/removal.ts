/** How the removal of keys is logged: as DEL, or as UNLINK where the configuration wants lazy removals. */
import type { Session } from "../session.ts";

type LazyDirective = "lazyfree-lazy-expire" | "lazyfree-lazy-user-del";

/** Logs the running command as the removal of a key. */
export function logAsRemoval(session: Session, directive: LazyDirective, key: string): void {
  session.logAs([session.server.config.get(directive) ? "UNLINK" : "DEL", key]);
}

/**
 * A deadline that is set and is past already removes its key. Not while a log is replayed: there keys go only when the
 * log says so.
 */
export function removeBecausePast(session: Session, key: string, deadlineMs: number): boolean {
  if (session.role === "log" || deadlineMs > session.server.keyspace.nowMs) return false;
  session.db.delete(key);
  session.db.changed(key, "del");
  logAsRemoval(session, "lazyfree-lazy-expire", key);
  return true;
}
