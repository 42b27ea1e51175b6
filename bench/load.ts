/**
 * The start with a million keys, the bundled store beside redis-server, alternated, each on files of its own making:
 *
 *     rdb    from the start of the process to PONG without LOADING, from dump.rdb     at least 0.55 of redis-server's speed
 *     aof    the same, from a log of commands alone                                    at least 1.0
 *
 *     node dist/bench/load.js [PAIRS] [KEYS]
 */
import { type BenchConnection, median, Store, type StoreName } from "./store.ts";

const pairs = Number(process.argv[2] ?? 3);
const keys = Number(process.argv[3] ?? 1_000_000);
const value = "v".repeat(40) + "0123456789".repeat(6);
const atOnce = 1000;

const kinds = {
  rdb: { options: ["--save", ""], limit: 0.55 },
  aof: {
    options: ["--save", "", "--appendonly", "yes", "--auto-aof-rewrite-percentage", "0", "--appendfsync", "no"],
    limit: 1,
  },
};
type Kind = keyof typeof kinds;

async function fill(connection: BenchConnection): Promise<void> {
  for (let start = 0; start < keys; start += atOnce) {
    const answers = [];
    for (let key = start; key < Math.min(start + atOnce, keys); key++) {
      answers.push(connection.ask("SET", `key:${key}`, `${key}${value}`));
    }
    await Promise.all(answers);
  }
}

/** A store that has its files, and is down. */
async function made(name: StoreName, kind: Kind): Promise<Store> {
  const store = new Store(name, kinds[kind].options);
  await store.start();
  const connection = await store.connect();
  await fill(connection);
  if (kind === "rdb") await connection.ask("SAVE");
  await store.stop();
  return store;
}

async function loadSeconds(store: Store): Promise<number> {
  const began = performance.now();
  await store.start();
  const seconds = (performance.now() - began) / 1000;
  const connection = await store.connect();
  const count = await connection.ask("DBSIZE");
  if (count !== `:${keys}`) throw new Error(`${store.name} loaded ${count} of ${keys} keys`);
  await store.stop();
  return seconds;
}

for (const kind of ["rdb", "aof"] as const) {
  const stores = { bundled: await made("bundled", kind), "redis-server": await made("redis-server", kind) };
  const seconds: Record<StoreName, number[]> = { bundled: [], "redis-server": [] };
  for (let pair = 0; pair < pairs; pair++) {
    for (const name of ["bundled", "redis-server"] as const) {
      const took = await loadSeconds(stores[name]);
      seconds[name].push(took);
      console.log(`${kind} ${name.padEnd(13)} ${took.toFixed(2)} s`);
    }
  }
  const ratio = median(seconds["redis-server"]) / median(seconds.bundled);
  console.log(`${kind} load: ${ratio.toFixed(2)} of redis-server's speed (at least ${kinds[kind].limit})`);
  for (const store of Object.values(stores)) store.dispose();
}
process.exit(0);
