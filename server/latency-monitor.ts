/** The latency monitor: what held the server up for `latency-monitor-threshold` milliseconds or more, by kind of event. */

/** How many samples of an event are kept; the oldest make room. */
const samplesMax = 160;

export interface LatencySample {
  readonly atS: number;
  readonly ms: number;
}

export class LatencyMonitor {
  private readonly samples = new Map<string, LatencySample[]>();
  private readonly longest = new Map<string, number>();

  /** Of several in one second the longest one is kept. */
  add(event: string, atS: number, ms: number): void {
    const samples = this.samples.get(event) ?? [];
    this.samples.set(event, samples);
    this.longest.set(event, Math.max(this.longest.get(event) ?? 0, ms));
    const last = samples.at(-1);
    if (last?.atS === atS) samples.pop();
    samples.push({ atS, ms: last?.atS === atS ? Math.max(last.ms, ms) : ms });
    if (samples.length > samplesMax) samples.shift();
  }

  history(event: string): readonly LatencySample[] {
    return this.samples.get(event) ?? [];
  }

  latest(): { event: string; last: LatencySample; longestMs: number }[] {
    return [...this.samples].map(([event, samples]) => ({
      event,
      last: samples.at(-1) as LatencySample,
      longestMs: this.longest.get(event) ?? 0,
    }));
  }

  /** Forgets these events, or all. Returns how many there were. */
  forget(events: readonly string[]): number {
    const named = events.length === 0 ? [...this.samples.keys()] : events;
    const forgotten = named.filter((event) => this.samples.delete(event));
    for (const event of forgotten) this.longest.delete(event);
    return forgotten.length;
  }
}
