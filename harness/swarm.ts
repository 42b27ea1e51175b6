/**
 * A swarm: each seed is another world. What a scenario fixes is drawn here: how the clients are, how slow the disk is,
 * what is asked of the store meanwhile, which knobs are turned, what goes wrong on the way.
 *
 *     cycle 1   3 clients, lists, deep pipelines   syncs of 4 ms    2 rewrites, 1 saver killed     small base limit
 *     cycle 2   1 client, tiny values              syncs of 900 ms  none                           EIO in a temp file
 *     cycle 3   …
 *
 * One mix of everything finds little: what each run leaves out is what lets the rest happen. Nothing drawn here changes
 * what the preset promises.
 */
import { type PowerCut, profileNames, type Workload } from "../scenarios/scenario.ts";
import type { Delays } from "./disk/delays.ts";
import type { DiskFault } from "./disk/disk-fault.ts";
import type { EarlierLife } from "./plan.ts";
import type { Random } from "./random.ts";
import type { Request } from "./recording/history.ts";
import { lastValue } from "./targets/config-file.ts";
import type { Config } from "./targets/target.ts";

/** What the harness does to the store while the clients play, so long after it began to serve. */
export type PlannedOrder =
  | { readonly atMs: number; readonly request: Request }
  /** The child dies that is at work then, if there is one. */
  | { readonly atMs: number; readonly kill: "saver" };

export interface Swarm {
  readonly workload: Workload;
  readonly eagerShare: number;
  /** Of the run, how much of its end nobody writes in: what came last has to become safe without help. */
  readonly quietShare: number;
  /** Near ones pass while the clients play. */
  readonly deadlines: "far" | "near";
  readonly syncs: Delays;
  readonly orders: readonly PlannedOrder[];
  /** Asked for so long before the last client has sent its last call. */
  readonly lastJob?: { readonly request: Request; readonly beforeEndMs: number };
  readonly diskFaults: readonly DiskFault[];
  /** Of the store on this disk before, each ended by a kill. */
  readonly lives: readonly DrawnLife[];
}

export type DrawnLife = Pick<EarlierLife, "lastsMs" | "scope" | "orders">;

const valueBytes = [
  { least: 0, most: 20 },
  { least: 4, most: 200 },
  { least: 100, most: 3_000 },
];

/** Why promises are suspended: what strikes the log itself (see crash-facts.ts). */
export const refusedLog = "the log is refused";

export const refusesLog = (fault: string): boolean => fault.startsWith(refusedLog);
const shortWrite = "a write is cut short";
const rotten = "rotten";
const rottenBit: DiskFault = { kind: "flip", name: rotten, when: { on: ["read"] } };

export interface SwarmRoom {
  readonly config: Config;
  readonly lastsMs: number;
  /** What the scenario asks of its worlds. */
  readonly asked: Pick<PowerCut, "troubles" | "deadlines" | "quiet" | "kills">;
}

export function drawSwarm(workload: Workload, room: SwarmRoom, random: Random): Swarm {
  const { config, lastsMs, asked } = room;
  const keepsLog = lastValue(config, "appendonly") === "yes";
  const alwaysQuiet = asked.quiet === "always";
  const quietShare = alwaysQuiet ? quietFor : random.fork("quiet").pick([0, 0, 0, quietFor]);
  // Where a run is asked to end in quiet, a job in it would be the help that the end is to do without.
  const jobs = drawJobs(keepsLog, alwaysQuiet ? lastsMs * (1 - quietFor) : lastsMs, random.fork("jobs"));
  const lastJob = drawLastJob(keepsLog, asked, random.fork("last job"));
  const switches = keepsLog ? drawSwitches(lastsMs, random.fork("switches")) : [];
  const drawn = drawWorkload(workload, random.fork("workload"));
  const diskFaults = [...drawDiskFaults(room, random.fork("disk faults")), ...drawStall(random.fork("stall"))];
  return {
    // Until the next batch attests it, what was synced and rots looks like a torn tail: nobody can promise more than that.
    workload: {
      ...drawn,
      ...(diskFaults.some(({ name }) => name === rotten) && { waitaofPercent: 0 }),
      // An expiry shows in what is written to the key afterwards: of few keys, each is met again.
      ...(asked.deadlines === "near" && { keys: keysMetAgain }),
    },
    // All at once, they would be over before their last job began.
    eagerShare: random.fork("pace").pick([0, 0, 0.3, alwaysQuiet ? 0.3 : 1]),
    syncs: drawSyncs(random.fork("syncs")),
    deadlines: asked.deadlines === "near" || random.fork("deadlines").chance(0.15) ? "near" : "far",
    orders: [...jobs, ...switches, ...drawSaverKills(jobs, random.fork("saver kills"))].sort(
      (one, other) => one.atMs - other.atMs,
    ),
    ...(lastJob !== undefined && { lastJob }),
    quietShare,
    diskFaults,
    // A start on a disk that refuses is another story: there the process dies only when the power goes.
    lives:
      asked.kills.most > 0 && !diskFaults.some(({ name }) => name === refusedLog || name === shortWrite)
        ? drawLives(keepsLog, lastsMs, random.fork("lives"))
        : [],
  };
}

