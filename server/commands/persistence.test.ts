import { expect } from "chai";
import { serve } from "../../tests/worlds/served.ts";

const local = (count: number) => `*2\r\n:${count}\r\n:0\r\n`;

describe("WAITAOF", () => {
  it("answers 1 when a sync that began after the client's last write has ended, and not before", async () => {
    const { peer, world, disk } = await serve({ appendonly: true });
    await world.pass();
    disk.syncsWait = true;
    peer.ask("SET a 1");
    await world.pass(1000);
    expect(disk.pendingSyncs).to.equal(1);
    // The sync that runs began before this write.
    peer.ask("SET a 2");
    expect(peer.ask("WAITAOF 1 0 0")).to.equal("");
    await disk.finishSyncs();
    await world.pass();
    expect(peer.take()).to.equal("");
    await world.pass(1000);
    expect(disk.powerCut().text("/d/appendonlydir/appendonly.aof.1.incr.aof")).to.not.contain("$1\r\n2\r\n");
    expect(peer.take()).to.equal("");
    await disk.finishSyncs();
    await world.pass();
    expect(peer.take()).to.equal(local(1));
    expect(disk.powerCut().text("/d/appendonlydir/appendonly.aof.1.incr.aof")).to.contain("$1\r\n2\r\n");
  });

  it("answers at once under always, and where nothing is waited for", async () => {
    const { peer } = await serve({ appendonly: true, appendfsync: "always" });
    expect(peer.ask("SET a 1", "WAITAOF 1 0 0")).to.equal(`+OK\r\n${local(1)}`);
    expect(peer.ask("WAITAOF 0 0 0")).to.equal(local(1));
  });

  it("answers 0 when time is up: it never forces a sync", async () => {
    const { peer, world, disk } = await serve({ appendonly: true, appendfsync: "no" });
    peer.ask("SET a 1");
    expect(peer.ask("WAITAOF 1 0 100")).to.equal("");
    await world.pass(100);
    expect(peer.take()).to.equal(local(0));
    expect(disk.journal.filter((line) => line.includes("incr.aof") && line.startsWith("sync"))).to.deep.equal([]);
  });

  it("answers 0 after a sync that failed", async () => {
    const { peer, world, disk } = await serve({ appendonly: true });
    await world.pass(1000);
    disk.break("sync", /incr/, "EIO");
    peer.ask("SET a 1");
    peer.ask("WAITAOF 1 0 500");
    await world.pass(600);
    expect(peer.take()).to.equal(local(0));
  });

  it("counts nothing while the log is being switched on, and all of it when that is done", async () => {
    const { peer, world, server } = await serve({ appendfsync: "always" });
    world.savers.hold = true;
    server.config.set("appendonly", true);
    peer.ask("SET a 1");
    expect(peer.ask("WAITAOF 1 0 0")).to.equal("");
    await world.pass();
    world.savers.finishAll();
    await world.pass();
    expect(peer.take()).to.equal(local(1));
  });

  it("does not wait inside a transaction", async () => {
    const { peer } = await serve({ appendonly: true, appendfsync: "no" });
    peer.ask("SET a 1");
    expect(peer.ask("MULTI", "SET a 2", "WAITAOF 1 0 0", "EXEC")).to.contain(local(0));
  });

  it("waits in vain for replicas: there are none", async () => {
    const { peer, world } = await serve({ appendonly: true, appendfsync: "always" });
    peer.ask("SET a 1");
    expect(peer.ask("WAITAOF 1 1 50")).to.equal("");
    await world.pass(50);
    expect(peer.take()).to.equal(local(1));
  });

  it("is refused without a log, and with numbers that make no sense", async () => {
    const { peer } = await serve();
    expect(peer.ask("WAITAOF 1 0 0")).to.match(/^-ERR WAITAOF cannot be used when numlocal is set/);
    expect(peer.ask("WAITAOF 0 0 0")).to.equal(local(0));
    for (const words of ["2 0 0", "-1 0 0", "1 -1 0", "1 0 -1", "x 0 0"]) {
      expect(peer.ask(`WAITAOF ${words}`)).to.match(/^-ERR/);
    }
  });
});
