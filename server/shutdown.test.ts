import { expect } from "chai";
import { type Served, serve } from "../tests/worlds/served.ts";
import type { Settings } from "./config/config.ts";

const save = [{ seconds: 3600, changes: 1 }];
const failure = "-ERR Errors trying to SHUTDOWN. Check logs.\r\n";

/** Runs what ends the process; gives the code with which it ended. */
async function ending(served: Served, act: () => unknown): Promise<number | undefined> {
  try {
    act();
    for (let turn = 0; turn < 50 && served.world.exitCode === undefined; turn++) await served.world.pass(100);
  } catch (error) {
    if (served.world.exitCode === undefined) throw error;
  }
  return served.world.exitCode;
}

async function keptAfter(settings: Partial<Settings>, command: string): Promise<string> {
  const served = await serve(settings);
  served.peer.ask("SET a 1");
  expect(await ending(served, () => served.peer.ask(command))).to.equal(0);
  expect(served.world.lines.at(-1)).to.contain("ready to exit, bye bye");
  const again = await serve({ ...settings, save: [] }, served.disk.powerCut());
  return again.peer.ask("GET a");
}

describe("SHUTDOWN", () => {
  it("saves where there are save points or it is told to, and not otherwise", async () => {
    expect(await keptAfter({ save }, "SHUTDOWN")).to.equal("$1\r\n1\r\n");
    expect(await keptAfter({ save }, "SHUTDOWN NOSAVE")).to.equal("$-1\r\n");
    expect(await keptAfter({}, "SHUTDOWN")).to.equal("$-1\r\n");
    expect(await keptAfter({}, "SHUTDOWN SAVE NOW")).to.equal("$1\r\n1\r\n");
  });

  it("makes the log durable under every policy", async () => {
    for (const appendfsync of ["always", "everysec", "no"] as const) {
      expect(await keptAfter({ appendonly: true, appendfsync }, "SHUTDOWN NOSAVE")).to.equal("$1\r\n1\r\n");
    }
  });

  it("is refused when the dump cannot be saved, and the server goes on; FORCE ends it", async () => {
    const served = await serve({ save });
    const { peer, world, disk } = served;
    disk.break("rename", /temp-/, "EISDIR");
    expect(peer.ask("SHUTDOWN")).to.equal(failure);
    expect(world.lines.some((line) => line.includes("Error trying to save the DB, can't exit"))).to.equal(true);
    expect(disk.files()).to.deep.equal([]);
    expect(peer.ask("GET a")).to.equal("$-1\r\n");
    expect(await ending(served, () => peer.ask("SHUTDOWN FORCE"))).to.equal(0);
  });

  it("is refused when the log cannot be made durable", async () => {
    const served = await serve({ appendonly: true, appendfsync: "no" });
    served.peer.ask("SET a 1");
    served.disk.break("sync", /incr/, "EIO");
    expect(served.peer.ask("SHUTDOWN")).to.equal(failure);
  });

  it("is refused while the first log is still being written; FORCE ends it", async () => {
    const served = await serve();
    const { peer, world, server } = served;
    world.savers.hold = true;
    server.config.set("appendonly", true);
    expect(peer.ask("SHUTDOWN")).to.equal(failure);
    expect(world.lines.some((line) => line.includes("Writing initial AOF, can't exit"))).to.equal(true);
    expect(await ending(served, () => peer.ask("SHUTDOWN NOSAVE FORCE"))).to.equal(0);
  });

  it("ends a saver that runs, and leaves no file of it", async () => {
    const served = await serve();
    served.world.savers.hold = true;
    served.peer.ask("SET a 1", "BGSAVE");
    await served.world.pass();
    expect(served.disk.files()).to.deep.equal(["/d/temp-5001.rdb"]);
    expect(await ending(served, () => served.peer.ask("SHUTDOWN NOSAVE"))).to.equal(0);
    expect(served.disk.files()).to.deep.equal([]);
  });

  it("executes nothing more while it saves", async () => {
    const served = await serve({ save, "rdb-key-save-delay": 1000 });
    const { peer, world } = served;
    for (let key = 0; key < 20; key++) peer.ask(`SET key:${key} 1`);
    const other = world.connect();
    peer.ask("SHUTDOWN");
    expect(other.ask("SET late 1")).to.equal("");
    expect(await ending(served, () => undefined)).to.equal(0);
    const again = await serve({}, served.disk.powerCut());
    expect(again.server.keyspace.size).to.equal(20);
  });

  it("goes on with what waited when it failed", async () => {
    const served = await serve({ save, "rdb-key-save-delay": 1000 });
    const { peer, world, disk } = served;
    for (let key = 0; key < 20; key++) peer.ask(`SET key:${key} 1`);
    disk.break("rename", /temp-/, "EIO", 1);
    const other = world.connect();
    peer.ask("SHUTDOWN");
    other.ask("SET late 1");
    for (let ms = 0; ms < 40; ms++) await world.pass(1);
    expect(peer.take()).to.equal(failure);
    expect(other.take()).to.equal("+OK\r\n");
  });

  it("takes only words that go together", async () => {
    const { peer } = await serve();
    for (const words of ["SAVE NOSAVE", "ABORT NOW", "LATER"]) {
      expect(peer.ask(`SHUTDOWN ${words}`)).to.equal("-ERR syntax error\r\n");
    }
    expect(peer.ask("SHUTDOWN ABORT")).to.equal("-ERR No shutdown in progress.\r\n");
  });
});

