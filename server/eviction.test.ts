import { expect } from "chai";
import type { FakeDisk } from "../tests/worlds/fake-disk.ts";
import { type Served, serve } from "../tests/worlds/served.ts";
import type { Settings } from "./config/config.ts";
import { digestOfDataset } from "./dataset-digest.ts";
import { correctParts } from "./parts.ts";
import { Propagation } from "./propagation.ts";

const evicting = { appendonly: true, appendfsync: "always", "maxmemory-policy": "allkeys-lru" } as const;
/** A client, and about ten of the keys that `fill` makes. */
const limitBytes = 2048 + 10 * 1100;

async function fill({ peer, world }: Served, keyCount: number, prefix = "key"): Promise<void> {
  for (let n = 0; n < keyCount; n++) {
    expect(peer.ask(`SET ${prefix}:${n} ${"x".repeat(1000)}`)).to.equal("+OK\r\n");
    await world.pass(1000);
  }
}

const incr = (disk: FakeDisk) => disk.text("/d/appendonlydir/appendonly.aof.1.incr.aof");

/** The requests of a log that name keys, in order. */
function logged(disk: FakeDisk): string[] {
  const words = [...incr(disk).matchAll(/\*(\d+)\r\n((?:\$\d+\r\n[^\r]*\r\n)*)/g)];
  return words.map(([, , args = ""]) => [...args.matchAll(/\$\d+\r\n([^\r]*)\r\n/g)].map(([, word]) => word).join(" "));
}

async function digestAfterRestart(disk: FakeDisk, settings: Partial<Settings>): Promise<string> {
  const { server } = await serve(settings, disk);
  return digestOfDataset(server.keyspace);
}

