/** A Clock that a test moves by hand. */
import type { Clock, Timer } from "../../server/world/world.ts";

interface Due {
  readonly run: () => void;
  readonly periodMs: number | undefined;
  atMs: number;
  cancelled: boolean;
}

export class FakeClock implements Clock {
  private elapsedMs = 0;
  private readonly startMs: number;
  private due: Due[] = [];
  private turn: (() => void)[] = [];

  constructor(startMs = 1_700_000_000_000) {
    this.startMs = startMs;
  }

  wallMs(): number {
    return Math.floor(this.startMs + this.elapsedMs);
  }

  monotonicMs(): number {
    return this.elapsedMs;
  }

  after(delayMs: number, run: () => void): Timer {
    return this.add({ run, periodMs: undefined, atMs: this.elapsedMs + delayMs, cancelled: false });
  }

  every(periodMs: number, run: () => void): Timer {
    return this.add({ run, periodMs, atMs: this.elapsedMs + periodMs, cancelled: false });
  }

  endOfTurn(run: () => void): void {
    this.turn.push(run);
  }

  block(ms: number): void {
    this.elapsedMs += ms;
  }

  /** Runs what waits for the end of the turn, and what that makes wait, until nothing does. */
  endTurns(): void {
    for (let run = this.turn.shift(); run !== undefined; run = this.turn.shift()) run();
  }

  /** Lets `ms` pass: timers run in order, each at its own time, and promises settle between them. */
  async advance(ms: number): Promise<void> {
    const endMs = this.elapsedMs + ms;
    for (;;) {
      await this.settle();
      const next = this.due.filter((one) => !one.cancelled).sort((one, other) => one.atMs - other.atMs)[0];
      if (next === undefined || next.atMs > endMs) break;
      this.elapsedMs = Math.max(this.elapsedMs, next.atMs);
      if (next.periodMs === undefined) this.due = this.due.filter((one) => one !== next);
      else next.atMs += next.periodMs;
      next.run();
    }
    this.elapsedMs = Math.max(this.elapsedMs, endMs);
    await this.settle();
  }

  /** Ends turns and lets promises go on, until both are quiet. */
  async settle(): Promise<void> {
    for (let round = 0; round < 10; round++) {
      this.endTurns();
      await Promise.resolve();
    }
  }

  private add(due: Due): Timer {
    this.due.push(due);
    return {
      cancel: () => {
        due.cancelled = true;
        this.due = this.due.filter((one) => one !== due);
      },
    };
  }
}
