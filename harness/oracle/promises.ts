/**
 * What is promised: the rows of the durability contract, as bounds on what may be lost. Each row has two answers that
 * hang on time, judged apart and shown side by side; the third level, consistency, hangs on none.
 *
 *     documented   what the store's documentation says
 *     source       what follows from the store's source, as a function of F, the longest sync that was measured (O7)
 *
 * `appendfsync everysec` is the row with arithmetic. A write goes to the file before its client is answered, unless a
 * sync is running: then it waits in the store's own memory, up to two seconds. A sync begins when one is not running
 * and the last one began a second ago. So
 *
 *     killed       what waited in memory is lost:        min(F, 2 s)
 *     power lost   acked just after a sync began:        F, or what is left of the second, until the next one begins,
 *                                                        and F until that ends
 *
 * A store that attests what was synced (preset `hardened`) writes so into its log, where a later sync makes it durable:
 * until then a bit of the log that rots cannot be told from a write that was torn.
 *
 * Where the constants come from, worst acked → durable that was seen, in seconds, by F in milliseconds:
 *
 *     F                       0      200    700    900       1500   2500       3500
 *     redis-server 7.4.1      1.06   1.25          1.94      3.06   5.53       7.05
 *     redis-server 7.0.15     1.01          2.15   2.4–2.7          7.6–10.2
 *
 * Until 7.4 Redis compares whole seconds, and lets a slot pass that it could not use: its row is looser. Kills of 7.0.15
 * lost up to 2.18 s at any F above 50 ms. Valkey took its clock from 7.2.
 */
import type { StampNs } from "../recording/stamp.ts";
import type { CrashFacts, PresetPromise, Save, Suspension } from "./evidence.ts";
import { ageMsOf, type LossAtCut } from "./loss.ts";

export interface TimedPromise {
  readonly level: "documented" | "source";
  readonly text: string;
  readonly protects: Protection;
}

/** Which acked calls may not be lost. */
export type Protection =
  | { readonly kind: "all" }
  | { readonly kind: "older-than"; readonly boundMs: number }
  /** All but the last few. */
  | { readonly kind: "all-but"; readonly calls: number }
  | { readonly kind: "acked-before"; readonly stampNs: StampNs }
  | { readonly kind: "none" };

export function promisesAt(promise: PresetPromise, crash: CrashFacts, endNs: StampNs): readonly TimedPromise[] {
  switch (promise.row) {
    case "always":
      return both("no acked call is lost", { kind: "all" });
    case "os-decides":
      return crash.fault === "power-cut"
        ? both("the operating system decides when a write is safe: any prefix", { kind: "none" })
        : both("every write reaches the operating system before its reply: no acked call is lost", { kind: "all" });
    case "everysec":
    case "everysec-no-fsync-on-rewrite":
      return everysec(promise, crash);
    case "rdb-only":
      return snapshots(promise, crash, endNs);
    case "none":
      return both("nothing is saved", { kind: "none" });
    case "as-documented":
      return both("no bound is written down for this store", { kind: "none" });
  }
}

/** Null where the promise is not a length of time. */
export function boundMsOf(protection: Protection): number | null {
  switch (protection.kind) {
    case "all":
      return 0;
    case "older-than":
      return protection.boundMs;
    case "all-but":
    case "acked-before":
    case "none":
      return null;
  }
}

/**
 * Whether what was lost had been promised. Calls that were acked while the promise was suspended are not held against
 * it; those from before are judged as if the run had ended where the suspension began.
 */
export function isBroken(protection: Protection, loss: LossAtCut, suspendedNs: StampNs | undefined, endNs: StampNs) {
  const judgedNs = suspendedNs ?? endNs;
  if (loss.count === 0 || loss.oldestNs > judgedNs) return false;
  switch (protection.kind) {
    case "all":
      return true;
    case "older-than":
      return ageMsOf(loss, judgedNs) > protection.boundMs;
    case "all-but":
      return loss.count > protection.calls;
    case "acked-before":
      return loss.oldestNs <= protection.stampNs;
    case "none":
      return false;
  }
}

/** Where the suspension began in which the run was cut, if it was: suspensions that touch are one. */
export function suspendedSince(crash: CrashFacts, endNs: StampNs): StampNs | undefined {
  const counting = crash.suspensions.filter((suspension) => counts(suspension, crash));
  let sinceNs: StampNs | undefined;
  for (let reachesNs = endNs; ; ) {
    const around = counting.find(({ interval }) => interval.startNs < reachesNs && interval.endNs >= reachesNs);
    if (around === undefined) return sinceNs;
    sinceNs = reachesNs = around.interval.startNs;
  }
}

/** A kill loses nothing that was written, synced or not. */
function counts({ why }: Suspension, { fault }: CrashFacts): boolean {
  return why !== "a child ran and no-appendfsync-on-rewrite is on" || fault === "power-cut";
}

function both(text: string, protects: Protection): readonly TimedPromise[] {
  return [
    { level: "documented", text, protects },
    { level: "source", text, protects },
  ];
}

// ── everysec ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** On a disk whose longest sync stays below, a missed sync must show, so the bound is tight there. */
const healthySyncMs = 50;
/** For a turn of the store, its timer's tick, and the scheduling of a busy machine. */
const turnMs = 200;
/** A stall up to here is a busy turn, and within `turnMs`; what is longer was measured and is added. */
const ordinaryStallMs = 100;
const heldBackMaxMs = 2_000;