describe("eviction", () => {
  for (const policy of ["allkeys-lru", "allkeys-lfu", "allkeys-random"] as const) {
    it(`${policy}: keys go until there is room, and no write is refused`, async () => {
      const served = await serve({ maxmemory: limitBytes, "maxmemory-policy": policy });
      await fill(served, 30);
      const { keyspace, statistics } = served.server;
      expect(keyspace.size).to.be.within(8, 10);
      expect(statistics.evictedKeys).to.equal(30 - keyspace.size);
      expect(served.peer.ask("INFO stats")).to.contain(`evicted_keys:${statistics.evictedKeys}\r\n`);
    });
  }

  for (const policy of ["volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"] as const) {
    it(`${policy}: only keys with a deadline go, and when there is none left writes are refused`, async () => {
      const served = await serve({ maxmemory: limitBytes, "maxmemory-policy": policy });
      const { peer, server } = served;
      await fill(served, 6, "stays");
      for (let n = 0; n < 20; n++) peer.ask(`SETEX goes:${n} 100000 ${"x".repeat(1000)}`);
      expect([...server.keyspace.db(0).keys()].filter((key) => key.startsWith("stays"))).to.have.length(6);
      expect(server.statistics.evictedKeys).to.be.at.least(15);
      const replies = Array.from({ length: 20 }, (_, n) => peer.ask(`SET more:${n} ${"x".repeat(1000)}`));
      expect(replies.at(-1)).to.match(/^-OOM/);
      expect(peer.ask("EXISTS stays:0 stays:5")).to.equal(":2\r\n");
    });
  }

  it("spares what was used just now", async () => {
    const served = await serve({ maxmemory: limitBytes, "maxmemory-policy": "allkeys-lru", "maxmemory-samples": 64 });
    await fill(served, 8);
    served.peer.ask("GET key:0");
    await fill(served, 5, "more");
    expect(served.peer.ask("EXISTS key:0", "EXISTS key:1")).to.equal(":1\r\n:0\r\n");
  });

  it("a removal stands in the log by itself, before the write that it makes room for", async () => {
    const served = await serve({ ...evicting, maxmemory: limitBytes, "maxmemory-samples": 64 });
    await fill(served, 10);
    served.peer.ask("MULTI", `SET a ${"x".repeat(3000)}`, "SET b 1", "EXEC", "SET c 1");
    const words = logged(served.disk).map((line) => line.replace(/ x+$/, ""));
    expect(words.slice(words.indexOf("DEL key:0"))).to.deep.equal([
      "DEL key:0",
      "DEL key:1",
      "DEL key:2",
      "MULTI",
      "SET a",
      "SET b 1",
      "EXEC",
      "DEL key:3",
      "DEL key:4",
      "DEL key:5",
      "SET c 1",
    ]);
  });

  it("is logged as UNLINK where removals shall be lazy", async () => {
    const served = await serve({ ...evicting, maxmemory: limitBytes, "lazyfree-lazy-eviction": true });
    await fill(served, 12);
    expect(logged(served.disk).filter((line) => /^(UNLINK|DEL) key:\d+$/.test(line))[0]).to.match(/^UNLINK/);
  });

  /** A workload that evicts from several databases, in and out of transactions, while keys expire. */
  async function play(served: Served): Promise<void> {
    const { peer, world } = served;
    for (let n = 0; n < 60; n++) {
      peer.ask(`SELECT ${n % 3}`, `SET k:${n} ${"x".repeat(700)}`, `RPUSH list:${n % 5} ${"y".repeat(200)}`);
      if (n % 7 === 0) peer.ask("MULTI", `SET t:${n} 1`, `APPEND k:${n - 1} ${"z".repeat(300)}`, "EXEC");
      if (n % 4 === 0) peer.ask(`SET e:${n} 1 PX 3000`, `GET k:${n - 20}`);
      await world.pass(500);
    }
  }

  for (const policy of ["allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-ttl"] as const) {
    it(`${policy}: whatever was evicted, a killed store comes back with what memory held`, async () => {
      const settings = { ...evicting, maxmemory: limitBytes, "maxmemory-policy": policy };
      const served = await serve(settings);
      await play(served);
      expect(served.server.statistics.evictedKeys).to.be.greaterThan(2);
      const digest = digestOfDataset(served.server.keyspace);
      expect(await digestAfterRestart(served.disk.killed(), settings)).to.equal(digest);
      expect(await digestAfterRestart(served.disk.powerCut(), settings)).to.equal(digest);
    });
  }

  it("a store that does not log what it evicts comes back with more than memory held", async () => {
    class Forgetful extends Propagation {
      override add(dbIndex: number, request: readonly string[]): void {
        if (request[0] !== "DEL") super.add(dbIndex, request);
      }
    }
    const settings = { ...evicting, maxmemory: limitBytes };
    const served = await serve(settings, undefined, { ...correctParts, Propagation: Forgetful });
    await play(served);
    const digest = digestOfDataset(served.server.keyspace);
    expect(await digestAfterRestart(served.disk.killed(), settings)).to.not.equal(digest);
  });

  it("what is watched and was evicted has changed: EXEC does nothing", async () => {
    const served = await serve({ maxmemory: limitBytes, "maxmemory-policy": "allkeys-lru", "maxmemory-samples": 64 });
    await fill(served, 8);
    served.peer.ask("WATCH key:0");
    const other = served.world.connect();
    for (let n = 0; n < 3; n++) other.ask(`SET more:${n} ${"x".repeat(1000)}`);
    expect(served.peer.ask("MULTI", "SET a 1", "EXEC")).to.equal("+OK\r\n+QUEUED\r\n*-1\r\n");
  });

  it("is announced to whoever wants to know", async () => {
    const served = await serve({ "notify-keyspace-events": "Ee" });
    const listener = served.world.connect();
    listener.ask("PSUBSCRIBE *");
    served.peer.ask("SELECT 9", "SET foo bar");
    served.server.config.set("maxmemory-policy", "allkeys-lru");
    served.server.config.set("maxmemory", 1);
    await served.world.pass(200);
    expect(listener.take()).to.contain("__keyevent@9__:evicted\r\n$3\r\nfoo\r\n");
  });

  it("waits while clients are paused, and while a log is loaded", async () => {
    const served = await serve({ ...evicting, maxmemory: 0 });
    await fill(served, 20);
    served.peer.ask("CLIENT PAUSE 100000 WRITE");
    served.server.config.set("maxmemory", limitBytes);
    await served.world.pass(300);
    expect(served.server.keyspace.size).to.equal(20);
    const again = await serve({ ...evicting, maxmemory: limitBytes }, served.disk.killed());
    expect(again.server.keyspace.size).to.equal(20);
    await again.world.pass(300);
    expect(again.server.keyspace.size).to.be.within(8, 10);
  });

  it("one request waits for so many removals at most; ticks do the rest", async () => {
    const served = await serve({ "maxmemory-policy": "allkeys-random", "maxmemory-eviction-tenacity": 1 });
    const { peer, server, world } = served;
    for (let n = 0; n < 200; n++) peer.ask(`SET key:${n} 1`);
    server.config.set("maxmemory", 1);
    expect(peer.ask("SET a 1")).to.equal("+OK\r\n");
    expect(server.keyspace.size).to.equal(151);
    await world.pass(1000);
    expect(server.keyspace.size).to.equal(0);
  });
});
