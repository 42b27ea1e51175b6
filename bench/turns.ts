/**
 * The longest turn of the bundled store while it saves: nobody is served meanwhile. A million keys, then one value of a
 * million items each, while clients read and write the keys and change the large value:
 *
 *     BGSAVE     how long the command itself took, from INFO commandstats          at most 3 ms
 *     turn       the longest one while the snapshot is written, and without one    at most 3 ms more
 *
 *     node dist/bench/turns.js [CASES] [ITEMS]          CASES: keys,list,hash,set,zset
 *
 * Processor time is what the store took for itself, wall time what clients saw: beside other load only the first says
 * something about the store.
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { type BenchConnection, pause, Store } from "./store.ts";
import type { LongestTurn } from "./turn-watch.ts";

const cases = (process.argv[2] ?? "keys,list,hash,set,zset").split(",");
const items = Number(process.argv[3] ?? 1_000_000);
const clientCount = 8;
const text = "v".repeat(40) + "0123456789".repeat(6);

/** How an item of each case is written; of the large values, all under one key. */
const writes: Readonly<Record<string, (item: number) => string[]>> = {
  keys: (item) => ["SET", `key:${item}`, `${item}${text}`],
  list: (item) => ["RPUSH", "large", `item:${item}`],
  hash: (item) => ["HSET", "large", `field:${item}`, `value:${item}`],
  set: (item) => ["SADD", "large", `member:${item}`],
  zset: (item) => ["ZADD", "large", String(item), `member:${item}`],
};
/** How clients change it meanwhile. */
const changes: Readonly<Record<string, (item: number) => string[]>> = {
  keys: (item) => ["SET", `key:${item}`, text],
  list: (item) => (item % 2 === 0 ? ["LPUSH", "large", text] : ["RPOP", "large"]),
  hash: (item) => (item % 2 === 0 ? ["HSET", "large", `field:${item}`, text] : ["HDEL", "large", `field:${item}`]),
  set: (item) => (item % 2 === 0 ? ["SADD", "large", `more:${item}`] : ["SREM", "large", `member:${item}`]),
  zset: (item) =>
    item % 2 === 0 ? ["ZADD", "large", String(-item), `member:${item}`] : ["ZREM", "large", `member:${item}`],
};

class WatchedStore extends Store {
  private readonly file: string;

  constructor() {
    const file = path.join(process.env["TMPDIR"] ?? "/tmp", `turn-watch-${process.pid}`);
    super("bundled", ["--save", "3600 1"], {
      nodeOptions: ["--import", path.join(import.meta.dirname, "turn-watch.js")],
      environment: { TURN_WATCH_FILE: file },
    });
    this.file = file;
  }

  /** Since it was asked last. */
  async longestTurn(): Promise<LongestTurn> {
    rmSync(this.file, { force: true });
    process.kill(this.pid, "SIGUSR2");
    while (!existsSync(this.file)) await pause(2);
    const turn = JSON.parse(readFileSync(this.file, "utf8")) as LongestTurn;
    rmSync(this.file);
    return turn;
  }
}

async function fill(connection: BenchConnection, write: (item: number) => string[]): Promise<void> {
  for (let start = 0; start < items; start += 1000) {
    const answers = [];
    for (let item = start; item < Math.min(start + 1000, items); item++) answers.push(connection.ask(...write(item)));
    await Promise.all(answers);
  }
}

async function measure(name: string): Promise<string> {
  const store = new WatchedStore();
  await store.start();
  try {
    const control = await store.connect();
    await fill(control, writes[name] as (item: number) => string[]);
    const change = changes[name] as (item: number) => string[];
    let wanted = true;
    const clients = Array.from({ length: clientCount }, async () => {
      const connection = await store.connect();
      while (wanted) {
        const item = Math.floor(Math.random() * items);
        await connection.ask(...(Math.random() < 0.5 ? change(item) : ["GET", `key:${item}`]));
      }
    });
    // The first save starts its saver; what is measured is the second one, of a server that has seen one.
    await save(control);
    await pause(1000);
    await store.longestTurn();
    await pause(2000);
    const without = await store.longestTurn();
    await control.ask("CONFIG", "RESETSTAT");
    const seconds = await save(control);
    const during = await store.longestTurn();
    const callUs = /cmdstat_bgsave:.*usec_per_call=([\d.]+)/.exec(await control.ask("INFO", "commandstats"))?.[1];
    wanted = false;
    await Promise.all(clients);
    return (
      `${name.padEnd(5)} BGSAVE ${(Number(callUs) / 1000).toFixed(2)} ms, ${seconds.toFixed(2)} s; longest turn ` +
      `${shown(during)}, without a save ${shown(without)}`
    );
  } finally {
    await store.stop();
    store.dispose();
  }
}

async function save(control: BenchConnection): Promise<number> {
  const began = performance.now();
  await control.ask("BGSAVE");
  while ((await control.field("persistence", "rdb_bgsave_in_progress")) === "1") await pause(5);
  if ((await control.field("persistence", "rdb_last_bgsave_status")) !== "ok") throw new Error("BGSAVE failed");
  return (performance.now() - began) / 1000;
}

function shown({ cpuMs, wallMs }: LongestTurn): string {
  return `${cpuMs.toFixed(1)} ms of processor time (${wallMs.toFixed(1)} ms wall)`;
}

for (const name of cases) console.log(await measure(name));
process.exit(0);
