import { expect } from "chai";
import { FakeDisk } from "../tests/worlds/fake-disk.ts";
import { refusal, serve } from "../tests/worlds/served.ts";
import { formatRecord } from "./aof/record-buffer.ts";

const log = "/d/appendonlydir";
const manifestPath = `${log}/appendonly.aof.manifest`;
const settings = { appendonly: true, appendfsync: "always" } as const;
const savePoint = [{ seconds: 3600, changes: 1 }];

describe("the first start with a log", () => {
  it("makes folder, base, incr file and manifest durable in this order", async () => {
    const { disk } = await serve(settings);
    const steps = disk.journal.filter((line) => !line.startsWith("write"));
    expect(steps).to.deep.equal([
      `mkdir ${log}`,
      "syncdir /d",
      "syncdir /d",
      "create /d/temp-rewriteaof-4242.aof",
      "sync /d/temp-rewriteaof-4242.aof",
      "rename /d/temp-rewriteaof-4242.aof /d/temp-rewriteaof-bg-4242.aof",
      `rename /d/temp-rewriteaof-bg-4242.aof ${log}/appendonly.aof.1.base.rdb`,
      `syncdir ${log}`,
      "syncdir /d",
      `create ${log}/appendonly.aof.1.incr.aof`,
      `syncdir ${log}`,
      `create ${log}/temp-appendonly.aof.manifest`,
      `sync ${log}/temp-appendonly.aof.manifest`,
      `rename ${log}/temp-appendonly.aof.manifest ${manifestPath}`,
      `syncdir ${log}`,
    ]);
    expect(disk.powerCut().text(manifestPath)).to.equal(
      "file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n",
    );
  });

  it("writes a base of commands where that is asked for", async () => {
    const { disk } = await serve({ ...settings, "aof-use-rdb-preamble": false });
    expect(disk.text(`${log}/appendonly.aof.1.base.aof`)).to.equal("");
  });

  it("succeeds after an interruption at any step", async () => {
    const first = await serve(settings);
    for (let cut = 0; cut <= first.disk.journal.length; cut++) {
      const disk = new FakeDisk("/d");
      let steps = 0;
      const found: FakeDisk[] = [];
      const push = disk.journal.push.bind(disk.journal);
      disk.journal.push = (...lines) => {
        const count = push(...lines);
        if (++steps === cut) found.push(disk.killed(), disk.powerCut());
        return count;
      };
      await serve(settings, disk);
      for (const left of found) {
        const again = await serve(settings, left);
        expect(again.peer.ask("SET a 1"), `after step ${cut}`).to.equal("+OK\r\n");
        expect(left.files().filter((path) => path.includes("temp-rewriteaof"))).to.deep.equal([]);
      }
    }
  });
});

