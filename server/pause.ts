/**
 * CLIENT PAUSE: clients' commands (all of them, or those that write) are postponed until the pause ends. Meanwhile the
 * data set does not change, so keys past their deadline are hidden and not removed.
 */
import type { Server } from "./server.ts";
import type { Timer } from "./world/world.ts";

export type PauseKind = "write" | "all";

export class Pause {
  private readonly server: Server;
  private kindNow: PauseKind | undefined;
  private endsAtMs = 0;
  private timer: Timer | undefined;

  constructor(server: Server) {
    this.server = server;
  }

  /** What is postponed; undefined: nothing. */
  get kind(): PauseKind | undefined {
    return this.kindNow;
  }

  /** A second pause can make the first one longer and wider, never shorter. */
  begin(kind: PauseKind, durationMs: number): void {
    const { clock } = this.server.world;
    const nowMs = clock.monotonicMs();
    this.kindNow = this.kindNow === "all" ? "all" : kind;
    this.endsAtMs = Math.max(this.endsAtMs, nowMs + durationMs);
    if (this.server.keyspace.expiry === "remove") this.server.keyspace.expiry = "hide";
    this.timer?.cancel();
    this.timer = clock.after(this.endsAtMs - nowMs, () => this.end());
  }

  end(): void {
    if (this.kindNow === undefined) return;
    this.timer?.cancel();
    this.kindNow = undefined;
    this.endsAtMs = 0;
    if (this.server.keyspace.expiry === "hide") this.server.keyspace.expiry = "remove";
    this.server.blocking.report("pause ended");
  }
}
