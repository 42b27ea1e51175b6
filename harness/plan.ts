/**
 * A plan: a scenario with every choice written down. The seed is spent here and nowhere else, so a plan can be printed,
 * kept, shrunk and played again, and the same seed gives the same plan on any machine, byte for byte.
 *
 *     scenario + preset + seed + what the store understands ──▶ plan, for each cycle ──▶ links, for each crash in a row
 *
 *     link ── clients   the calls of each, in batches, with their pauses
 *          ├─ saves     when the harness asks for a snapshot, because the promise hangs on one (O8)
 *          └─ fault     when it strikes, and whom
 *
 * What a plan cannot fix is time: a real process is never as fast twice. The crash state is kept with a finding for that.
 */
import { createHash } from "node:crypto";
import type { BackupFault } from "../scenarios/backup.ts";
import { splitDirective } from "../scenarios/cross-check.ts";
import type { DiskFault } from "../scenarios/disk-fault.ts";
import type { Range } from "../scenarios/fields.ts";
import type { Preset } from "../scenarios/preset.ts";
import type { KillTrigger, PowerCut, Scenario } from "../scenarios/scenario.ts";
import type { Delays } from "./disk/delays.ts";
import { type PlannedBackup, planBackup } from "./plan-backup.ts";
import { type PlannedDiskFault, planDiskFault, planTroubles } from "./plan-disk-fault.ts";
import { type Random, randomFrom } from "./random.ts";
import { type DrawnLife, drawDirectives, drawSwarm, type Swarm } from "./swarm.ts";
import { lastValue } from "./targets/config-file.ts";
import type { Config, KillScope } from "./targets/target.ts";
import { type ClientPlan, planClients, type Vocabulary } from "./workload/workload.ts";

export const planFormat = "lossbound/plan@1";

export interface Plan {
  readonly schema: typeof planFormat;
  readonly scenario: string;
  /** Of everything in the scenario that decides a plan: two plans with the same digest and seed are the same. */
  readonly scenarioDigest: string;
  readonly preset: string;
  readonly seed: string;
  /** Counted from 1. */
  readonly cycle: number;
  readonly words: Vocabulary;
  readonly config: Config;
  readonly recovery: "copy" | "in-place";
  readonly links: readonly LinkPlan[];
}

/** One run of the store, from its start to its death. */
export interface LinkPlan<F extends PlannedFault = PlannedFault> {
  readonly clients: readonly ClientPlan[];
  /** After so many acks each: BGSAVE. */
  readonly savesAtAcks: readonly number[];
  readonly fault: F;
}

export type PlannedFault = PlannedKill | PlannedPowerCut | PlannedDiskFault | PlannedBackup;

/** The store runs so long on a disk that remembers everything; then the power is cut at every moment of it. */
export interface PlannedPowerCut {
  readonly kind: "power-cut";
  readonly lastsMs: number;
  /** When the harness asks for a rewrite, or for a snapshot where no log is kept. */
  readonly job: "rewrite" | "bgsave";
  readonly jobsAtMs: readonly number[];
  /** What else the harness does to the store meanwhile; a swarm draws it. */
  readonly orders?: Swarm["orders"];
  readonly diskFaults?: Swarm["diskFaults"];
  /**
   * Lives of the store before this one, on the same disk, each ended by a kill. Their clients are numbered behind those of
   * the link. Absent: it has one life.
   */
  readonly killed?: readonly EarlierLife[];
  /** Keys that are there before the first client comes, of the first link. Absent: none. */
  readonly preload?: number;
  /** Absent: a sync takes as long as it takes to note it down. */
  readonly syncs?: Delays;
  /** Every write also appends to one shared log. */
  readonly marker: boolean;
}

/** It lives so long, and is killed. */
export interface EarlierLife {
  readonly clients: readonly ClientPlan[];
  readonly lastsMs: number;
  /** Whether its children die with it, or live on beside its successor (S8). Absent: they die. */
  readonly scope?: KillScope;
  /** What else the harness does to it; a swarm draws it. */
  readonly orders?: Swarm["orders"];
}