const quietFor = 0.6;
const keysMetAgain = 2;

/** Knobs that hold windows open and move what happens by itself. */
export function drawDirectives(config: Config, random: Random): Config {
  const drawn: [string, string][] = [];
  if (lastValue(config, "appendonly") === "yes" && random.chance(0.4)) {
    drawn.push(["auto-aof-rewrite-min-size", random.pick(["1kb", "8kb"])], ["auto-aof-rewrite-percentage", "60"]);
  }
  if (random.chance(0.4)) drawn.push(["rdb-key-save-delay", random.pick(["200", "1500", "6000"])]);
  if (random.chance(0.2)) drawn.push(["hz", random.pick(["1", "100"])]);
  if (random.chance(0.2)) drawn.push(["rdbcompression", "no"]);
  // Who is to notice that bits rot must be left the means.
  if (random.chance(0.2) && !isHardened(config)) drawn.push(["rdbchecksum", "no"]);
  return drawn;
}

function drawWorkload(workload: Workload, random: Random): Workload {
  return {
    ...workload,
    profile: random.pick(["mixed", ...profileNames] as const),
    clients: 1 + random.below(5),
    pipeline: random.pick([1, 2, 8, 32]),
    keys: random.pick([7, 21, 60]),
    valueBytes: random.pick(valueBytes),
    databases: 1 + random.below(3),
    waitaofPercent: random.fork("waitaof").pick([0, 2, 15]),
  };
}

function drawSyncs(random: Random): Delays {
  return random.weighted<Delays>([
    [{ kind: "fixed", ms: 0 }, 1],
    [{ kind: "lognormal", medianMs: 0.5, sigma: 1, msMax: 40 }, 2],
    [{ kind: "lognormal", medianMs: 5, sigma: 0.8, msMax: 300 }, 4],
    [{ kind: "uniform", fromMs: 1, toMs: 60 }, 2],
    [{ kind: "lognormal", medianMs: 250, sigma: 0.7, msMax: 3_000 }, 2],
  ]);
}

function drawJobs(keepsLog: boolean, lastsMs: number, random: Random): PlannedOrder[] {
  const count = random.pick([0, 1, 1, 2, 4]);
  return Array.from({ length: count }, () => ({
    atMs: Math.floor(lastsMs * 0.9 * random.fraction()),
    request: [keepsLog && random.chance(0.75) ? "BGREWRITEAOF" : "BGSAVE"],
  }));
}

/** Under way when the clients fall silent: what they write meanwhile has nobody who comes after it. */
function drawLastJob(keepsLog: boolean, { quiet }: SwarmRoom["asked"], random: Random): Swarm["lastJob"] {
  if (!random.chance(quiet === "always" ? 0.8 : 0.2)) return undefined;
  const request = [keepsLog && random.chance(0.75) ? "BGREWRITEAOF" : "BGSAVE"];
  return { request, beforeEndMs: random.pick([5, 100, 3_000]) };
}

export const logOff: Request = ["CONFIG", "SET", "appendonly", "no"];
const logOn: Request = ["CONFIG", "SET", "appendonly", "yes"];

/** The log is switched off, and on again: what came meanwhile is safe when a first rewrite has made it so. */
function drawSwitches(lastsMs: number, random: Random): PlannedOrder[] {
  if (!random.chance(0.12)) return [];
  const offMs = Math.floor(lastsMs * 0.7 * random.fraction());
  return [
    { atMs: offMs, request: logOff },
    { atMs: offMs + 1 + random.below(Math.ceil(lastsMs / 4)), request: logOn },
  ];
}

function drawSaverKills(jobs: readonly PlannedOrder[], random: Random): PlannedOrder[] {
  if (jobs.length === 0 || !random.chance(0.25)) return [];
  const { atMs } = random.pick(jobs);
  return [{ atMs: atMs + random.below(30), kill: "saver" }];
}

