/**
 * The lives of a store within one recording: the process dies, is started again on the same disk, and the recording goes
 * on. What was pending when it died is pending still (S7): a kill settles nothing, and an image laid down afresh would.
 *
 *     life 1   ▮▮▮▮▮▮▮✗
 *     life 2            start ─ read back ─ ▮▮▮▮▮▮✗
 *     life 3                                        start ─ read back ─ ▮▮▮▮▮▮▮▮▮     the power is cut at every moment
 *     journal  w·w▷w·◁w·w ···················w▷·w◁·w ···················w·w▷·w·◁·w    of all of it
 *
 * Clients of a later life are other clients, with keys and numbers of their own.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { StoreEndedEarly } from "../faults/fault.ts";
import type { EarlierLife } from "../plan.ts";
import type { HistoryWriter } from "../recording/history-file.ts";
import type { KillSeen } from "../recording/recording.ts";
import type { StampClock, StampNs } from "../recording/stamp.ts";
import { readBack } from "../recover/read-back.ts";
import { type Instance, RefusedToStart } from "../targets/target.ts";
import { Driver, type Recorder } from "../workload/driver.ts";

export interface LivesOrder {
  /** On the same disk each time. */
  readonly start: () => Promise<Instance>;
  /** What is done in the first life before its clients come. */
  readonly atFirst: (instance: Instance) => Promise<void>;
  readonly clock: StampClock;
  readonly file: HistoryWriter;
}

export class Lives {
  private readonly order: LivesOrder;
  private readonly seen: KillSeen[] = [];
  private killedNs: StampNs | undefined;
  private calls = 0;
  private hasRefused = false;

  constructor(order: LivesOrder) {
    this.order = order;
  }

  /** Each with what the life after it served. */
  get kills(): readonly KillSeen[] {
    return this.seen;
  }

  /** Where the recording ends if no further life has begun: at the last kill. */
  get endNs(): StampNs {
    return this.killedNs ?? 0;
  }

  /**
   * Starts the store, and notes down what it serves when it was killed before.
   * @returns undefined when it does not start any more: then the recording ends with the kill, and has that crash state.
   */
  async begin(): Promise<Instance | undefined> {
    if (this.hasRefused) return undefined;
    try {
      const instance = await this.order.start();
      if (this.killedNs === undefined) await this.order.atFirst(instance);
      else this.seen.push(await servedAfter(this.killedNs, instance));
      return instance;
    } catch (error) {
      if (this.killedNs === undefined || !(error instanceof RefusedToStart)) throw error;
      this.hasRefused = true;
      return undefined;
    }
  }

  /** @param firstClient the number of its first client. @throws StoreEndedEarly */
  async playToItsKill(life: EarlierLife, firstClient: number): Promise<void> {
    const instance = await this.begin();
    if (instance === undefined) return;
    try {
      const clients = await Promise.all(life.clients.map(({ protocol }) => instance.connect({ protocol })));
      const driver = new Driver(clients, life.clients, this.recorder(firstClient));
      await Promise.race([sleep(life.lastsMs, undefined, { ref: false }), instance.ended]);
      if (instance.ending() !== undefined) {
        throw new StoreEndedEarly(`the store ended by itself: ${instance.lastLogLines(3).join(" ⏎ ")}`);
      }
      driver.stop();
      this.killedNs = this.order.clock.now();
      await instance.kill("tree");
      await driver.settle();
      this.calls += driver.counts().invoked;
    } finally {
      await instance.dispose();
    }
  }

  /** For the driver of the next life. */
  recorder(firstClient: number): Recorder {
    const { clock, file } = this.order;
    return { clock, file, first: { client: firstClient, id: this.calls } };
  }
}

async function servedAfter(atNs: StampNs, instance: Instance): Promise<KillSeen> {
  const client = await instance.connect();
  const { state, readAtWallMs, deadlineErrorMs } = await readBack(client);
  client.close();
  return { atNs, scope: "tree", orphans: [], served: state, readAtWallMs, deadlineErrorMs };
}
