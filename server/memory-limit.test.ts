import { expect } from "chai";
import { serve } from "../tests/worlds/served.ts";

const refused = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";

/** A client, and what a key with a value of a thousand bytes takes, about. */
const clientBytes = 2048;
const keyBytes = 1200;

describe("beyond maxmemory", () => {
  it("what may need memory is refused, and all else goes on", async () => {
    const { peer, server } = await serve();
    peer.ask(`SET a ${"x".repeat(10_000)}`);
    server.config.set("maxmemory", 10_000);
    expect(peer.ask("SET b 1", "STRLEN a", "DEL a")).to.equal(`${refused}:10000\r\n:1\r\n`);
    expect(peer.ask("SET b 1")).to.equal("+OK\r\n");
  });

  it("a transaction is refused that holds such a command, and nothing more is queued", async () => {
    const { peer, server } = await serve();
    peer.ask("MULTI", "SET a 1");
    server.config.set("maxmemory", 1);
    expect(peer.ask("EXEC")).to.match(/^-EXECABORT .*OOM/);
    peer.ask("MULTI");
    expect(peer.ask("GET a", "DISCARD")).to.equal(`${refused}+OK\r\n`);
  });

  it("nobody is refused while a log is loaded: all of it is there, and then the limit holds", async () => {
    const first = await serve({ appendonly: true, appendfsync: "always" });
    for (const key of ["a", "b", "c"]) first.peer.ask(`SET ${key} ${"x".repeat(1000)}`);
    const settings = { appendonly: true, maxmemory: 2000 } as const;
    const { peer } = await serve(settings, first.disk.killed());
    expect(peer.ask("DBSIZE", "SET d 1")).to.equal(`:3\r\n${refused}`);
  });

  it("what clients have not read yet counts", async () => {
    const { peer, server, world } = await serve();
    peer.ask(`SET a ${"x".repeat(1000)}`);
    server.config.set("maxmemory", 2 * clientBytes + 2 * keyBytes + 1000);
    expect(peer.ask("SET b 1")).to.equal("+OK\r\n");
    const slow = world.connect();
    slow.reads = false;
    slow.ask("GET a", "GET a", "GET a");
    expect(peer.ask("SET b 1")).to.equal(refused);
  });
});

describe("what keys take in memory", () => {
  const commands = [
    "SET a 1",
    `SET a ${"x".repeat(500)}`,
    "RPUSH list a b c d e f",
    "HSET hash field value",
    "LPOP list 5",
    "RENAME hash other",
    "SELECT 3",
    "ZADD sorted 1 a",
    "SWAPDB 0 3",
    "SADD set a b c",
    "MOVE set 5",
    "DEL a",
    "XADD stream 1-1 field value",
    "FLUSHDB",
    "SELECT 0",
    "APPEND text more",
  ];

  it("is the same whether it was weighed with every change or is weighed at once", async () => {
    const { peer, server } = await serve({ maxmemory: 100_000_000 });
    for (const command of commands) {
      peer.ask(command);
      const kept = server.memoryLimit.usedBytes();
      server.config.set("maxmemory", 0);
      expect(server.memoryLimit.usedBytes(), `estimated after ${command}`).to.equal(kept);
      server.config.set("maxmemory", 100_000_000);
      expect(server.memoryLimit.usedBytes(), `weighed again after ${command}`).to.equal(kept);
    }
  });

  it("is told by INFO and MEMORY STATS alike", async () => {
    const { peer, server } = await serve();
    peer.ask("SET a 1", "SET b 2");
    const used = server.memoryLimit.usedBytes();
    expect(peer.ask("INFO memory")).to.contain(`used_memory:${used}\r\n`);
    expect(peer.ask("MEMORY STATS")).to.contain(`total.allocated\r\n:${used}\r\n`);
    expect(peer.ask("MEMORY STATS")).to.contain("keys.count\r\n:2\r\n");
  });

  it("is nothing when all keys are gone, whatever became of them", async () => {
    const { peer, server, world } = await serve({ maxmemory: 100_000_000 });
    const empty = server.memoryLimit.usedBytes();
    peer.ask("SET a 1 PX 10", "SET b 1", "HSET hash f v g w", "HPEXPIRE hash 10 FIELDS 2 f g", "SET c 1", "RPUSH l a");
    expect(server.memoryLimit.usedBytes()).to.be.greaterThan(empty);
    await world.pass(200);
    peer.ask("GETDEL b", "UNLINK c", "LPOP l");
    expect(server.memoryLimit.usedBytes()).to.equal(empty);
  });
});

describe("how often keys are used", () => {
  it("is counted while an LFU policy is chosen, and falls with time", async () => {
    const { peer, server, world } = await serve();
    expect(peer.ask("SET a 1", "OBJECT FREQ a")).to.match(/-ERR An LFU maxmemory policy is not selected/);
    server.config.set("maxmemory-policy", "allkeys-lfu");
    expect(peer.ask("OBJECT IDLETIME a")).to.match(/^-ERR An LFU maxmemory policy is selected/);
    server.config.set("lfu-log-factor", 0);
    for (let n = 0; n < 20; n++) peer.ask("GET a");
    const freq = () => Number(/:(\d+)/.exec(peer.ask("OBJECT FREQ a"))?.[1]);
    expect(freq()).to.equal(25);
    await world.pass(180_000);
    expect(freq()).to.equal(22);
    server.keyspace.db(0).setUseCount("a", 100);
    expect(freq()).to.equal(100);
    peer.ask("DEL a", "SET a 1");
    expect(freq()).to.equal(5);
  });
});
