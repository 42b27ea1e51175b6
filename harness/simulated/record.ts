/**
 * Records one run of the bundled store in a simulated world: history and journal, numbered by one counter.
 *
 *     plan ─▶ machine, disk, faults ─▶ server serves ─▶ clients play, orders are given ─▶ a quiet tail ─▶ killed ─▶ recording
 */
import { createHash } from "node:crypto";
import { correctParts, type Parts } from "../../server/parts.ts";
import type { SaveJob } from "../../server/world/world.ts";
import type { DiskFault } from "../disk/disk-fault.ts";
import type { Image } from "../disk/image.ts";
import type { RecordedRun, Stretch } from "../explore/recorded-run.ts";
import type { Save } from "../oracle/evidence.ts";
import { gatherHistory, type HistoryEntry, type Request } from "../recording/history.ts";
import type { Journal } from "../recording/journal.ts";
import type { StampNs } from "../recording/stamp.ts";
import { SimClients } from "../sim/sim-clients.ts";
import { SimDisk } from "../sim/sim-disk.ts";
import { SimLink } from "../sim/sim-link.ts";
import type { SimProcess } from "../sim/sim-time.ts";
import { SimMachine } from "../sim/sim-world.ts";
import { simulatedDir, startSimulated } from "../targets/simulated.ts";
import type { Config } from "../targets/target.ts";
import type { ClientPlan } from "../workload/workload.ts";
import { drive } from "./drive.ts";

/** When recordings of simulated worlds begin. */
export const recordedAtWallMs = Date.UTC(2026, 0, 1);

export interface SimulatedPlan {
  readonly seed: string;
  readonly config: Config;
  readonly clients: readonly ClientPlan[];
  /** What the harness itself asks of the store. */
  readonly orders: readonly Order[];
  /** Armed before the store starts, or later. */
  readonly faults: readonly DiskFault[];
  /** How long the store lives on when the last client is done. */
  readonly tailMs: number;
}

export interface Order {
  readonly afterAcks: number;
  readonly delayMs: number;
  readonly request: Request | "kill saver";
}

/** So long, in the world's own time, may a run last that should have ended. */
const virtualMsMax = 3_600_000;

export async function recordSimulated(
  plan: SimulatedPlan,
  image: Image = new Map(),
  parts: Parts = correctParts,
): Promise<RecordedRun & { readonly log: readonly string[] }> {
  const net = createHash("sha256");
  const saves: { saver: SimProcess; job: SaveJob; startedNs: StampNs }[] = [];
  const machine: SimMachine = new SimMachine({
    seed: plan.seed,
    wallAtStartMs: recordedAtWallMs,
    netTrace: (stampNs, connection, side, bytes) => net.update(`${stampNs} ${connection} ${side} ${bytes}\n`, "latin1"),
    saverBegan: (saver, job) => saves.push({ saver, job, startedNs: machine.clock.nowNs() }),
  });
  const disk = SimDisk.with(image, { time: machine.clock, dir: simulatedDir, kill: (strike) => machine.strike(strike) });
  machine.attach(disk);
  for (const fault of plan.faults) disk.arm(fault, plan.seed);
  const store = startSimulated(machine, plan.config, parts);
  await drive(machine, () => store.isReady() || !store.process.isAlive);
  const orders = new Orders(machine, store.process, plan.orders);
  const clients: SimClients = new SimClients(machine.clock, machine.net, () => orders.acked(clients.acked));
  clients.play(plan.clients);
  orders.acked(0);
  const untilNs = machine.clock.nowNs() + virtualMsMax * 1e6;
  await drive(machine, () => clients.areDone || !store.process.isAlive || machine.clock.nowNs() > untilNs);
  let isOver = false;
  machine.clock.after(plan.tailMs, () => {
    isOver = true;
  });
  await drive(machine, () => isOver);
  const endNs = machine.clock.stamp();
  const log = [...store.process.log];
  machine.kill(store.process, "tree");
  const { journal } = disk;
  return {
    journal,
    history: gatherHistory(clients.entries),
    endNs,
    saves: saves.flatMap((save) => (save.job.kind === "rdb" ? [saveOf(save, journal)] : [])),
    suspensions: [],
    stretches: stretchesOf(saves, journal, endNs),
    digest: digestOf(journal, clients.entries, net.digest("hex")),
    log,
  };
}

class Orders {
  readonly #machine: SimMachine;
  readonly #server: SimProcess;
  #waiting: readonly Order[];
  #link: SimLink | undefined;

  constructor(machine: SimMachine, server: SimProcess, orders: readonly Order[]) {
    this.#machine = machine;
    this.#server = server;
    this.#waiting = orders;
  }

  acked(count: number): void {
    const due = this.#waiting.filter(({ afterAcks }) => afterAcks <= count);
    if (due.length === 0) return;
    this.#waiting = this.#waiting.filter((order) => !due.includes(order));
    for (const order of due) this.#machine.clock.after(order.delayMs, () => this.#give(order));
  }

  #give({ request }: Order): void {
    if (request === "kill saver") {
      const [saver] = this.#machine.saversOf(this.#server);
      if (saver !== undefined) this.#machine.killSaver(saver);
      return;
    }
    const connection = this.#link === undefined ? this.#machine.net.connect() : undefined;
    if (connection !== undefined) this.#link = new SimLink(connection, () => undefined);
    // A refusal is an answer too: a rewrite may be under way already.
    this.#link?.send([{ requests: [request], done: () => undefined }]);
  }
}

/** Complete when the folder was synced after the file had taken its name. */
function saveOf({ saver, startedNs }: { saver: SimProcess; startedNs: StampNs }, journal: Journal): Save {
  const { records } = journal;
  const renamed = records.findIndex(
    (record) => record.kind === "rename" && record.fromPath.endsWith(`temp-${saver.pid}.rdb`),
  );
  const record = records[renamed];
  if (record?.kind !== "rename") return { startedNs };
  const synced = records.find(
    (later) => later.kind === "sync-end" && later.ok && later.inode === record.parent && later.start > renamed,
  );
  return synced === undefined ? { startedNs } : { startedNs, completedNs: synced.stampNs };
}

function stretchesOf(
  saves: readonly { saver: SimProcess; job: SaveJob; startedNs: StampNs }[],
  journal: Journal,
  endNs: StampNs,
): Stretch[] {
  return saves.map(({ saver, job, startedNs }) => {
    const last = journal.records.findLast((record) => record.tid === saver.pid);
    return { name: job.kind === "rdb" ? "bgsave" : "rewrite", startNs: startedNs, endNs: last?.stampNs ?? endNs };
  });
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
