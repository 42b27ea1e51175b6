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
import { SimLink } from "../sim/sim-link.ts";
import type { SimProcess } from "../sim/sim-time.ts";
import { SimMachine } from "../sim/sim-world.ts";
import { logOff, type PlannedOrder, refusesLog } from "../swarm.ts";
import { type Exchanged, simulatedDir, startSimulated } from "../targets/simulated.ts";
import type { Config } from "../targets/target.ts";
import type { ClientPlan } from "../workload/workload.ts";
import { drive } from "./drive.ts";

/** When recordings of simulated worlds begin. */
export const recordedAtWallMs = Date.UTC(2026, 0, 1);

export interface RecordingOrder {
  /** All that is left to chance in the world comes from it. */
  readonly seed: string;
  readonly config: Config;
  readonly clients: readonly ClientPlan[];
  readonly fault: PlannedPowerCut;
  /** What the disk holds before the store starts, all of it durable. Absent: nothing. */
  readonly image?: Image;
  readonly exchanged: Exchanged;
}

/** The store was gone before its time: whatever that is, it is not what was to be recorded. */
export class EndedEarly extends Error {
  override readonly name = "EndedEarly";
}

export async function recordSimulated({
  seed,
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
    wallAtStartMs: recordedAtWallMs,
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
  for (const each of diskFaultsOf(fault)) disk.arm(each, seed);
  let store = startSimulated(machine, config, exchanged);
  await drive(machine, () => store.isReady() || !store.process.isAlive);
  if (!store.process.isAlive) {
    // A disk that refuses at the start ends the store: it is healed, and the store started again, as its owner would.
    for (const { name } of fault.diskFaults ?? []) disk.disarm(name);
    store = startSimulated(machine, config, exchanged);
    await drive(machine, () => store.isReady() || !store.process.isAlive);
  }
  const { process } = store;
  mustLive();
  const { clock } = machine;
  const players = new SimClients(clock, machine.net, () => undefined);
  players.play(clients);
  const logOffNs: StampNs[] = [];
  giveOrders(machine, process, ordersOf(fault), (order) => {
    if ("request" in order && order.request.join(" ") === logOff.join(" ")) logOffNs.push(clock.stamp());
  });
  let isOver = false;
  clock.after(fault.lastsMs, () => {
    isOver = true;
  });
  await drive(machine, () => isOver || !process.isAlive);
  // Of a disk that refuses a store may have to die: what it leaves then is judged as if the power had gone.
  if (!fault.diskFaults?.some(({ name }) => refusesLog(name))) mustLive();
  const endNs = clock.stamp();
  machine.kill(process, "tree");
  return {
    journal: disk.journal,
    history: gatherHistory(players.entries),
    endNs,
    savesBegunNs,
    logOffNs,
    digest: digestOf(disk.journal, players.entries, net.digest("hex")),
  };

  function mustLive(): void {
    if (process.isAlive) return;
    const how = process.ending?.signal ?? `exit code ${process.ending?.exitCode}`;
    throw new EndedEarly(`the store ended by itself with ${how}: ${process.log.slice(-3).join(" ⏎ ")}`);
  }
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

/** Over a connection of the harness's own; a refusal is an answer too, for a rewrite may be under way already. */
function giveOrders(
  machine: SimMachine,
  server: SimProcess,
  orders: readonly PlannedOrder[],
  given: (order: PlannedOrder) => void,
): void {
  const connection = orders.length === 0 ? undefined : machine.net.connect();
  const link = connection && new SimLink(connection, () => undefined);
  for (const order of orders) {
    machine.clock.after(order.atMs, () => {
      const [saver] = machine.saversOf(server);
      given(order);
      if ("request" in order) link?.send([{ requests: [order.request], done: () => undefined }]);
      else if (saver !== undefined) machine.killSaver(saver);
    });
  }
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
