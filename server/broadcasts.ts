/**
 * Changes for clients that track keys by prefix: they are told of every key that begins so, whoever read it, once a turn.
 *
 *     user:  → clients 3, 8     changed in this turn: user:1 (by 3), user:7 (nobody: it expired)
 *     ""     → client 5
 */
import type { Session } from "./session.ts";

/** Undefined: nobody changed it, it expired or had to make room. */
type Writer = Session | undefined;

interface Prefix {
  readonly listeners: Set<Session>;
  /** Who changed it last. */
  readonly changed: Map<string, Writer>;
}

export class Broadcasts {
  private readonly prefixes = new Map<string, Prefix>();

  get prefixCount(): number {
    return this.prefixes.size;
  }

  listen(session: Session, prefix: string): void {
    const known = this.prefixes.get(prefix);
    if (known === undefined) this.prefixes.set(prefix, { listeners: new Set([session]), changed: new Map() });
    else known.listeners.add(session);
  }

  forget(session: Session, prefix: string): void {
    const known = this.prefixes.get(prefix);
    known?.listeners.delete(session);
    if (known?.listeners.size === 0) this.prefixes.delete(prefix);
  }

  /** @returns true: somebody is to be told */
  keyChanged(key: string, writer: Writer): boolean {
    let isHeard = false;
    for (const [prefix, { changed }] of this.prefixes) {
      if (!key.startsWith(prefix)) continue;
      changed.set(key, writer);
      isHeard = true;
    }
    return isHeard;
  }

  /** For every prefix, and everybody who listens to it, what changed since the last time. */
  take(tell: (session: Session, changed: ReadonlyMap<string, Writer>) => void): void {
    for (const { listeners, changed } of this.prefixes.values()) {
      if (changed.size === 0) continue;
      for (const session of listeners) tell(session, changed);
      changed.clear();
    }
  }
}
