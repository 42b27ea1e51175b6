/** LATENCY DOCTOR: what the latency monitor has seen, as a person would tell it, and what may help. */
import type { LatencyMonitor, LatencySample } from "./latency-monitor.ts";

const advice: Readonly<Record<string, string>> = {
  command: "Commands that look at many items take long: SLOWLOG GET names them.",
  "fast-command": "Commands that should be fast were not: the machine may be short of processor time, or swap.",
};

export function latencyReport(monitor: LatencyMonitor, thresholdMs: number): string {
  if (thresholdMs === 0) {
    return (
      "The latency monitor is off. CONFIG SET latency-monitor-threshold MILLISECONDS has it note whatever holds the " +
      "server up for so long or longer."
    );
  }
  const events = monitor.latest();
  if (events.length === 0) return `Nothing has held the server up for ${thresholdMs} ms or longer.`;
  return events
    .map(({ event, longestMs }) => {
      const lines = [describe(event, monitor.history(event), longestMs)];
      if (advice[event] !== undefined) lines.push(advice[event]);
      return lines.join("\n");
    })
    .join("\n\n");
}

function describe(event: string, samples: readonly LatencySample[], longestMs: number): string {
  const meanMs = samples.reduce((sum, { ms }) => sum + ms, 0) / samples.length;
  const spanS = (samples.at(-1)?.atS ?? 0) - (samples[0]?.atS ?? 0);
  const often = samples.length > 1 ? `, one every ${(spanS / (samples.length - 1)).toFixed(1)} s` : "";
  const times = samples.length === 1 ? "once" : `in ${samples.length} seconds`;
  return `${event}: latency noted ${times}${often}; ${meanMs.toFixed(0)} ms in the mean, ${longestMs} ms at most.`;
}