/** Each is killed, often while a saver is at work, which may outlive it and write on beside its successor. */
function drawLives(keepsLog: boolean, lastsMs: number, random: Random): DrawnLife[] {
  const count = random.pick([0, 0, 0, 1, 1, 2]);
  return Array.from({ length: count }, () => {
    const scope = random.pick(["process", "process", "tree"] as const);
    const livesMs = 20 + random.below(Math.ceil(lastsMs / 2));
    if (random.chance(0.3)) return { lastsMs: livesMs, scope };
    const request = [keepsLog && random.chance(0.7) ? "BGREWRITEAOF" : "BGSAVE"];
    return { lastsMs: livesMs + random.below(40), scope, orders: [{ atMs: livesMs, request }] };
  });
}

function isHardened(config: Config): boolean {
  return lastValue(config, "lossbound-rewrite-unsynced") === "yes";
}

function drawDiskFaults({ config, lastsMs, asked: { troubles } }: SwarmRoom, random: Random): DiskFault[] {
  const keepsItsBytes = isHardened(config);
  if (troubles === "rot") return [rottenBit];
  return random.weighted<() => DiskFault[]>([
    [() => [], troubles === "always" ? 0 : 5],
    [() => drawTemporaryFault(random), troubles === "always" ? 1 : 2],
    [() => [drawFullDisk(lastsMs, random)], 1],
    [() => drawRefusedWrite(random), 1],
    // Only who keeps what a sync failed to cover, and knows its own bytes, promises anything then.
    [() => [drawFailedSync(random)], keepsItsBytes ? 3 : 0],
    [() => [rottenBit], keepsItsBytes ? 2 : 0],
  ])();
}

/** For a while; what is deleted makes room. */
function drawFullDisk(lastsMs: number, random: Random): DiskFault {
  const fromMs = Math.floor(lastsMs * 0.6 * random.fraction());
  const toMs = fromMs + 50 + random.below(lastsMs);
  return { kind: "full", name: refusedLog, freeBytes: random.below(20_000), window: { fromMs, toMs } };
}

/** A write is refused, or arrives in part with no room for the rest; so may the tries that follow. */
function drawRefusedWrite(random: Random): DiskFault[] {
  const first = 2 + random.below(40);
  const struck = { on: ["write"], path: "*.incr.aof" } as const;
  const last = first + 1 + random.below(2);
  const refused = { kind: "error", name: refusedLog, when: { ...struck, nth: { first: first + 1, last } } } as const;
  if (random.chance(0.3)) return [{ ...refused, code: "EIO" }];
  const short = { kind: "short", name: shortWrite, when: { ...struck, nth: { first, last: first } } } as const;
  return [
    { ...short, bytes: 1 + random.below(60) },
    { ...refused, code: "ENOSPC" },
  ];
}

function drawFailedSync(random: Random): DiskFault {
  const first = 1 + random.below(4);
  const when = { on: ["fdatasync"], path: "*.incr.aof", nth: { first, last: first + random.below(2) } } as const;
  return { kind: "error", name: refusedLog, when, code: "EIO" };
}

/** A whole file written by sevens would be thousands of crash states, and no news in any of them. */
const shortWritesMax = 12;

/** Of files that are not in force yet: what becomes of them is the store's affair, and no promise hangs on it. */
function drawTemporaryFault(random: Random): DiskFault[] {
  const path = random.pick(["temp-rewriteaof-*", "temp-*.rdb"]);
  const first = 1 + random.below(3);
  return [
    random.pick<DiskFault>([
      {
        kind: "error",
        name: "temporary file",
        when: { on: ["write"], path, nth: { first, last: first } },
        code: "EIO",
      },
      {
        kind: "short",
        name: "temporary file",
        when: { on: ["write"], path, nth: { first, last: first + shortWritesMax } },
        bytes: 7,
      },
      {
        kind: "error",
        name: "temporary file",
        when: { on: ["fdatasync"], path, nth: { first: 1, last: 1 } },
        code: "EIO",
      },
      {
        kind: "error",
        name: "temporary file",
        when: { on: ["rename"], path, nth: { first: 1, last: 1 } },
        code: "EIO",
      },
    ]),
  ];
}

/** Once, the disk holds up whoever asks, server or saver: a controller that resets, a neighbour that writes a lot. */
function drawStall(random: Random): DiskFault[] {
  if (!random.chance(0.2)) return [];
  const on = random.pick(["write", "fdatasync", "fsync", "fsyncdir", "rename"] as const);
  const nth = 1 + random.below(on === "write" ? 60 : 6);
  const ms = random.pick([40, 400, 2_500]);
  const when = { on: [on], nth: { first: nth, last: nth } };
  return [{ kind: "delay", name: "stalled disk", when, delays: { kind: "fixed", ms } }];
}
