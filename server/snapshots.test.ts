import { expect } from "chai";
import { persistenceField, type Served, serve } from "../tests/worlds/served.ts";

const misconf = "-MISCONF Redis is configured to save RDB snapshots";
const save = [
  { seconds: 900, changes: 1 },
  { seconds: 60, changes: 100 },
];

async function saved(served: Served, ...keys: string[]): Promise<string> {
  const again = await serve({}, served.disk.powerCut());
  return again.peer.ask(...keys.map((key) => `GET ${key}`));
}

describe("SAVE", () => {
  it("replaces dump.rdb durably, and counts from 0 again", async () => {
    const served = await serve();
    const { peer, disk } = served;
    peer.ask("SET a 1");
    expect(persistenceField(served, "rdb_changes_since_last_save")).to.equal("1");
    expect(peer.ask("SAVE")).to.equal("+OK\r\n");
    expect(disk.journal.filter((line) => !line.startsWith("write"))).to.deep.equal([
      "create /d/temp-4242.rdb",
      "sync /d/temp-4242.rdb",
      "rename /d/temp-4242.rdb /d/dump.rdb",
      "syncdir /d",
    ]);
    expect(persistenceField(served, "rdb_changes_since_last_save")).to.equal("0");
    expect(await saved(served, "a")).to.equal("$1\r\n1\r\n");
  });

  it("keeps the old dump, leaves no temp file, and answers an error, when a step fails", async () => {
    for (const step of ["open", "write", "sync", "rename"] as const) {
      const served = await serve();
      const { peer, disk } = served;
      peer.ask("SET a 1", "SAVE", "SET a 2");
      disk.break(step, /temp-/, "EIO");
      expect(peer.ask("SAVE"), step).to.match(/^-ERR/);
      expect(disk.files()).to.deep.equal(["/d/dump.rdb"]);
      expect(await saved(served, "a")).to.equal("$1\r\n1\r\n");
      expect(persistenceField(served, "rdb_changes_since_last_save")).to.equal("1");
    }
  });

  it("is refused while a snapshot is written in the background, and works beside a rewrite", async () => {
    const served = await serve({ appendonly: true });
    const { peer, world } = served;
    world.savers.hold = true;
    peer.ask("SET a 1", "BGREWRITEAOF", "SET a 2");
    expect(peer.ask("SAVE")).to.equal("+OK\r\n");
    expect(await saved(served, "a")).to.equal("$1\r\n2\r\n");
    await world.pass();
    world.savers.finishAll();
    await world.pass();
    peer.ask("BGSAVE");
    expect(peer.ask("SAVE")).to.equal("-ERR Background save already in progress\r\n");
    // The rewrite holds what it froze, whatever was saved meanwhile.
    const again = await serve({ appendonly: true }, served.disk.killed());
    expect(again.peer.ask("GET a")).to.equal("$1\r\n2\r\n");
  });
});

