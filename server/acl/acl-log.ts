/** ACL LOG: what was denied, the newest first. The same thing again within a minute counts up. */

/** What was denied to whom. */
export interface DeniedEvent {
  readonly reason: "command" | "key" | "channel" | "auth";
  readonly context: "toplevel" | "multi";
  readonly object: string;
  readonly username: string;
}

export interface AclLogEntry extends DeniedEvent {
  count: number;
  atMs: number;
  /** As CLIENT LIST shows it. */
  client: string;
}

const sameWithinMs = 60_000;

export class AclLog {
  private list: AclLogEntry[] = [];

  get entries(): readonly AclLogEntry[] {
    return this.list;
  }

  add(event: DeniedEvent, atMs: number, client: string, countMax: number): void {
    const same = this.list.find(
      (old) =>
        old.reason === event.reason &&
        old.context === event.context &&
        old.object === event.object &&
        old.username === event.username &&
        atMs - old.atMs <= sameWithinMs,
    );
    const rest = this.list.filter((old) => old !== same);
    this.list = [{ ...event, count: (same?.count ?? 0) + 1, atMs, client }, ...rest].slice(0, countMax);
  }

  clear(): void {
    this.list = [];
  }
}