export interface PlannedKill {
  readonly kind: "kill";
  readonly scope: KillScope;
  readonly trigger: PlannedTrigger;
  /** How long syncs take, on a recorded volume. Absent: it lives on an ordinary disk. */
  readonly syncs?: Delays;
}

/** A trigger of the scenario, with a number drawn from each of its ranges. */
export type PlannedTrigger = Drawn<Exclude<KillTrigger, { kind: "during-recovery" }>> | RecoveryTrigger;

/** The store dies, and dies again in each of the starts that follow, so long after each began. */
export interface RecoveryTrigger {
  readonly kind: "during-recovery";
  readonly acks: number;
  readonly delaysMs: readonly number[];
}

type Drawn<T> = T extends unknown ? { readonly [K in keyof T]: T[K] extends Range ? number : T[K] } : never;

export interface PlanRequest {
  readonly scenario: Scenario;
  readonly preset: Preset;
  readonly seed: string;
  readonly cycle: number;
  readonly words: Vocabulary;
}

const recoveryKillsMax = 3;

export function makePlan({ scenario, preset, seed, cycle, words }: PlanRequest): Plan {
  const random = randomFrom(seed).fork(`cycle ${cycle}`);
  const config = [...configOf(scenario, preset), ...drawnDirectives(scenario, preset, random.fork("directives"))];
  return {
    schema: planFormat,
    scenario: scenario.name,
    scenarioDigest: digestOf(scenario, preset),
    preset: preset.name,
    seed,
    cycle,
    words,
    config,
    recovery: scenario.recovery,
    links: Array.from({ length: scenario.chain }, (_, link) =>
      planLink(scenario, link, config, words, random.fork(`link ${link}`)),
    ),
  };
}

/** The preset's directives, then the scenario's. */
export function configOf(scenario: Scenario, preset: Preset): Config {
  const added = scenario.directives.flatMap((line) => {
    const directive = splitDirective(line);
    return directive === undefined ? [] : [directive];
  });
  return [...preset.directives, ...added];
}

function drawnDirectives(scenario: Scenario, preset: Preset, random: Random): Config {
  const { fault } = scenario;
  return fault.kind === "power-cut" && fault.swarm ? drawDirectives(configOf(scenario, preset), random) : [];
}

export function digestOf(scenario: Scenario, preset: Preset): string {
  const { workload, fault, recovery } = scenario;
  // Not how many links there are: each is drawn by itself, and a shorter chain is the beginning of a longer one.
  const deciding = JSON.stringify([configOf(scenario, preset), workload, fault, recovery]);
  return createHash("sha256").update(deciding).digest("hex").slice(0, 16);
}

function planLink(scenario: Scenario, link: number, config: Config, words: Vocabulary, random: Random): LinkPlan {
  const { fault } = scenario;
  if (fault.kind === "power-cut") return planPowerCut(fault, scenario, link, config, words, random);
  if (fault.kind === "disk-fault") return planDiskTrouble(fault, scenario, config, words, random);
  if (fault.kind === "backup") return planBackedUp(fault, scenario, words, random);
  const trigger = drawTrigger(fault.trigger, random.fork("trigger"));
  const rhythm = rhythmFor(trigger, scenario.workload, random.fork("rhythm"));
  return {
    clients: planClients(scenario.workload, rhythm, words, random.fork("workload")),
    savesAtAcks: livesOnSnapshots(config) ? drawSaves(trigger, rhythm.calls, random.fork("saves")) : [],
    fault: { kind: "kill", scope: fault.scope, trigger, ...(fault.syncs !== undefined && { syncs: fault.syncs }) },
  };
}

/** Clients write before it, while it lasts and after it: from a trickle to as much as a busy disk takes. */
function planDiskTrouble(
  fault: DiskFault,
  { workload }: Scenario,
  config: Config,
  words: Vocabulary,
  random: Random,
): LinkPlan<PlannedDiskFault> {
  const planned = planDiskFault(fault, random.fork("disk fault"));
  const restMs = planned.lastsMs + planned.calmMs;
  const rhythm = { calls: Math.min(workload.calls, planned.acks * 2 + restMs * 2), lastsMs: 200 + restMs * 1.2 };
  return {
    clients: planClients(workload, rhythm, words, random.fork("workload")),
    savesAtAcks: livesOnSnapshots(config) ? [Math.floor(planned.acks / 2)] : [],
    fault: planned,
  };
}

