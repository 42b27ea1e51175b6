/**
 * How much `appendfsync everysec` may lose, derived from each store's source as a function of F, the longest sync that was
 * measured. Longest way of a write that was acked in the turn in which a sync began, and is too late for it:
 *
 *     acked ▷────── sync, F ──────◁▷────── sync, F ──────◁ durable
 *           └ waits: E2 to E5 ────┘ └ covers it
 *
 * The laws, and where they follow from:
 *
 *  E1  A write goes to the file before its client is answered, unless a sync is under way: then it waits in memory, until
 *      that ends or for two seconds, and is written after all. Killed, a store loses what waits so.
 *      redis aof.c:flushAppendOnlyFile (7.0 to 8.0), valkey the same; server/aof/aof-writer.ts:postpones.
 *  E2  A sync begins in the first turn in which none is under way and the clock says that the second is over since the last
 *      one began. A turn comes at the latest when the store's timer ticks, ten times a second. server.c:serverCron, beforeSleep.
 *  E3  Redis moves that clock also when a write that waited out its two seconds finds the sync still under way: the slot is
 *      gone, and the next sync comes a second later. In milliseconds since redis 7.4 and valkey 8.0: slots at 2 s, 4 s, …
 *      after the first write that waits. aof.c:flushAppendOnlyFile, aof_last_fsync.
 *  E4  Before, both clocks count whole seconds: "two seconds" may be little more than one, so the first slot is lost at
 *      any time between 1 s and 2 s, the second between 3 s and 4 s, and so on. The second of E2 is never longer than one.
 *  E5  lossbound-server moves its clock only when a sync begins. aof-writer.ts:syncInBackground.
 *  E6  When a rewrite begins and when it ends, the store syncs manifest and folder itself and does nothing else meanwhile
 *      (redis: 2 F each time, aof.c:persistAofManifest). Nobody is answered then, so clients measure it: their longest stall
 *      is added. The old log's sync, for which the new one's waits in line since 7.2 (bio.c: one worker), ends within the
 *      stall of the rewrite's end or before.
 *
 * So the bound is: what E2 to E5 make it wait + F + the longest stall + a turn. A healthy disk is one whose syncs are
 * shorter than 50 ms; there it is at most 1.25 s, and a store that leaves out one sync is seen, because that takes 2 s.
 *
 * Measured by `npm run bench -- everysec`; the table stands in docs/verdicts.md, and in the test beside this file.
 */
import type { PresetPromise } from "./evidence.ts";

/** How a store decides that a second has passed since its last sync: E4, E3, E5. */
export type SyncClock = "seconds" | "milliseconds" | "unmoved";

/** The first version of each that counts milliseconds. */
const countsMillisecondsSince = { "redis-server": [7, 4], "valkey-server": [8, 0] } as const;

export function clockOf({ name, version }: PresetPromise["store"]): SyncClock {
  if (name === "lossbound-server") return "unmoved";
  const since =
    name in countsMillisecondsSince && countsMillisecondsSince[name as keyof typeof countsMillisecondsSince];
  if (since === false) return "seconds";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > since[0] || (major === since[0] && minor >= since[1]) ? "milliseconds" : "seconds";
}

export interface Pace {
  readonly longestSyncMs: number;
  /** The longest time in which a client waited and nobody had a reply. */
  readonly longestStallMs: number;
}

/** On a disk whose longest sync stays below, a missed sync must show, so the bound is tight there. */
const healthySyncMs = 50;
const secondMs = 1_000;
/** For the store's timer, twice: to see that a sync has ended, and to begin one. */
const turnMs = 200;
/** Turns come later, and in more steps, where each of them waits for a slow disk. */
const slowTurnMs = 300;
/** A stall up to here is a busy turn, and within `turnMs`; what is longer was measured and is added. */
export const ordinaryStallMs = 100;
const heldBackMaxMs = 2_000;
/** A store sees that a sync has ended when its thread is back, a little after the disk was done. */
const seenLaterMs = 100;

/** Nothing acked is older than that when it becomes durable, or is lost in a power cut. */
export function powerCutBoundMs({ longestSyncMs, longestStallMs }: Pace, clock: SyncClock): number {
  if (longestSyncMs < healthySyncMs) {
    return secondMs + longestSyncMs + turnMs + Math.max(0, longestStallMs - ordinaryStallMs);
  }
  return untilNextSyncMs(longestSyncMs, clock) + longestSyncMs + stallMsOf(longestStallMs) + slowTurnMs;
}

/** How long after a sync began the next one begins, at the latest. */
function untilNextSyncMs(longestSyncMs: number, clock: SyncClock): number {
  const slotMs = lastSlotMs(longestSyncMs + seenLaterMs, clock);
  return Math.max(secondMs, longestSyncMs, slotMs === 0 ? 0 : slotMs + secondMs);
}

/** When, within a sync of that length, the last slot may be lost; 0: none is. */
function lastSlotMs(syncMs: number, clock: SyncClock): number {
  switch (clock) {
    case "unmoved":
      return 0;
    case "milliseconds":
      return Math.floor(syncMs / heldBackMaxMs) * heldBackMaxMs;
    case "seconds": {
      const seconds = Math.floor(syncMs / secondMs);
      return seconds % 2 === 1 ? syncMs : seconds * secondMs;
    }
  }
}

/**
 * How long it takes from the sync that covered a write until that is durably written down: the attestation is written with
 * the next batch, or at the next tick where nobody writes, and waits for a sync of its own, which begins as late as any.
 *
 *     write ──▷ sync ◁── tick ─ attestation ──▷ sync ◁
 *             └──────── this much longer ─────────────┘
 */
export function unattestedBoundMs(longestSyncMs: number, attestsEveryMs: number): number {
  return Math.max(untilNextSyncMs(longestSyncMs, "unmoved"), longestSyncMs + attestsEveryMs) + turnMs;
}

/** E1. */
export function killBoundMs({ longestSyncMs, longestStallMs }: Pace, clock: SyncClock): number {
  if (longestSyncMs < healthySyncMs) return longestSyncMs + 100 + Math.max(0, longestStallMs - ordinaryStallMs);
  const heldBackMs = clock === "seconds" ? heldBackMaxMs : Math.min(longestSyncMs, heldBackMaxMs);
  return heldBackMs + slowTurnMs + stallMsOf(longestStallMs);
}

function stallMsOf(longestStallMs: number): number {
  return longestStallMs > ordinaryStallMs ? longestStallMs : 0;
}