describe("the start", () => {
  it("loads the log and nothing else when there is to be one, dump.rdb alone when there is not", async () => {
    const first = await serve({});
    first.peer.ask("SET of snapshot", "SAVE");
    const withLog = await serve(settings, first.disk.killed());
    expect(withLog.peer.ask("GET of")).to.equal("$-1\r\n");
    withLog.peer.ask("SET of log");
    const without = await serve({}, withLog.disk.killed());
    expect(without.peer.ask("GET of")).to.equal("$8\r\nsnapshot\r\n");
    const again = await serve(settings, withLog.disk.killed());
    expect(again.peer.ask("GET of")).to.equal("$3\r\nlog\r\n");
  });

  it("loads the dump that dbfilename names, whatever others lie beside it", async () => {
    const first = await serve({ dbfilename: "b.rdb" });
    first.peer.ask("SET a 1", "SAVE");
    const other = await serve({ dbfilename: "a.rdb" }, first.disk.killed());
    expect(other.server.keyspace.size).to.equal(0);
    other.peer.ask("SAVE");
    const again = await serve({ dbfilename: "b.rdb" }, other.disk.killed());
    expect(again.peer.ask("GET a")).to.equal("$1\r\n1\r\n");
  });

  it("drops from a dump what has expired meanwhile, and counts it", async () => {
    const first = await serve({});
    first.server.keyspace.db(0).add("past", "value", first.world.clock.wallMs() + 10);
    first.server.keyspace.db(0).add("future", "value", first.world.clock.wallMs() + 1e9);
    first.peer.ask("SAVE");
    const world = first.disk.killed();
    // A new world begins at the same time: let the key be past by then.
    const kept = await serve({}, world);
    expect(kept.server.persistence.progress).to.include({ keysLoaded: 2, keysExpired: 0 });
    const late = await serve({}, await laterDump());
    expect(late.server.persistence.progress).to.include({ keysLoaded: 1, keysExpired: 1 });
  });

  async function laterDump(): Promise<FakeDisk> {
    const first = await serve({});
    first.server.keyspace.expiry = "off";
    first.server.keyspace.db(0).add("past", "value", first.world.clock.wallMs() - 10);
    first.server.keyspace.db(0).add("future", "value", first.world.clock.wallMs() + 1e9);
    first.peer.ask("SAVE");
    return first.disk.killed();
  }

  it("ends with path and offset at a dump that is damaged, and leaves it as it is", async () => {
    const first = await serve({});
    first.peer.ask("SET a 1", "SAVE");
    const good = first.disk.text("/d/dump.rdb");
    for (const bad of [good.slice(0, -9), good.replace("redis-ver", "redis-vex"), "", "nonsense nonsense"]) {
      const disk = new FakeDisk("/d");
      disk.put("/d/dump.rdb", bad);
      expect(await refusal({}, disk)).to.match(/Fatal error loading the DB: \/d\/dump.rdb: damaged at offset \d+/);
      expect(disk.text("/d/dump.rdb")).to.equal(bad);
    }
  });

  it("ends at a folder that cannot be read", async () => {
    expect(await refusal({ dir: "/missing" }, new FakeDisk("/d"))).to.contain("/missing");
  });

  it("ends at a manifest that is wrong, and shows the line", async () => {
    const disk = new FakeDisk("/d", log);
    disk.put(manifestPath, "file a seq 1 type b\nfile b seq 2 type b\n");
    expect(await refusal(settings, disk)).to.contain("Found duplicate base file information");
  });

  it("removes what savers left that are gone, and nothing of those that live", async () => {
    const disk = new FakeDisk("/d");
    for (const name of ["temp-71.rdb", "temp-rewriteaof-72.aof", "temp-rewriteaof-bg-73.aof", "temp-74.rdb.bak"]) {
      disk.put(`/d/${name}`, "half a file");
    }
    const { world } = await serve({}, disk);
    expect(disk.files()).to.deep.equal(["/d/temp-74.rdb.bak"]);
    expect(world.lines.filter((line) => line.includes("Removing"))).to.have.length(3);
  });
});

describe("a log without its manifest", () => {
  it("ends the start, says how to repair it, and changes nothing", async () => {
    const first = await serve(settings);
    first.peer.ask("SET a 1");
    const disk = first.disk.killed();
    const lines = disk.text(manifestPath);
    disk.remove(manifestPath);
    disk.journal.length = 0;
    const said = await refusal(settings, disk);
    expect(said).to.contain("holds a log but no manifest");
    expect(disk.journal).to.deep.equal([]);
    // What it says is what to do.
    for (const line of lines.trimEnd().split("\n")) expect(said).to.contain(line);
    disk.put(manifestPath, lines);
    const again = await serve(settings, disk.killed());
    expect(again.peer.ask("GET a")).to.equal("$1\r\n1\r\n");
  });

  it("ends the start at a base alone, of either form, when it holds keys", async () => {
    for (const preamble of [true, false]) {
      const first = await serve({ ...settings, "aof-use-rdb-preamble": preamble });
      first.peer.ask("SET a 1", "BGREWRITEAOF");
      await first.world.pass();
      const disk = first.disk.killed();
      disk.remove(manifestPath);
      expect(await refusal({ ...settings, "aof-use-rdb-preamble": preamble }, disk)).to.contain("no manifest");
    }
  });

  it("does not matter to a server that keeps no log, nor to one of another name", async () => {
    const disk = new FakeDisk("/d", log);
    disk.put(`${log}/appendonly.aof.1.incr.aof`, formatRecord(["SET", "a", "1"]));
    await serve({}, disk.killed());
    await serve({ ...settings, appendfilename: "other.aof" }, disk.killed());
  });
});

describe("a second server on the same data", () => {
  it("does not start, says who has it, and overwrites nothing", async () => {
    for (const one of [settings, { save: savePoint }]) {
      const first = await serve(one);
      first.disk.journal.length = 0;
      expect(await refusal(one, first.disk)).to.match(/is in use by another one/);
      expect(first.disk.journal).to.deep.equal([]);
    }
  });

  it("starts where each has files of its own", async () => {
    const first = await serve({ ...settings, save: savePoint });
    await serve({ ...settings, appendfilename: "other.aof", save: savePoint }, first.disk);
    await serve({ dbfilename: "other.rdb", save: savePoint }, first.disk);
  });

  it("starts, with a warning, when neither saves by itself", async () => {
    const first = await serve({});
    const second = await serve({}, first.disk);
    expect(second.world.lines.some((line) => line.includes("shares its folder"))).to.equal(true);
  });
});