/** Clients that wait between their calls, so that they still write when the last backup is taken. */
function planBackedUp(
  fault: BackupFault,
  { workload }: Scenario,
  words: Vocabulary,
  random: Random,
): LinkPlan<PlannedBackup> {
  const planned = planBackup(fault, random.fork("backup"));
  const rhythm = { calls: Math.min(workload.calls, planned.acks * 2 + 2_000), lastsMs: 2_000, eagerShare: 0 };
  return {
    clients: planClients(workload, rhythm, words, random.fork("workload")),
    savesAtAcks: [],
    fault: planned,
  };
}

/** How many calls leave in a millisecond, all clients together: from a trickle to what a disk can just note down. */
const powerCutPace = [0.5, 1, 2];

function planPowerCut(
  fault: PowerCut,
  { workload }: Scenario,
  link: number,
  config: Config,
  words: Vocabulary,
  random: Random,
): LinkPlan<PlannedPowerCut> {
  const own = random.fork("power cut");
  const lastsMs = drawFrom(fault.lastsMs, own);
  const swarm = fault.swarm ? drawSwarm(workload, { config, lastsMs, asked: fault }, random.fork("swarm")) : undefined;
  const calls = Math.min(workload.calls, Math.ceil(lastsMs * own.pick(powerCutPace)));
  const marker = fault.marker === "always" || (fault.marker === "half" && own.chance(0.5));
  const jobs = drawFrom(fault.rewrites, own);
  const jobsAtMs = Array.from({ length: jobs }, () => Math.floor(lastsMs * (0.1 + 0.75 * own.fraction())));
  const busyMs = Math.floor(lastsMs * (1 - (swarm?.quietShare ?? 0)));
  const { eagerShare = 0, deadlines = "far" } = swarm ?? {};
  const rhythm = { calls, lastsMs: busyMs, eagerShare, deadlines };
  const syncs = fault.syncs ?? swarm?.syncs;
  const diskFaults = swarm?.diskFaults ?? (fault.disk && planTroubles(fault.disk, random.fork("disk")));
  const played = swarm?.workload ?? workload;
  const lives: readonly DrawnLife[] =
    swarm?.lives ?? Array.from({ length: drawFrom(fault.kills, own.fork("kills")) }, () => ({ lastsMs }));
  const killed = lives.map((drawn, life): EarlierLife => {
    const random = own.fork(`life ${life}`);
    const first = played.clients * (life + 1);
    // A log of its own: that of an earlier life may have lost its end, and its numbers with it.
    const markerOf = marker ? link + 100 * (life + 1) : undefined;
    const rhythm = { calls: Math.ceil((calls * drawn.lastsMs) / lastsMs), lastsMs: drawn.lastsMs };
    return { ...drawn, clients: planClients(played, rhythm, words, random, markerOf, first) };
  });
  const clients = planClients(played, rhythm, words, random.fork("workload"), marker ? link : undefined);
  return {
    clients,
    savesAtAcks: [],
    fault: {
      kind: "power-cut",
      lastsMs,
      job: lastValue(config, "appendonly") === "yes" ? "rewrite" : "bgsave",
      jobsAtMs: jobsAtMs.sort((one, other) => one - other),
      ...(swarm !== undefined && { orders: ordersOf(swarm, clients) }),
      ...(diskFaults !== undefined && { diskFaults }),
      ...(killed.length > 0 && { killed }),
      ...(fault.preload !== undefined && link === 0 && { preload: fault.preload }),
      ...(syncs !== undefined && { syncs }),
      marker,
    },
  };
}

