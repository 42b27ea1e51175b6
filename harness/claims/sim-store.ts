/**
 * A store in the simulated world that is talked to: for claims about what it does when, where sixteen minutes pass in a
 * moment.
 *
 *     SimStore.start(config) ─▶ send … pass … send ─▶ files()      what is on its disk now
 *                                    └ kill, startAgain            the same disk, another process
 */
import type { DiskFault } from "../disk/disk-fault.ts";
import type { Image } from "../disk/image.ts";
import type { Reply, Request } from "../recording/history.ts";
import type { Journal } from "../recording/journal.ts";
import { SimDisk } from "../sim/sim-disk.ts";
import { SimRespClient } from "../sim/sim-link.ts";
import { SimMachine } from "../sim/sim-world.ts";
import { drive, driveUntil, withDeadPromises } from "../simulated/drive.ts";
import { recordedAtWallMs } from "../simulated/record.ts";
import { type SimulatedStore, simulatedDir, startSimulated } from "../targets/simulated.ts";
import type { Config } from "../targets/target.ts";

export interface SimStoreOptions {
  /** What its disk holds before; absent: nothing. */
  readonly image?: Image;
  /** False: there is no further process to be had. */
  readonly mayFork?: boolean;
}

/** The store did not start; its last words. */
export class DidNotStart extends Error {
  override readonly name = "DidNotStart";
}

export class SimStore {
  /** Seconds since the store was made at which children began to write. */
  readonly snapshotsBegunS: number[] = [];
  readonly rewritesBegunS: number[] = [];
  private readonly machine: SimMachine;
  private readonly disk: SimDisk;
  private store: SimulatedStore | undefined;
  private client: SimRespClient | undefined;

  private constructor({ image = new Map(), mayFork = true }: SimStoreOptions) {
    const machine: SimMachine = new SimMachine({
      seed: "claim",
      wallAtStartMs: recordedAtWallMs,
      mayFork: () => mayFork,
      saverBegan: (_, { kind }) => {
        (kind === "rdb" ? this.snapshotsBegunS : this.rewritesBegunS).push(this.nowS);
      },
    });
    this.machine = machine;
    this.disk = SimDisk.with(image, {
      time: machine.clock,
      dir: simulatedDir,
      kill: (strike) => machine.strike(strike),
    });
    machine.attach(this.disk);
  }

  /** Runs a story with a store that serves, and ends it. @throws DidNotStart */
  static async during<T>(
    config: Config,
    story: (store: SimStore) => Promise<T>,
    options: SimStoreOptions = {},
  ): Promise<T> {
    return withDeadPromises(async () => {
      const store = new SimStore(options);
      try {
        await store.start(config);
        return await story(store);
      } finally {
        store.kill();
      }
    });
  }

  get nowS(): number {
    return this.machine.clock.nowNs() / 1e9;
  }

  get journal(): Journal {
    return this.disk.journal;
  }

  /** A fresh process on the disk as it is. @throws DidNotStart */
  async start(config: Config): Promise<void> {
    const store = startSimulated(this.machine, config);
    await drive(this.machine, () => store.isReady() || !store.process.isAlive);
    if (!store.isReady()) throw new DidNotStart(store.process.log.at(-1) ?? "it said nothing");
    const connection = this.machine.net.connect();
    if (connection === undefined) throw new DidNotStart("nobody listens");
    this.store = store;
    this.client = new SimRespClient(connection);
  }

  /** SIGKILL; the page cache survives. */
  kill(): void {
    if (this.store?.process.isAlive) this.machine.kill(this.store.process, "tree");
  }

  async shutdown(): Promise<void> {
    const { store, client } = this;
    if (store === undefined || client === undefined) throw new Error("nobody runs");
    client.send(["SHUTDOWN"]).catch(() => undefined);
    await drive(this.machine, () => !store.process.isAlive);
  }

  async send(...request: Request): Promise<Reply> {
    const [reply] = await this.sendAll([request]);
    return reply as Reply;
  }

  /** In one piece. */
  async sendAll(requests: readonly Request[]): Promise<readonly Reply[]> {
    const { client } = this;
    if (client === undefined) throw new Error("nobody runs");
    const replies = client.together(() => requests.map((request) => client.send(request)));
    return driveUntil(this.machine, Promise.all(replies));
  }

  /** So many changes of keys that were not there. */
  async change(count: number): Promise<void> {
    const at = this.nowS;
    const members = Array.from({ length: count }, (_, index) => `m${index}`);
    if (count > 0) await this.send("SADD", `changes ${at}`, ...members);
  }

  async passSeconds(seconds: number): Promise<void> {
    let isOver = false;
    this.machine.clock.after(seconds * 1_000, () => {
      isOver = true;
    });
    await drive(this.machine, () => isOver);
  }

  async untilS(second: number): Promise<void> {
    if (second > this.nowS) await this.passSeconds(second - this.nowS);
  }

  /** One field of INFO. */
  async info(field: string): Promise<string> {
    const reply = await this.send("INFO", "everything");
    const text = reply.kind === "string" ? reply.value : "";
    const line = text.split("\r\n").find((each) => each.startsWith(`${field}:`));
    if (line === undefined) throw new Error(`INFO says nothing of ${field}`);
    return line.slice(field.length + 1);
  }

  async count(): Promise<number> {
    const reply = await this.send("DBSIZE");
    return reply.kind === "integer" ? reply.value : Number.NaN;
  }

  files(): Promise<Image> {
    return this.disk.image();
  }

  arm(fault: DiskFault): void {
    this.disk.arm(fault, "claim");
  }

  heal(name: string): void {
    this.disk.disarm(name);
  }
}

/** The bytes of one file as text; undefined when it is not there. */
export function textOf(image: Image, path: string): string | undefined {
  const node = image.get(path);
  return node?.kind === "file" ? Buffer.from(node.bytes).toString("latin1") : undefined;
}

export function namesOf(image: Image): string[] {
  return [...image].flatMap(([path, { kind }]) => (kind === "file" ? [path] : []));
}