describe("BGSAVE", () => {
  it("saves the moment at which it was asked for, and counts what changed since", async () => {
    const served = await serve();
    const { peer, world } = served;
    peer.ask("SET a 1", "SET b 1");
    expect(peer.ask("BGSAVE", "SET a 2", "SET c 1")).to.contain("+Background saving started\r\n");
    expect(persistenceField(served, "rdb_bgsave_in_progress")).to.equal("1");
    await world.pass();
    expect(persistenceField(served, "rdb_bgsave_in_progress")).to.equal("0");
    expect(persistenceField(served, "rdb_last_bgsave_status")).to.equal("ok");
    expect(persistenceField(served, "rdb_changes_since_last_save")).to.equal("2");
    expect(await saved(served, "a", "b", "c")).to.equal("$1\r\n1\r\n$1\r\n1\r\n$-1\r\n");
  });

  it("counts as saved only when the name of the dump is durable", async () => {
    const served = await serve();
    const { peer, world, disk } = served;
    disk.syncsWait = true;
    peer.ask("SET a 1", "BGSAVE");
    await world.pass();
    expect(disk.has("/d/dump.rdb")).to.equal(true);
    expect(persistenceField(served, "rdb_bgsave_in_progress")).to.equal("1");
    expect(persistenceField(served, "rdb_changes_since_last_save")).to.equal("1");
    await disk.finishSyncs();
    expect(persistenceField(served, "rdb_bgsave_in_progress")).to.equal("0");
    expect(persistenceField(served, "rdb_changes_since_last_save")).to.equal("0");
  });

  it("is fed no faster than the saver takes it", async () => {
    const served = await serve();
    const { peer, world } = served;
    for (let key = 0; key < 2000; key++) peer.ask(`SET key:${key} ${"x".repeat(200)}`);
    world.savers.hold = true;
    peer.ask("BGSAVE");
    const [saver] = world.savers.started;
    if (saver === undefined) throw new Error("no saver");
    await world.pass();
    expect(persistenceField(served, "current_save_keys_processed")).to.equal("2000");
    peer.ask("SET key:0 y");
    await world.pass();
  });

  it("stops feeding a saver that has enough, and goes on when it has room", async () => {
    const served = await serve();
    const { peer, world } = served;
    for (let key = 0; key < 5000; key++) peer.ask(`SET key:${key} ${"x".repeat(200)}`);
    const start = world.savers.start.bind(world.savers);
    world.savers.start = (job, ended) => {
      const saver = start(job, ended) as (typeof world.savers.started)[0];
      saver.hasRoom = false;
      return saver;
    };
    peer.ask("BGSAVE");
    await world.pass();
    const processed = Number(persistenceField(served, "current_save_keys_processed"));
    expect(processed).to.be.within(1, 4999);
    await world.pass(1000);
    expect(Number(persistenceField(served, "current_save_keys_processed"))).to.equal(processed);
    for (let round = 0; round < 100; round++) {
      world.savers.started[0]?.makeRoom();
      await world.pass();
    }
    expect(persistenceField(served, "rdb_last_bgsave_status")).to.equal("ok");
  });

  it("takes its time for every key where a test wants that", async () => {
    const served = await serve({ "rdb-key-save-delay": 1000 });
    const { peer, world } = served;
    for (let key = 0; key < 50; key++) peer.ask(`SET key:${key} 1`);
    peer.ask("BGSAVE");
    await world.pass(20);
    expect(Number(persistenceField(served, "current_save_keys_processed"))).to.be.within(15, 25);
    expect(persistenceField(served, "current_save_keys_total")).to.equal("50");
    for (let ms = 0; ms < 50; ms++) await world.pass(1);
    expect(persistenceField(served, "rdb_bgsave_in_progress")).to.equal("0");
  });

  it("answers an error beside a rewrite, unless it may wait for it", async () => {
    const served = await serve();
    const { peer, world } = served;
    world.savers.hold = true;
    peer.ask("SET a 1", "BGREWRITEAOF");
    expect(peer.ask("BGSAVE")).to.match(/^-ERR Another child process is active/);
    expect(peer.ask("BGSAVE SCHEDULE")).to.equal("+Background saving scheduled\r\n");
    expect(peer.ask("BGSAVE NOW")).to.equal("-ERR syntax error\r\n");
    await world.pass();
    world.savers.hold = false;
    world.savers.finishAll();
    await world.pass(200);
    expect(await saved(served, "a")).to.equal("$1\r\n1\r\n");
  });

  it("is postponed inside a transaction", async () => {
    const served = await serve();
    expect(served.peer.ask("MULTI", "BGSAVE", "EXEC")).to.contain("+Background saving scheduled\r\n");
    await served.world.pass(200);
    expect(persistenceField(served, "rdb_saves")).to.equal("1");
  });

  it("has failed when no process can be had", async () => {
    const served = await serve({ save });
    served.world.savers.exhausted = true;
    expect(served.peer.ask("BGSAVE")).to.match(/^-ERR/);
    expect(persistenceField(served, "rdb_last_bgsave_status")).to.equal("err");
    expect(served.server.keyspace.keeper).to.equal(undefined);
  });
});

