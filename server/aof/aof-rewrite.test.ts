import { expect } from "chai";
import { FakeDisk } from "../../tests/worlds/fake-disk.ts";
import { persistenceField, type Served, serve } from "../../tests/worlds/served.ts";
import type { Settings } from "../config/config.ts";
import { correctParts } from "../parts.ts";
import { AofRewrite } from "./aof-rewrite.ts";

const log = "/d/appendonlydir";
const manifestPath = `${log}/appendonly.aof.manifest`;
const started = "+Background append only file rewriting started\r\n";

async function logged(settings: Partial<Settings> = {}, disk?: FakeDisk): Promise<Served> {
  return await serve({ appendonly: true, appendfsync: "always", ...settings }, disk);
}

/** The kinds of steps, with the name of what they were done to. */
function steps(disk: FakeDisk): string[] {
  return disk.journal
    .filter((line) => !/^(create|write) .*temp-/.test(line))
    .map((line) => line.replaceAll(/\/\S*\//g, "").replaceAll(/temp-rewriteaof-(bg-)?\d+/g, "temp"));
}

function manifest({ disk }: Served): string[] {
  return disk.text(manifestPath).trimEnd().split("\n");
}

describe("the rewrite", () => {
  it("makes every step durable before the next one relies on it", async () => {
    const served = await logged({ appendfsync: "everysec" });
    const { peer, disk, world } = served;
    peer.ask("SET a 1");
    disk.journal.length = 0;
    world.savers.hold = true;
    expect(peer.ask("BGREWRITEAOF")).to.equal(started);
    expect(steps(disk)).to.deep.equal([
      // Law 1: what the old file holds, before a manifest makes another one the last.
      "sync appendonly.aof.1.incr.aof",
      "create appendonly.aof.2.incr.aof",
      "syncdir appendonlydir",
      "sync temp-appendonly.aof.manifest",
      "rename temp-appendonly.aof.manifest appendonly.aof.manifest",
      "syncdir appendonlydir",
    ]);
    await world.pass();
    disk.journal.length = 0;
    world.savers.finishAll();
    await world.pass();
    expect(steps(disk)).to.deep.equal([
      "sync temp.aof",
      "rename temp.aof temp.aof",
      "rename temp.aof appendonly.aof.2.base.rdb",
      // Law 2: the name of the base, before a manifest relies on it.
      "syncdir appendonlydir",
      "syncdir /d",
      "sync temp-appendonly.aof.manifest",
      "rename temp-appendonly.aof.manifest appendonly.aof.manifest",
      "syncdir appendonlydir",
      "unlink appendonly.aof.1.incr.aof",
      "unlink appendonly.aof.1.base.rdb",
      "sync temp-appendonly.aof.manifest",
      "rename temp-appendonly.aof.manifest appendonly.aof.manifest",
      "syncdir appendonlydir",
    ]);
    expect(manifest(served)).to.deep.equal([
      "file appendonly.aof.2.base.rdb seq 2 type b",
      "file appendonly.aof.2.incr.aof seq 2 type i",
    ]);
    expect(disk.files()).to.deep.equal([
      `${log}/appendonly.aof.2.base.rdb`,
      `${log}/appendonly.aof.2.incr.aof`,
      manifestPath,
    ]);
  });

  it("can be told apart from one that does not sync the old file", async () => {
    class SyncsNothing extends AofRewrite {
      protected override syncOldIncr(): void {
        this.aof.writer.flush();
      }
    }
    const planted = { ...correctParts, AofRewrite: SyncsNothing };
    const settings = { appendonly: true, appendfsync: "no" } as const;
    const { peer, disk } = await serve(settings, new FakeDisk("/d"), planted);
    peer.ask("SET a 1", "BGREWRITEAOF");
    expect(disk.powerCut().text(`${log}/appendonly.aof.1.incr.aof`)).to.equal("");
    expect(disk.powerCut().text(manifestPath)).to.contain("appendonly.aof.2.incr.aof");
  });

  for (const preamble of [true, false]) {
    it(`loses and doubles nothing, whenever the power is cut (${preamble ? "RDB" : "commands"} as the base)`, async () => {
      const settings = { "aof-use-rdb-preamble": preamble };
      const served = await logged(settings);
      const { peer, disk, world } = served;
      peer.ask("SET text value", "SET n 1", "SET n 2");
      // After every step of the disk the power goes: what was acked by then must be there.
      const cuts: { disk: FakeDisk; acked: number }[] = [];
      let acked = 2;
      const push = disk.journal.push.bind(disk.journal);
      disk.journal.push = (...lines) => {
        cuts.push({ disk: disk.powerCut(), acked });
        return push(...lines);
      };
      world.savers.hold = true;
      peer.ask("BGREWRITEAOF");
      for (let turn = 0; turn < 5; turn++) {
        peer.ask(`SET n ${acked + 1}`);
        acked++;
        await world.pass(10);
      }
      world.savers.finishAll();
      await world.pass();
      peer.ask(`SET n ${acked + 1}`);
      expect(cuts.length).to.be.at.least(25);
      for (const [index, cut] of cuts.entries()) {
        const again = await logged(settings, cut.disk);
        const value = again.peer.ask("GET n");
        // A write that is durable and not acked yet may be there.
        expect([`$1\r\n${cut.acked}\r\n`, `$1\r\n${cut.acked + 1}\r\n`], `cut ${index}`).to.include(value);
        expect(again.peer.ask("GET text")).to.equal("$5\r\nvalue\r\n");
      }
    });
  }

  it("writes its base in the form that was asked for when it began", async () => {
    const served = await logged();
    const { peer, server, world } = served;
    world.savers.hold = true;
    peer.ask("SET a 1", "BGREWRITEAOF");
    server.config.set("aof-use-rdb-preamble", false);
    await world.pass();
    world.savers.finishAll();
    await world.pass();
    expect(manifest(served)[0]).to.equal("file appendonly.aof.2.base.rdb seq 2 type b");
  });

  it("keeps history where its deletion is switched off, and deletes it at once when that is taken back", async () => {
    const served = await logged({ "aof-disable-auto-gc": true });
    const { peer, server, world, disk } = served;
    peer.ask("BGREWRITEAOF");
    await world.pass();
    expect(manifest(served)).to.deep.equal([
      "file appendonly.aof.2.base.rdb seq 2 type b",
      "file appendonly.aof.1.incr.aof seq 1 type h",
      "file appendonly.aof.1.base.rdb seq 1 type h",
      "file appendonly.aof.2.incr.aof seq 2 type i",
    ]);
    server.config.set("aof-disable-auto-gc", false);
    expect(manifest(served)).to.have.length(2);
    expect(disk.has(`${log}/appendonly.aof.1.incr.aof`)).to.equal(false);
  });

  it("changes nothing but to add an incr file when the saver is killed, and counts that as a failure", async () => {
    const served = await logged();
    const { peer, world, disk } = served;
    world.savers.hold = true;
    for (let round = 0; round < 3; round++) {
      peer.ask("SET a 1", "BGREWRITEAOF");
      world.savers.started.at(-1)?.killFromOutside("SIGKILL");
      await world.pass();
    }
    expect(manifest(served).map((line) => line.split(" ")[1])).to.deep.equal([
      "appendonly.aof.1.base.rdb",
      "appendonly.aof.1.incr.aof",
      "appendonly.aof.2.incr.aof",
      "appendonly.aof.3.incr.aof",
      "appendonly.aof.4.incr.aof",
    ]);
    expect(persistenceField(served, "aof_last_bgrewrite_status")).to.equal("err");
    expect(persistenceField(served, "aof_rewrites_consecutive_failures")).to.equal("3");
    expect(disk.files().filter((path) => path.includes("temp"))).to.deep.equal([]);
  });

  for (const [what, operation, path] of [
    ["its base cannot be put in place", "rename", /temp-rewriteaof-bg/],
    ["the folder cannot be synced", "syncdir", /appendonlydir/],
    ["the manifest cannot be written", "write", /temp-.*manifest/],
    ["the manifest cannot be renamed", "rename", /temp-.*manifest/],
  ] as const) {
    it(`leaves the log as it was when ${what}`, async () => {
      const served = await logged();
      const { peer, world, disk } = served;
      world.savers.hold = true;
      peer.ask("SET a 1", "BGREWRITEAOF", "SET a 2");
      const before = manifest(served);
      disk.break(operation, path, "EIO", 1);
      await world.pass();
      world.savers.finishAll();
      await world.pass();
      expect(manifest(served)).to.deep.equal(before);
      expect(persistenceField(served, "aof_last_bgrewrite_status")).to.equal("err");
      expect(disk.files().filter((name) => name.includes("temp") || name.includes("2.base"))).to.deep.equal([]);
      expect(peer.ask("SET a 3")).to.equal("+OK\r\n");
      const again = await logged({}, disk.killed());
      expect(again.peer.ask("GET a")).to.equal("$1\r\n3\r\n");
    });
  }

  it("does not begin when the old file cannot be synced, and goes on writing to it", async () => {
    const served = await logged({ appendfsync: "everysec" });
    const { peer, disk } = served;
    peer.ask("SET a 1");
    disk.break("sync", /1\.incr/, "EIO", 1);
    expect(peer.ask("BGREWRITEAOF")).to.contain("-ERR Can't execute an AOF background rewriting");
    expect(manifest(served)).to.have.length(2);
    expect(disk.has(`${log}/appendonly.aof.2.incr.aof`)).to.equal(false);
    peer.ask("SET a 2");
    await served.world.pass();
    expect(disk.text(`${log}/appendonly.aof.1.incr.aof`)).to.contain("$1\r\n2\r\n");
  });

  it("waits for another saver, and begins when that has ended", async () => {
    const served = await logged();
    const { peer, world } = served;
    world.savers.hold = true;
    peer.ask("SET a 1", "BGSAVE");
    expect(peer.ask("BGREWRITEAOF")).to.equal("+Background append only file rewriting scheduled\r\n");
    expect(persistenceField(served, "aof_rewrite_scheduled")).to.equal("1");
    await world.pass();
    world.savers.hold = false;
    world.savers.finishAll();
    await world.pass(200);
    expect(manifest(served)[0]).to.equal("file appendonly.aof.2.base.rdb seq 2 type b");
  });

  it("is refused while one runs, and postponed inside a transaction", async () => {
    const { peer, world } = await logged();
    world.savers.hold = true;
    expect(peer.ask("MULTI", "BGREWRITEAOF", "EXEC")).to.contain("rewriting scheduled");
    await world.pass(200);
    expect(peer.ask("BGREWRITEAOF")).to.equal("-ERR Background append only file rewriting already in progress\r\n");
  });

  it("makes just a base while there is no log, and leaves the manifest with it alone", async () => {
    const served = await serve();
    const { peer, world } = served;
    peer.ask("SET a 1", "BGREWRITEAOF");
    await world.pass();
    expect(manifest(served)).to.deep.equal(["file appendonly.aof.1.base.rdb seq 1 type b"]);
    const again = await logged({}, served.disk.powerCut());
    expect(again.peer.ask("GET a")).to.equal("$1\r\n1\r\n");
  });

  it("fails, and does not breed files, when there can be no further process", async () => {
    const served = await logged({ "auto-aof-rewrite-min-size": 1, "auto-aof-rewrite-percentage": 1 });
    const { peer, world } = served;
    world.savers.exhausted = true;
    peer.ask(`SET a ${"x".repeat(1000)}`);
    await world.pass(30_000);
    expect(manifest(served).length).to.be.below(6);
    expect(world.lines.filter((line) => line.includes("triggered the limit"))).to.have.length(1);
  });
});

describe("the automatic rewrite", () => {
  const settings = { "auto-aof-rewrite-min-size": 2000, "auto-aof-rewrite-percentage": 100 };
  const kilobyte = `SET a ${"x".repeat(1000)}`;

  it("begins when the log has grown by the percentage, and is larger than the minimum", async () => {
    const served = await logged(settings);
    const { peer, world } = served;
    peer.ask(kilobyte);
    await world.pass(200);
    expect(manifest(served)[0]).to.contain("1.base");
    peer.ask(kilobyte);
    await world.pass(200);
    expect(manifest(served)[0]).to.contain("2.base");
  });

  it("measures growth by what the last rewrite left", async () => {
    const served = await logged(settings);
    const { peer, world } = served;
    peer.ask(kilobyte, kilobyte);
    await world.pass(200);
    const size = Number(persistenceField(served, "aof_base_size"));
    expect(size).to.be.within(100, 1500);
    expect(persistenceField(served, "aof_current_size")).to.equal(String(size));
    peer.ask(kilobyte);
    await world.pass(200);
    expect(manifest(served)[0]).to.contain("2.base");
  });

  it("does not begin with a percentage of 0", async () => {
    const served = await logged({ ...settings, "auto-aof-rewrite-percentage": 0 });
    served.peer.ask(kilobyte, kilobyte, kilobyte);
    await served.world.pass(1000);
    expect(manifest(served)[0]).to.contain("1.base");
  });

  it("waits 1, 2, 4 … 60 minutes after three failures in a row, but not for who asks by hand", async () => {
    const served = await logged(settings);
    const { peer, world } = served;
    world.savers.hold = true;
    const tries: number[] = [];
    const failAll = async (minutes: number) => {
      for (let second = 0; second < minutes * 60; second++) {
        await world.pass(1000);
        const saver = world.savers.started.at(-1);
        if (world.savers.started.length > tries.length) {
          tries.push(second);
          saver?.killFromOutside("SIGKILL");
        }
      }
    };
    peer.ask(kilobyte, kilobyte);
    await failAll(8);
    // Three at once, then after 1, 2 and 4 minutes.
    expect(tries.slice(0, 3).every((second) => second < 5)).to.equal(true);
    const waits = tries.slice(3).map((second, index) => Math.round((second - (tries[index + 2] as number)) / 60));
    expect(waits).to.deep.equal([1, 2, 4]);
    expect(peer.ask("BGREWRITEAOF")).to.equal(started);
  });
});

describe("switching the log on at run time", () => {
  it("begins with a rewrite, and is a log only when that has succeeded", async () => {
    const served = await serve({ appendfsync: "always" });
    const { peer, world, server, disk } = served;
    world.savers.hold = true;
    peer.ask("SET a 1");
    server.config.set("appendonly", true);
    peer.ask("SET b 2");
    expect(persistenceField(served, "aof_enabled")).to.equal("1");
    expect(persistenceField(served, "aof_rewrite_in_progress")).to.equal("1");
    expect(disk.has(manifestPath)).to.equal(false);
    expect(disk.text(`${log}/temp-appendonly.aof.incr`)).to.contain("SET");
    expect(server.persistence.aof.durablePosition).to.equal(-1);
    await world.pass();
    world.savers.finishAll();
    await world.pass();
    expect(manifest(served)).to.deep.equal([
      "file appendonly.aof.1.base.rdb seq 1 type b",
      "file appendonly.aof.1.incr.aof seq 1 type i",
    ]);
    peer.ask("SET c 3");
    const again = await logged({}, disk.powerCut());
    expect(again.peer.ask("GET a", "GET b", "GET c")).to.equal("$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n");
  });

  it("tries again until it succeeds, with what was recorded thrown away each time", async () => {
    const served = await serve();
    const { peer, world, server, disk } = served;
    world.savers.hold = true;
    server.config.set("appendonly", true);
    peer.ask("SET a 1");
    world.savers.started[0]?.killFromOutside("SIGKILL");
    await world.pass();
    expect(disk.files()).to.deep.equal([]);
    expect(world.lines.filter((line) => line.includes("Removing the temp incr aof file"))).to.have.length(1);
    peer.ask("SET b 2");
    await world.pass(200);
    world.savers.hold = false;
    world.savers.finishAll();
    await world.pass();
    const again = await logged({}, disk.killed());
    expect(again.peer.ask("GET a", "GET b")).to.equal("$1\r\n1\r\n$1\r\n2\r\n");
  });

  it("waits for another saver, and records nothing before", async () => {
    const served = await serve();
    const { peer, world, server, disk } = served;
    world.savers.hold = true;
    peer.ask("SET a 1", "BGSAVE");
    server.config.set("appendonly", true);
    expect(persistenceField(served, "aof_rewrite_scheduled")).to.equal("1");
    peer.ask("SET b 2");
    expect(disk.has(log)).to.equal(false);
    expect(server.persistence.wanted).to.equal(false);
  });

  it("stays off, with an error, when it cannot begin", async () => {
    const served = await serve();
    served.disk.break("mkdir", /appendonlydir/, "EACCES");
    served.server.persistence;
    expect(() =>
      served.server.config.setWords([["appendonly", "yes"]], { maySetProtected: true, loading: false }),
    ).to.throw("Unable to turn on AOF");
    expect(served.server.config.get("appendonly")).to.equal(false);
    expect(persistenceField(served, "aof_enabled")).to.equal("0");
  });

  it("is refused over a log whose manifest is gone", async () => {
    const served = await serve();
    served.disk.makeDir(log);
    served.disk.put(`${log}/appendonly.aof.1.incr.aof`, "*1\r\n$4\r\nPING\r\n");
    expect(() =>
      served.server.config.setWords([["appendonly", "yes"]], { maySetProtected: true, loading: false }),
    ).to.throw("Unable to turn on AOF");
    expect(served.disk.size(`${log}/appendonly.aof.1.incr.aof`)).to.equal(14);
  });
});

describe("switching the log off", () => {
  it("makes durable what was logged, leaves the files, and ends a rewrite", async () => {
    const served = await logged({ appendfsync: "no" });
    const { peer, world, server, disk } = served;
    world.savers.hold = true;
    peer.ask("SET a 1", "BGREWRITEAOF", "SET a 2");
    server.config.set("appendonly", false);
    expect(world.lines.some((line) => /Killing.*AOF.*child/.test(line))).to.equal(true);
    expect(persistenceField(served, "aof_rewrite_in_progress")).to.equal("0");
    expect(persistenceField(served, "aof_last_bgrewrite_status")).to.equal("ok");
    peer.ask("SET a 3");
    const again = await logged({}, disk.powerCut());
    expect(again.peer.ask("GET a")).to.equal("$1\r\n2\r\n");
  });

  it("throws away what was recorded for a log that did not come to be", async () => {
    const served = await serve();
    const { peer, world, server, disk } = served;
    world.savers.hold = true;
    server.config.set("appendonly", true);
    peer.ask("SET a 1");
    server.config.set("appendonly", false);
    await world.pass(1000);
    expect(disk.files()).to.deep.equal([]);
    expect(persistenceField(served, "aof_rewrite_scheduled")).to.equal("0");
  });
});
