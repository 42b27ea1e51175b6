import { expect } from "chai";
import { serve } from "../tests/worlds/served.ts";

const refused = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";

describe("beyond maxmemory", () => {
  it("what may need memory is refused, and all else goes on", async () => {
    const { peer, server, world } = await serve();
    peer.ask("SET a 1");
    world.process.memoryBytes = () => 1000;
    server.config.set("maxmemory", 999);
    expect(peer.ask("SET b 1", "GET a", "DEL a")).to.equal(`${refused}$1\r\n1\r\n:1\r\n`);
    world.process.memoryBytes = () => 500;
    await world.pass(200);
    expect(peer.ask("SET b 1")).to.equal("+OK\r\n");
  });

  it("a transaction is refused that holds such a command, and nothing more is queued", async () => {
    const { peer, server, world } = await serve();
    peer.ask("MULTI", "SET a 1");
    world.process.memoryBytes = () => 1000;
    server.config.set("maxmemory", 999);
    expect(peer.ask("EXEC")).to.match(/^-EXECABORT .*OOM/);
    peer.ask("MULTI");
    expect(peer.ask("GET a", "DISCARD")).to.equal(`${refused}+OK\r\n`);
  });

  it("it is said that no key will be evicted, where the policy asks for that", async () => {
    const { server, world } = await serve({ maxmemory: 10_000_000 });
    expect(world.lines.join("\n")).to.not.contain("evicts no keys");
    server.config.set("maxmemory-policy", "allkeys-lru");
    expect(world.lines.join("\n")).to.contain("maxmemory-policy allkeys-lru: this server evicts no keys");
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
