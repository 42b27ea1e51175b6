/**
 * The lives of a store within one simulated recording, as `explore/lives.ts` has them for a real process: it dies, alone or
 * with its savers (S8), is started again on the same disk in the same place, and the recording goes on. What was pending
 * stays pending (S7), and a saver that was left behind goes on writing beside its parent's successor.
 *
 *     life 1   ▮▮▮▮▮▮ BGSAVE ▮✗
 *     saver              ▮▮▮▮▮▮▮▮▮▮▮ …            an orphan, where the process died alone
 *     life 2                   start ─ read back ─ ▮▮▮▮▮▮▮▮      the power is cut at every moment of all of it
 */
import type { EarlierLife } from "../plan.ts";
import type { KillSeen } from "../recording/recording.ts";
import { readBack } from "../recover/read-back.ts";
import type { SimClients } from "../sim/sim-clients.ts";
import { SimLink, SimRespClient } from "../sim/sim-link.ts";
import type { SimProcess } from "../sim/sim-time.ts";
import type { SimMachine } from "../sim/sim-world.ts";
import type { PlannedOrder } from "../swarm.ts";
import type { SimulatedStore } from "../targets/simulated.ts";
import { drive, driveUntil } from "./drive.ts";

/** The store was gone before its time: whatever that is, it is not what was to be recorded. */
export class EndedEarly extends Error {
  override readonly name = "EndedEarly";
}

type Killed = Pick<KillSeen, "atNs" | "scope" | "orphans">;

export class SimLives {
  readonly kills: KillSeen[] = [];
  readonly #machine: SimMachine;
  readonly #players: SimClients;
  readonly #start: () => Promise<SimulatedStore>;
  #killed: Killed | undefined;
  #hasRefused = false;

  /** @param start on the machine's disk as it is; what it gives serves, or has ended. */
  constructor(machine: SimMachine, players: SimClients, start: () => Promise<SimulatedStore>) {
    this.#machine = machine;
    this.#players = players;
    this.#start = start;
  }

  /**
   * Starts the store, and notes down what it serves when it was killed before.
   * @returns undefined when it does not start any more: then the recording ends there, and has that crash state.
   */
  async begin(): Promise<SimulatedStore | undefined> {
    if (this.#hasRefused) return undefined;
    const store = await this.#start();
    if (this.#killed === undefined) {
      mustLive(store);
      return store;
    }
    if (store.process.isAlive) {
      this.kills.push(await this.#servedAfter(this.#killed));
      return store;
    }
    this.#hasRefused = true;
    return undefined;
  }

  /** @param firstClient the number of its first client. @throws EndedEarly */
  async playToItsKill(life: EarlierLife, firstClient: number): Promise<void> {
    const store = await this.begin();
    if (store === undefined) return;
    this.#players.play(life.clients, firstClient);
    giveOrders(this.#machine, store.process, life.orders ?? []);
    await this.lasts(life.lastsMs, store);
    mustLive(store);
    const { scope = "tree" } = life;
    const atNs = this.#machine.clock.stamp();
    const savers = this.#machine.saversOf(store.process);
    this.#machine.kill(store.process, scope);
    this.#killed = { atNs, scope, orphans: savers.filter(({ isAlive }) => isAlive).map(({ pid }) => pid) };
  }

  async lasts(ms: number, { process }: SimulatedStore): Promise<void> {
    let isOver = false;
    this.#machine.clock.after(ms, () => {
      isOver = true;
    });
    await drive(this.#machine, () => isOver || !process.isAlive);
  }

  async #servedAfter(killed: Killed): Promise<KillSeen> {
    const connection = this.#machine.net.connect();
    if (connection === undefined) throw new Error("nobody listens");
    const client = new SimRespClient(connection);
    const reading = readBack(client, () => this.#machine.clock.wallMs());
    const { state: served, readAtWallMs, deadlineErrorMs } = await driveUntil(this.#machine, reading);
    client.close();
    return { ...killed, served, readAtWallMs, deadlineErrorMs };
  }
}

/** @throws EndedEarly */
export function mustLive({ process }: SimulatedStore): void {
  if (process.isAlive) return;
  const how = process.ending?.signal ?? `exit code ${process.ending?.exitCode}`;
  throw new EndedEarly(`the store ended by itself with ${how}: ${process.log.slice(-3).join(" ⏎ ")}`);
}

/** Over a connection of the harness's own; a refusal is an answer too, for a rewrite may be under way already. */
export function giveOrders(
  machine: SimMachine,
  server: SimProcess,
  orders: readonly PlannedOrder[],
  given: (order: PlannedOrder) => void = () => undefined,
): void {
  const connection = orders.length === 0 ? undefined : machine.net.connect();
  const link = connection && new SimLink(connection, () => undefined);
  for (const order of orders) {
    machine.clock.after(order.atMs, () => {
      if (!server.isAlive) return;
      const [saver] = machine.saversOf(server);
      given(order);
      if ("request" in order) link?.send([{ requests: [order.request], done: () => undefined }]);
      else if (saver !== undefined) machine.killSaver(saver);
    });
  }
}