function ordersOf({ orders, lastJob }: Swarm, clients: readonly ClientPlan[]): Swarm["orders"] {
  if (lastJob === undefined) return orders;
  // By their pauses, which is what most of their time is spent on.
  const endMs = Math.max(...clients.map(({ batches }) => batches.reduce((sum, { pauseMs }) => sum + pauseMs, 0)));
  const last = { atMs: Math.max(0, endMs - lastJob.beforeEndMs), request: lastJob.request };
  return [...orders, last].sort((one, other) => one.atMs - other.atMs);
}

function drawTrigger(trigger: KillTrigger, random: Random): PlannedTrigger {
  if (trigger.kind === "during-recovery") {
    const kills = 1 + random.below(recoveryKillsMax);
    return {
      kind: trigger.kind,
      acks: drawFrom(trigger.acks, random),
      delaysMs: Array.from({ length: kills }, () => drawFrom(trigger.delayMs, random)),
    };
  }
  const entries = Object.entries(trigger).map(([name, value]) => [
    name,
    isRange(value) ? drawFrom(value, random) : value,
  ]);
  return Object.fromEntries(entries) as PlannedTrigger;
}

function isRange(value: unknown): value is Range {
  return typeof value === "object" && value !== null && "least" in value && "most" in value;
}

function drawFrom({ least, most }: Range, random: Random): number {
  return least + random.below(most - least + 1);
}

// ── How much load a trigger needs ─────────────────────────────────────────────────────────────────────────────────

/** Replies that never come as acks: wrong types, conditions that do not hold. */
const refusedShare = 0.3;
/** What clients may get done in a millisecond while the harness waits for something else. */
const callsPerMs = 25;

/** Enough calls that clients are still busy when it strikes, never more than the scenario allows. */
function rhythmFor(
  trigger: PlannedTrigger,
  workload: Scenario["workload"],
  random: Random,
): { calls: number; lastsMs: number } {
  const inFlight = workload.clients * workload.pipeline * 2;
  const upTo = (calls: number) => Math.min(workload.calls, Math.ceil(calls * (1 + refusedShare)) + inFlight);
  switch (trigger.kind) {
    case "after-acks":
    case "during-recovery":
    case "out-of-memory":
      return { calls: upTo(trigger.acks), lastsMs: 0 };
    case "after-pause":
      return { calls: upTo(trigger.acks + trigger.replies), lastsMs: 0 };
    case "on-sigterm":
    case "on-stop":
      // It acts at the store's next tick, a tenth of a second away: the load goes on until then.
      return { calls: upTo(trigger.acks + 100 * callsPerMs), lastsMs: 0 };
    case "while-rewrite":
    case "while-bgsave":
      return { calls: upTo(trigger.acks + (10 + trigger.delayMs) * callsPerMs), lastsMs: 0 };
    case "saver":
      return { calls: upTo(trigger.acks + (10 + trigger.delayMs) * callsPerMs + trigger.replies), lastsMs: 0 };
    case "at-random-time": {
      // From a trickle to as fast as it goes; the calls are spread over more time than there is.
      const perMs = random.pick([2, 5, 15]);
      return { calls: upTo(trigger.withinMs * perMs), lastsMs: Math.ceil(trigger.withinMs * 1.5) };
    }
    case "at-disk-operation": {
      // Under everysec the n-th sync is n seconds away; all else is more frequent.
      const lastsMs = (trigger.operation === "sync" ? 1_100 : 400) * (trigger.nth + 1);
      return { calls: upTo(trigger.afterWrites * inFlight + lastsMs), lastsMs };
    }
  }
}

// ── Snapshots ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** No log, but save points: then a promise begins with the first complete snapshot, and without one nothing is tested. */
function livesOnSnapshots(config: Config): boolean {
  return lastValue(config, "appendonly") !== "yes" && lastValue(config, "save") !== "";
}

/** One or two, before the fault strikes. */
function drawSaves(trigger: PlannedTrigger, calls: number, random: Random): number[] {
  const acks = "acks" in trigger ? trigger.acks : Math.floor(calls / 3);
  const count = 1 + random.below(2);
  return Array.from({ length: count }, () => Math.floor(acks * (0.1 + 0.7 * random.fraction()))).sort((a, b) => a - b);
}
