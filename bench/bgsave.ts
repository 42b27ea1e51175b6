/**
 * BGSAVE of a million keys of 100 bytes while clients read and write, the bundled store beside redis-server, alternated:
 *
 *     time       from the command to rdb_bgsave_in_progress:0        bundled / redis-server at most 1.0
 *     stall      the longest answer to a PING meanwhile              bundled at most 3 ms more than without a save
 *     memory     what the store's resident memory grew by            bundled at most 32 MB
 *
 *     node dist/bench/bgsave.js [PAIRS] [KEYS]
 */
import { type BenchConnection, median, pause, Store, type StoreName } from "./store.ts";

const pairs = Number(process.argv[2] ?? 3);
const keys = Number(process.argv[3] ?? 1_000_000);
const clientCount = 50;
const value = "v".repeat(40) + "0123456789".repeat(6);

interface Measured {
  readonly seconds: number;
  readonly replyMs: number;
  readonly stallMs: number;
  readonly quietStallMs: number;
  readonly keptShare: number;
  readonly memoryMb: number;
}

async function measure(name: StoreName): Promise<Measured> {
  const store = new Store(name, ["--save", "3600 1"]);
  await store.start();
  try {
    const control = await store.connect();
    await fill(control);
    const load = new Load(await Promise.all(Array.from({ length: clientCount }, () => store.connect())));
    const probe = new Probe(await store.connect());
    await pause(500);
    load.begin();
    probe.begin();
    await pause(2000);
    const before = load.end();
    const quietStallMs = probe.end();
    const memoryBefore = store.memoryBytes();
    let memoryPeak = memoryBefore;

    load.begin();
    probe.begin();
    const began = performance.now();
    await control.ask("BGSAVE");
    const replyMs = performance.now() - began;
    while ((await control.field("persistence", "rdb_bgsave_in_progress")) === "1") {
      memoryPeak = Math.max(memoryPeak, store.memoryBytes());
      await pause(5);
    }
    const seconds = (performance.now() - began) / 1000;
    const during = load.end();
    const stallMs = probe.end();
    if ((await control.field("persistence", "rdb_last_bgsave_status")) !== "ok") throw new Error("BGSAVE failed");
    await load.stop();
    const memoryMb = (memoryPeak - memoryBefore) / 2 ** 20;
    return { seconds, replyMs, stallMs, quietStallMs, keptShare: during / before, memoryMb };
  } finally {
    await store.stop();
    store.dispose();
  }
}

async function fill(connection: BenchConnection): Promise<void> {
  for (let start = 0; start < keys; start += 1000) {
    const answers = [];
    for (let key = start; key < start + 1000; key++)
      answers.push(connection.ask("SET", `key:${key}`, `${key}${value}`));
    await Promise.all(answers);
  }
}

/** Clients that set and get by turns, one request at a time each. */
class Load {
  private readonly connections: readonly BenchConnection[];
  private running: Promise<unknown> | undefined;
  private wanted = true;
  private count = 0;
  private beganMs = 0;

  constructor(connections: readonly BenchConnection[]) {
    this.connections = connections;
  }

  begin(): void {
    this.running ??= Promise.all(this.connections.map((connection) => this.run(connection)));
    this.count = 0;
    this.beganMs = performance.now();
  }

  /** Requests a second since `begin`. */
  end(): number {
    return (this.count / (performance.now() - this.beganMs)) * 1000;
  }

  async stop(): Promise<void> {
    this.wanted = false;
    await this.running;
  }

  private async run(connection: BenchConnection): Promise<void> {
    while (this.wanted) {
      const key = `key:${Math.floor(Math.random() * keys)}`;
      await (Math.random() < 0.5 ? connection.ask("SET", key, value) : connection.ask("GET", key));
      this.count++;
    }
  }
}

/** Asks all the time, and notes the longest answer. */
class Probe {
  private readonly connection: BenchConnection;
  private isOn = false;
  private longestMs = 0;

  constructor(connection: BenchConnection) {
    this.connection = connection;
  }

  begin(): void {
    this.longestMs = 0;
    if (this.isOn) return;
    this.isOn = true;
    void this.run();
  }

  end(): number {
    this.isOn = false;
    return this.longestMs;
  }

  private async run(): Promise<void> {
    while (this.isOn) {
      const began = performance.now();
      await this.connection.ask("PING");
      this.longestMs = Math.max(this.longestMs, performance.now() - began);
    }
  }
}

const all: Record<StoreName, Measured[]> = { bundled: [], "redis-server": [] };
for (let pair = 0; pair < pairs; pair++) {
  for (const name of ["bundled", "redis-server"] as const) {
    const one = await measure(name);
    all[name].push(one);
    console.log(
      `${name.padEnd(13)} ${one.seconds.toFixed(2)} s, reply ${one.replyMs.toFixed(1)} ms, longest PING ` +
        `${one.stallMs.toFixed(1)} ms (without a save ${one.quietStallMs.toFixed(1)} ms), throughput kept ` +
        `${(one.keptShare * 100).toFixed(0)} %, memory +${one.memoryMb.toFixed(0)} MB`,
    );
  }
}
const of = (name: StoreName, pick: (one: Measured) => number) => median(all[name].map(pick));
const ratio = of("bundled", ({ seconds }) => seconds) / of("redis-server", ({ seconds }) => seconds);
console.log(`time ratio ${ratio.toFixed(2)} (at most 1.00)`);
console.log(
  `stall ${of("bundled", ({ stallMs }) => stallMs).toFixed(1)} ms (redis-server ${of("redis-server", ({ stallMs }) => stallMs).toFixed(1)} ms)`,
);
console.log(`memory +${of("bundled", ({ memoryMb }) => memoryMb).toFixed(0)} MB (at most 32 MB)`);
process.exit(0);