describe("a signal", () => {
  it("ends the server at the next tick, as the configuration says for it", async () => {
    for (const [signal, settings, kept] of [
      ["SIGTERM", {}, "$1\r\n1\r\n"],
      ["SIGINT", {}, "$1\r\n1\r\n"],
      ["SIGTERM", { "shutdown-on-sigterm": ["nosave"] }, "$-1\r\n"],
      ["SIGINT", { "shutdown-on-sigint": ["nosave", "now"] }, "$-1\r\n"],
    ] as const) {
      const served = await serve({ save, ...(settings as Partial<Settings>) });
      served.peer.ask("SET a 1");
      served.server.shutdown.received(signal);
      expect(served.world.exitCode).to.equal(undefined);
      expect(await ending(served, () => undefined)).to.equal(0);
      const again = await serve({}, served.disk.powerCut());
      expect(again.peer.ask("GET a")).to.equal(kept);
    }
  });

  it("can be taken back before the tick", async () => {
    const served = await serve({ save });
    served.server.cron.stop();
    served.server.shutdown.received("SIGTERM");
    expect(served.peer.ask("SHUTDOWN ABORT")).to.equal("+OK\r\n");
    expect(served.world.lines.at(-1)).to.contain("Shutdown manually aborted");
    await served.world.pass(1000);
    expect(served.world.exitCode).to.equal(undefined);
  });

  it("SIGINT, when it comes a second time, ends the server at once and takes the temporary file along", async () => {
    const served = await serve({ save, "rdb-key-save-delay": 100_000 });
    for (let key = 0; key < 20; key++) served.peer.ask(`SET key:${key} 1`);
    served.server.shutdown.received("SIGINT");
    await served.world.pass(300);
    expect(served.disk.files()).to.deep.equal(["/d/temp-4242.rdb"]);
    expect(await ending(served, () => served.server.shutdown.received("SIGINT"))).to.equal(1);
    expect(served.disk.files()).to.deep.equal([]);
  });

  it("does not end a server that cannot save", async () => {
    const served = await serve({ save });
    served.disk.break("rename", /temp-/, "EISDIR");
    served.server.shutdown.received("SIGTERM");
    await served.world.pass(1000);
    expect(served.world.exitCode).to.equal(undefined);
    expect(served.peer.ask("SET a 1")).to.equal("+OK\r\n");
  });

  it("ends a server that is loading at once, and never saves what is half read", async () => {
    const served = await serve({ save });
    served.server.loading = true;
    expect(await ending(served, () => served.server.shutdown.received("SIGTERM"))).to.equal(0);
    expect(served.disk.files()).to.deep.equal([]);
  });
});
