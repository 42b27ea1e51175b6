/**
 * Records one run of the bundled store in a simulated world: history and journal, numbered by one counter.
 *
 *     plan ─▶ machine, disk, faults ─▶ server serves ─▶ clients play, orders are given ─▶ killed ─▶ recording
 *             └──────────────────────────── the same bytes for the same plan, anywhere ───────────────┘
 */
import { createHash } from "node:crypto";
import type { DiskFault } from "../disk/disk-fault.ts";
import type { Image } from "../disk/image.ts";
import type { PlannedPowerCut } from "../plan.ts";
import { gatherHistory, type HistoryEntry } from "../recording/history.ts";
import type { Journal } from "../recording/journal.ts";
import type { Recording } from "../recording/recording.ts";
import type { StampNs } from "../recording/stamp.ts";
import { SimClients } from "../sim/sim-clients.ts";
import { SimDisk } from "../sim/sim-disk.ts";
import { SimMachine } from "../sim/sim-world.ts";
import { logOff, type PlannedOrder, refusesLog } from "../swarm.ts";
import { type Exchanged, type SimulatedStore, simulatedDir, startSimulated } from "../targets/simulated.ts";
import type { Config } from "../targets/target.ts";
import type { ClientPlan } from "../workload/workload.ts";
import { drive } from "./drive.ts";
import { giveOrders, mustLive, SimLives } from "./sim-lives.ts";

/** When recordings of simulated worlds begin. */
export const recordedAtWallMs = Date.UTC(2026, 0, 1);

/** And that of a later link of a chain: time goes forward, and what was to expire soon in the one before has. */
export const linkAtWallMs = (link: number): number => recordedAtWallMs + link * 3_600_000;

export interface RecordingOrder {
  /** All that is left to chance in the world comes from it. */
  readonly seed: string;
  /** Milliseconds since 1970 at stamp 0. */
  readonly wallAtStartMs: number;
  readonly config: Config;
  readonly clients: readonly ClientPlan[];
  readonly fault: PlannedPowerCut;
  /** What the disk holds before the store starts, all of it durable. Absent: nothing. */
  readonly image?: Image;
  readonly exchanged: Exchanged;
}

export async function recordSimulated({
  seed,
  wallAtStartMs,
  config,
  clients,
  fault,
  image,
  exchanged,
}: RecordingOrder): Promise<Recording> {
  const net = createHash("sha256");
  const savesBegunNs: StampNs[] = [];
  const machine: SimMachine = new SimMachine({
    seed,
    wallAtStartMs,
    netTrace: (stampNs, connection, side, bytes) => net.update(`${stampNs} ${connection} ${side} ${bytes}\n`, "latin1"),
    saverBegan: (_, job) => {
      if (job.kind === "rdb") savesBegunNs.push(machine.clock.nowNs());
    },
  });
  const disk = SimDisk.with(image ?? new Map(), {
    time: machine.clock,
    dir: simulatedDir,
    kill: (strike) => machine.strike(strike),
  });
  machine.attach(disk);
  if (fault.preload !== undefined) throw new Error("a store in the simulated world begins empty: nothing fills it");
  for (const each of diskFaultsOf(fault)) disk.arm(each, seed);
  const players = new SimClients(machine.clock, machine.net, () => undefined);
  const lives = new SimLives(machine, players, async () => {
    const store = await started(machine, config, exchanged);
    if (store.process.isAlive) return store;
    // A disk that refuses at the start ends the store: it is healed, and the store started again, as its owner would.
    if (fault.diskFaults?.some(({ kind }) => kind !== "flip") !== true) return store;
    for (const { name } of fault.diskFaults) disk.disarm(name);
    return started(machine, config, exchanged);
  });
  let firstClient = clients.length;
  for (const life of fault.killed ?? []) {
    await lives.playToItsKill(life, firstClient);
    firstClient += life.clients.length;
  }
  const store = await lives.begin();
  const logOffNs: StampNs[] = [];
  if (store !== undefined) {
    players.play(clients, 0);
    giveOrders(machine, store.process, ordersOf(fault), (order) => {
      if ("request" in order && order.request.join(" ") === logOff.join(" ")) logOffNs.push(machine.clock.stamp());
    });
    await lives.lasts(fault.lastsMs, store);
    // Of a disk that refuses a store may have to die: what it leaves then is judged as if the power had gone.
    if (!fault.diskFaults?.some(({ name }) => refusesLog(name))) mustLive(store);
  }
  const endNs = machine.clock.stamp();
  if (store !== undefined) machine.kill(store.process, "tree");
  return {
    journal: disk.journal,
    history: gatherHistory(players.entries),
    endNs,
    savesBegunNs,
    logOffNs,
    ...(lives.kills.length > 0 && { kills: lives.kills }),
    digest: digestOf(disk.journal, players.entries, net.digest("hex")),
  };
}

/** It serves, or it has ended. */
async function started(machine: SimMachine, config: Config, exchanged: Exchanged): Promise<SimulatedStore> {
  const store = startSimulated(machine, config, exchanged);
  await drive(machine, () => store.isReady() || !store.process.isAlive);
  return store;
}

function diskFaultsOf({ syncs, diskFaults = [] }: PlannedPowerCut): readonly DiskFault[] {
  // Bits rot once the run is over, see rot-recoverer.ts.
  const struck = diskFaults.filter(({ kind }) => kind !== "flip");
  if (syncs === undefined) return struck;
  const slow = { kind: "delay", name: "slow syncs", when: { on: ["fsync", "fdatasync", "fsyncdir"] } } as const;
  return [{ ...slow, delays: syncs }, ...struck];
}

function ordersOf({ job, jobsAtMs, orders = [] }: PlannedPowerCut): PlannedOrder[] {
  const request = [job === "rewrite" ? "BGREWRITEAOF" : "BGSAVE"];
  return [...jobsAtMs.map((atMs) => ({ atMs, request })), ...orders];
}

/** W4: bytes, stamps, history and network. */
function digestOf(journal: Journal, entries: readonly HistoryEntry[], net: string): string {
  const hash = createHash("sha256");
  for (const record of journal.records) {
    hash.update(`${JSON.stringify(record)}\n`);
    if (record.kind === "write") hash.update(journal.bytes(record));
  }
  for (const entry of entries) hash.update(`${JSON.stringify(entry)}\n`);
  return hash.update(net).digest("hex");
}
