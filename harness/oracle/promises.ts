/**
 * What is promised: the rows of the durability contract, as bounds on what may be lost. Each row has two answers that
 * hang on time, judged apart and shown side by side; the third level, consistency, hangs on none.
 *
 *     documented   what the store's documentation says
 *     source       what follows from the store's source, as a function of F, the longest sync that was measured (O7)
 *
 * `appendfsync everysec` is the row with arithmetic: everysec.ts derives it, for each store and version.
 *
 * A store that attests what was synced (preset `hardened`) writes so into its log, where a later sync makes it durable:
 * until then a bit of the log that rots cannot be told from a write that was torn.
 */
import type { StampNs } from "../recording/stamp.ts";
import { clockOf, killBoundMs, ordinaryStallMs, powerCutBoundMs, unattestedBoundMs } from "./everysec.ts";
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

export interface Suspended {
  readonly sinceNs: StampNs;
  /** Of the first of those that touch. */
  readonly why: Suspension["why"];
}

/** Where the suspension began in which the run was cut, if it was: suspensions that touch are one. */
export function suspendedSince(crash: CrashFacts, endNs: StampNs): Suspended | undefined {
  const counting = crash.suspensions.filter((suspension) => counts(suspension, crash));
  let suspended: Suspended | undefined;
  for (let reachesNs = endNs; ; reachesNs = suspended.sinceNs) {
    const around = counting.find(({ interval }) => interval.startNs < reachesNs && interval.endNs >= reachesNs);
    if (around === undefined) return suspended;
    suspended = { sinceNs: around.interval.startNs, why: around.why };
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

function everysec(promise: PresetPromise, crash: CrashFacts): readonly TimedPromise[] {
  if (crash.fault === "shutdown")
    return both("a shutdown writes and syncs all: no acked call is lost", { kind: "all" });
  const clock = clockOf(promise.store);
  const { attestsEveryMs = 0, writesBeforeReply = false } = promise;
  const rots = attestsEveryMs > 0 && isInLog(crash.damage);
  const unattestedMs = rots ? unattestedBoundMs(crash.longestSyncMs, attestsEveryMs) : 0;
  const rot = !rots ? "" : "; what rots before its attestation is durable looks like a torn tail";
  const measured = `longest sync ${round(crash.longestSyncMs)} ms${rot}${crash.longestStallMs > ordinaryStallMs ? `, longest stall ${round(crash.longestStallMs)} ms` : ""}`;
  // What looks torn is cut off, however the store died.
  if (crash.fault === "power-cut" || rots) {
    const boundMs = powerCutBoundMs(crash, clock) + unattestedMs;
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
  const boundMs = killBoundMs(crash, clock);
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