describe("a snapshot that failed", () => {
  it("refuses writes but not reads while there are save points, until one succeeds", async () => {
    const served = await serve({ save });
    const { peer, world, disk } = served;
    world.savers.hold = true;
    peer.ask("SET a 1", "BGSAVE");
    world.savers.started[0]?.killFromOutside("SIGKILL");
    await world.pass();
    expect(persistenceField(served, "rdb_last_bgsave_status")).to.equal("err");
    expect(peer.ask("SET a 2")).to.contain(misconf);
    expect(peer.ask("PING")).to.contain(misconf);
    expect(peer.ask("GET a")).to.equal("$1\r\n1\r\n");
    expect(disk.files()).to.deep.equal([]);
    world.savers.hold = false;
    peer.ask("BGSAVE");
    await world.pass();
    expect(peer.ask("SET a 2")).to.equal("+OK\r\n");
  });

  it("refuses nothing without save points, or where that is switched off", async () => {
    for (const settings of [{}, { save, "stop-writes-on-bgsave-error": false }]) {
      const { peer, world } = await serve(settings);
      world.savers.hold = true;
      peer.ask("SET a 1", "BGSAVE");
      world.savers.started[0]?.killFromOutside("SIGKILL");
      await world.pass();
      expect(peer.ask("SET a 2")).to.equal("+OK\r\n");
    }
  });

  it("is tried again by the save points after more than five seconds", async () => {
    const served = await serve({ save: [{ seconds: 1, changes: 1 }] });
    const { peer, world, disk } = served;
    disk.break("write", /temp-/, "ENOSPC");
    peer.ask("SET a 1");
    await world.pass(2100);
    expect(persistenceField(served, "rdb_saves")).to.equal("1");
    for (let second = 0; second < 5; second++) await world.pass(1000);
    expect(persistenceField(served, "rdb_saves")).to.equal("1");
    disk.mend();
    await world.pass(1000);
    expect(persistenceField(served, "rdb_last_bgsave_status")).to.equal("ok");
  });
});

describe("the save points", () => {
  const count = (served: Served) => Number(persistenceField(served, "rdb_saves"));

  it("save when there are enough changes and more than so many seconds have passed since the last save", async () => {
    const served = await serve({ save });
    const { peer, world } = served;
    await world.pass(880_000);
    peer.ask("SET a 1");
    await world.pass(20_000);
    expect(count(served)).to.equal(0);
    await world.pass(1200);
    expect(count(served)).to.equal(1);
  });

  it("are joined by or: the first one that is met saves", async () => {
    const served = await serve({ save });
    const { peer, world } = served;
    for (let key = 0; key < 99; key++) peer.ask(`SET key:${key} 1`);
    await world.pass(65_000);
    expect(count(served)).to.equal(0);
    peer.ask("SET one more");
    await world.pass(200);
    expect(count(served)).to.equal(1);
  });

  it("save nothing while nothing changes", async () => {
    const served = await serve({ save });
    await served.world.pass(4_000_000);
    expect(count(served)).to.equal(0);
  });
});

describe("FLUSHALL", () => {
  it("ends a snapshot that runs, without calling it a failure, and keeps the count of changes", async () => {
    const served = await serve();
    const { peer, world, server } = served;
    world.savers.hold = true;
    peer.ask("SET a 1", "BGSAVE");
    server.persistence.flushedAll();
    expect(persistenceField(served, "rdb_bgsave_in_progress")).to.equal("0");
    expect(persistenceField(served, "rdb_last_bgsave_status")).to.equal("ok");
    expect(persistenceField(served, "rdb_changes_since_last_save")).to.equal("1");
    await world.pass();
    expect(served.disk.files()).to.deep.equal([]);
  });

  it("saves an empty dump at once where there are save points", async () => {
    const served = await serve({ save });
    const { peer, server } = served;
    peer.ask("SET a 1", "SAVE");
    server.keyspace.db(0).clear();
    server.persistence.flushedAll();
    expect(await saved(served, "a")).to.equal("$-1\r\n");
  });
});

describe("LASTSAVE", () => {
  it("is the time of the last success, and of the start until there is one", async () => {
    const served = await serve();
    const { peer, world } = served;
    const startS = Math.floor(world.clock.wallMs() / 1000);
    expect(peer.ask("LASTSAVE")).to.equal(`:${startS}\r\n`);
    await world.pass(5000);
    peer.ask("SET a 1", "SAVE");
    expect(peer.ask("LASTSAVE")).to.equal(`:${startS + 5}\r\n`);
  });
});
