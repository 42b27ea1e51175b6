/**
 * Pauses: clients' commands (all of them, or those that write) are postponed until the pause ends. Meanwhile the data set
 * does not change, so keys past their deadline are hidden and not removed. A client asks for one with CLIENT PAUSE; the
 * server holds writes by itself while keys are on their way to another server.
 */
import type { Server } from "./server.ts";
import type { Timer } from "./world/world.ts";

export type PauseKind = "write" | "all";

export class Pause {
  private readonly server: Server;
  private kindNow: PauseKind | undefined;
  private endsAtMs = 0;
  private timer: Timer | undefined;
  private holds = 0;

  constructor(server: Server) {
    this.server = server;
  }

  /** What is postponed; undefined: nothing. */
  get kind(): PauseKind | undefined {
    return this.kindNow ?? (this.holds > 0 ? "write" : undefined);
  }

  /** Until `releaseWrites` was called as often. */
  holdWrites(): void {
    this.holds++;
    this.hideExpired();
  }

  releaseWrites(): void {
    this.holds--;
    this.maybeOver();
  }

  /** A second pause can make the first one longer and wider, never shorter. */
  begin(kind: PauseKind, durationMs: number): void {
    const { clock } = this.server.world;
    const nowMs = clock.monotonicMs();
    this.kindNow = this.kindNow === "all" ? "all" : kind;
    this.endsAtMs = Math.max(this.endsAtMs, nowMs + durationMs);
    this.hideExpired();
    this.timer?.cancel();
    this.timer = clock.after(this.endsAtMs - nowMs, () => this.end());
  }

  end(): void {
    if (this.kindNow === undefined) return;
    this.timer?.cancel();
    this.kindNow = undefined;
    this.endsAtMs = 0;
    this.maybeOver();
  }

  private hideExpired(): void {
    if (this.server.keyspace.expiry === "remove") this.server.keyspace.expiry = "hide";
  }

  /** Also where something is still paused: what is postponed finds out for itself whether it may run now. */
  private maybeOver(): void {
    if (this.kind === undefined && this.server.keyspace.expiry === "hide") this.server.keyspace.expiry = "remove";
    this.server.blocking.report("pause ended");
  }
}