function everysec(promise: PresetPromise, crash: CrashFacts): readonly TimedPromise[] {
  if (crash.fault === "shutdown")
    return both("a shutdown writes and syncs all: no acked call is lost", { kind: "all" });
  const stallMs = Math.max(0, crash.longestStallMs - ordinaryStallMs);
  const { attestsEveryMs = 0, writesBeforeReply = false } = promise;
  const rots = attestsEveryMs > 0 && isInLog(crash.damage);
  const unattestedMs = rots ? unattestedBoundMs(crash.longestSyncMs, attestsEveryMs) : 0;
  const rot = !rots ? "" : "; what rots before its attestation is durable looks like a torn tail";
  const measured = `longest sync ${round(crash.longestSyncMs)} ms${rot}${stallMs > 0 ? `, longest stall ${round(crash.longestStallMs)} ms` : ""}`;
  // What looks torn is cut off, however the store died.
  if (crash.fault === "power-cut" || rots) {
    const boundMs = powerCutBoundMs(crash.longestSyncMs, clockOf(promise.store)) + unattestedMs + stallMs;
    return [
      {
        level: "documented",
        text: "at most one second of writes is lost",
        protects: { kind: "older-than", boundMs: 1_000 },
      },
      {
        level: "source",
        text: `nothing older than ${round(boundMs)} ms is lost (${measured})`,
        protects: { kind: "older-than", boundMs },
      },
    ];
  }
  if (writesBeforeReply) {
    const text = "each write is in the log's file before it is answered: no acked call is lost";
    return [atMostASingleWrite, { level: "source", text, protects: { kind: "all" } }];
  }
  const boundMs = killBoundMs(crash.longestSyncMs, clockOf(promise.store)) + stallMs;
  return [
    atMostASingleWrite,
    {
      level: "source",
      text: `only what waits in memory behind a running sync is lost: nothing older than ${round(boundMs)} ms (${measured})`,
      protects: { kind: "older-than", boundMs },
    },
  ];
}

const atMostASingleWrite: TimedPromise = {
  level: "documented",
  text: "at most a single write is lost",
  protects: { kind: "all-but", calls: 1 },
};

/** What is damaged elsewhere, in a snapshot or in a file that nobody needs, makes no log look torn. */
function isInLog(damage: CrashFacts["damage"]): boolean {
  return damage !== undefined && /\.incr\.aof$/.test(damage.path);
}

/**
 * How long it takes from the sync that covered a write until that is durably written down: the attestation is written with
 * the next batch, or at the next tick where nobody writes, and waits for a sync of its own, which begins as late as any.
 *
 *     write ──▷ sync ◁── tick ─ attestation ──▷ sync ◁
 *             └──────── this much longer ─────────────┘
 */
export function unattestedBoundMs(longestSyncMs: number, attestsEveryMs: number): number {
  return Math.max(untilNextSyncMs(longestSyncMs), longestSyncMs + attestsEveryMs) + turnMs;
}

export type SyncClock = "seconds" | "milliseconds";

/** How the store decides that a second has passed since the last sync. */
export function clockOf({ name, version }: PresetPromise["store"]): SyncClock {
  if (name === "lossbound-server") return "milliseconds";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return name === "redis-server" && (major > 7 || (major === 7 && minor >= 4)) ? "milliseconds" : "seconds";
}

export function powerCutBoundMs(longestSyncMs: number, clock: SyncClock): number {
  if (longestSyncMs < healthySyncMs) return 1_000 + longestSyncMs + turnMs;
  if (clock === "seconds") return 2_000 + 3.5 * longestSyncMs + turnMs + 100;
  return untilNextSyncMs(longestSyncMs) + longestSyncMs + turnMs;
}

/**
 * How long after one sync began the next one may begin, with a clock in milliseconds. Writes that wait for the sync keep
 * the store from looking at its clock until the sync ends, or until they have waited two seconds and are written after
 * all: then the slot is taken note of, not used, and the next one comes a second later.
 */
function untilNextSyncMs(longestSyncMs: number): number {
  if (longestSyncMs <= heldBackMaxMs) return Math.max(1_000, longestSyncMs);
  return Math.max(heldBackMaxMs + 1_000, longestSyncMs);
}

export function killBoundMs(longestSyncMs: number, clock: SyncClock): number {
  if (longestSyncMs < healthySyncMs) return longestSyncMs + 100;
  const heldBackMs = clock === "seconds" ? heldBackMaxMs : Math.min(longestSyncMs, heldBackMaxMs);
  return heldBackMs + turnMs + 100;
}

// ── Snapshots ─────────────────────────────────────────────────────────────────────────────────────────────────────

function snapshots(promise: PresetPromise, crash: CrashFacts, endNs: StampNs): readonly TimedPromise[] {
  if (crash.fault === "shutdown") {
    return promise.savePoints.length > 0
      ? both("a shutdown saves: no acked call is lost", { kind: "all" })
      : both("without save points nothing is saved, not by a shutdown either", { kind: "none" });
  }
  const last = lastCompleted(crash.saves, endNs);
  return last === undefined
    ? both("no save was completed: any prefix", { kind: "none" })
    : both("nothing older than the beginning of the last completed save is lost", {
        kind: "acked-before",
        stampNs: last.startedNs,
      });
}

export function lastCompleted(saves: readonly Save[], endNs: StampNs): Save | undefined {
  const completed = saves.filter((save) => save.completedNs !== undefined && save.completedNs <= endNs);
  return completed.toSorted((one, other) => one.startedNs - other.startedNs).at(-1);
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
