/**
 * Where on the timeline something happened. History and journal share one timeline, so a cut through it says both what
 * had been promised and what had been written:
 *
 *     history   ──invoke──────────────acked────────────invoke──────────▶
 *     journal   ───────write──sync▷──────────▷sync────────────write────▶
 *                                          ╎ a cut
 *
 * Against a real process both tracks carry CLOCK_MONOTONIC, which is one clock for all processes of a kernel. In the
 * simulated world one counter numbers both.
 */

/** Nanoseconds since the origin of the recording. Strictly rising along one track. */
export type StampNs = number;

/** A clock that stamps. `wallMs` is recorded beside it, because keys expire by wall time (O4). */
export interface StampClock {
  /** CLOCK_MONOTONIC at stamp 0, so that another process of this kernel can put its stamps on the same timeline. */
  readonly originNs: bigint;
  now(): StampNs;
  wallMs(): number;
}

/** An interval of the timeline, from the stamp of one record to that of the next. */
export interface Interval {
  readonly startNs: StampNs;
  readonly endNs: StampNs;
}
