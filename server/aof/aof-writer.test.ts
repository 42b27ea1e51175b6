import { expect } from "chai";
import { ManualWorld } from "../../tests/worlds/manual-world.ts";
import { Config, type Settings } from "../config/config.ts";
import { ServerLog } from "../server-log.ts";
import { AofWriter } from "./aof-writer.ts";
import { formatRecord } from "./record-buffer.ts";

const path = "/d/incr";
const plain = { chain: undefined, isDurable: false };
const set = formatRecord(["SET", "k", "v"]);
const select = formatRecord(["SELECT", "0"]);

function bench(settings: Partial<Settings>) {
  const world = new ManualWorld();
  const { disk, clock } = world;
  const config = new Config(settings);
  const owner = {
    isSaving: false,
    syncedTo: [] as number[],
    settleNames: (): void => undefined,
    drawFileId: () => "00000000000000aa",
    synced: () => void owner.syncedTo.push(writer.syncedPosition),
  };
  const log = new ServerLog(world, config);
  const writer: AofWriter = new AofWriter(config, owner, { clock, process: world.process, log });
  writer.open(disk.open(path, "append"), plain);
  disk.syncDir("/d");
  disk.journal.length = 0;
  const write = (count = 1) => {
    for (let i = 0; i < count; i++) writer.append(0, ["SET", "k", "v"]);
    writer.flush();
  };
  return { world, disk, clock, owner, writer, write };
}

describe("writing the log", () => {
  it("writes a turn's records in one write, and SELECT only when the database changes", () => {
    const { disk, writer } = bench({ appendfsync: "no" });
    writer.append(0, ["SET", "k", "v"]);
    writer.append(0, ["SET", "k", "v"]);
    writer.append(3, ["SET", "k", "v"]);
    writer.flush();
    expect(disk.text(path)).to.equal(select + set + set + formatRecord(["SELECT", "3"]) + set);
    expect(disk.journal.filter((line) => line.startsWith("write"))).to.have.length(1);
  });

  it("begins every file with SELECT, because each is replayed from database 0", () => {
    const { disk, writer, write } = bench({ appendfsync: "no" });
    writer.append(3, ["SET", "k", "v"]);
    writer.flush();
    writer.open(disk.open("/d/next", "append"), plain);
    write();
    writer.append(3, ["SET", "k", "v"]);
    writer.flush();
    expect(disk.text("/d/next")).to.equal(select + set + formatRecord(["SELECT", "3"]) + set);
  });

  it("notes the time before a record when the second has changed", async () => {
    const { world, disk, clock, write } = bench({ appendfsync: "no", "aof-timestamp-enabled": true });
    const second = clock.wallMs() / 1000;
    write();
    write();
    await world.pass(1000);
    write();
    expect(disk.text(path)).to.equal(`#TS:${second}\r\n${select}${set}${set}#TS:${second + 1}\r\n${set}`);
  });

  it("takes records of any size and byte", () => {
    const { disk, writer } = bench({ appendfsync: "no" });
    const value = "\0\xff\r\n".repeat(1_000_000);
    writer.append(0, ["SET", "k", value]);
    writer.append(0, ["SET", "k", "v"]);
    writer.flush();
    expect(disk.text(path)).to.equal(select + formatRecord(["SET", "k", value]) + set);
  });
});

describe("appendfsync always", () => {
  it("has synced what was appended when flush returns", () => {
    const { disk, writer, write } = bench({ appendfsync: "always" });
    write();
    expect(disk.powerCut().text(path)).to.equal(select + set);
    expect(disk.journal).to.deep.equal([`write ${path} ${select.length + set.length}`, `sync ${path}`]);
    expect(writer.syncedPosition).to.equal(writer.position);
  });

  it("ends the process when the write fails, before anything else is done", () => {
    const { world, disk, write } = bench({ appendfsync: "always" });
    disk.break("write", /incr/, "EIO");
    expect(() => write()).to.throw("the process ended");
    expect(world.exitCode).to.equal(1);
  });

  it("ends the process when the sync fails", () => {
    const { world, disk, write } = bench({ appendfsync: "always" });
    disk.break("sync", /incr/, "EIO");
    expect(() => write()).to.throw("the process ended");
    expect(world.exitCode).to.equal(1);
    expect(world.lines.at(-1)).to.contain("Input/output error");
  });

  it("ends the process when the name of the file cannot be made durable", () => {
    const { disk, owner, write } = bench({ appendfsync: "always" });
    owner.settleNames = () => disk.step("syncdir", "/d");
    disk.break("syncdir", /d/, "EIO");
    expect(() => write()).to.throw("the process ended");
  });

  it("cuts a short write off again before it ends", () => {
    const { disk, write } = bench({ appendfsync: "always" });
    write();
    disk.freeBytes = 10;
    expect(() => write()).to.throw("the process ended");
    expect(disk.text(path)).to.equal(select + set);
  });
});

describe("appendfsync everysec", () => {
  it("syncs at once after a pause, and then a second after the last sync began, without any further write", async () => {
    const { world, disk, writer, write } = bench({ appendfsync: "everysec" });
    write();
    await world.pass();
    expect(writer.syncedPosition).to.equal(writer.position);
    await world.pass(300);
    write();
    await world.pass(699);
    expect(writer.syncedPosition).to.be.below(writer.position);
    await world.pass(1);
    expect(writer.syncedPosition).to.equal(writer.position);
    expect(disk.journal.filter((line) => line.startsWith("sync-end"))).to.have.length(2);
  });

  it("does not sync what is already durable", async () => {
    const { world, disk, write } = bench({ appendfsync: "everysec" });
    write();
    await world.pass(10_000);
    expect(disk.journal.filter((line) => line.startsWith("sync"))).to.have.length(2);
  });

  it("counts as durable what was written when a sync began, once it has ended", async () => {
    const { world, disk, owner, writer, write } = bench({ appendfsync: "everysec" });
    disk.syncsWait = true;
    write();
    const first = writer.position;
    await world.pass();
    expect(writer.syncedPosition).to.equal(0);
    write();
    await disk.finishSyncs();
    expect(owner.syncedTo).to.deep.equal([first]);
    expect(writer.position).to.be.above(first);
  });

  it("keeps writes back while a sync runs, and writes them when it ends", async () => {
    const { world, disk, writer, write } = bench({ appendfsync: "everysec" });
    disk.syncsWait = true;
    write();
    const size = disk.size(path);
    write();
    await world.pass(1500);
    expect(disk.size(path)).to.equal(size);
    expect(writer.bufferedBytes).to.equal(set.length);
    await disk.finishSyncs();
    expect(disk.size(path)).to.equal(size + set.length);
    expect(writer.delayedSyncCount).to.equal(0);
  });

  it("does not keep them back for longer than two seconds, and counts that", async () => {
    const { world, disk, writer, write } = bench({ appendfsync: "everysec" });
    disk.syncsWait = true;
    write();
    write();
    await world.pass(1999);
    writer.tick();
    expect(writer.bufferedBytes).to.be.above(0);
    await world.pass(1);
    writer.tick();
    expect(writer.bufferedBytes).to.equal(0);
    expect(writer.delayedSyncCount).to.equal(1);
  });

  it("refuses new writes after a failed sync, tries again each second, and recovers", async () => {
    const { world, disk, writer, write } = bench({ appendfsync: "everysec" });
    disk.break("sync", /incr/, "EIO");
    write();
    await world.pass();
    expect(writer.error?.reason).to.equal("Input/output error");
    expect(writer.syncedPosition).to.equal(0);
    disk.mend();
    await world.pass(999);
    expect(writer.error).to.not.equal(undefined);
    await world.pass(1);
    expect(writer.error).to.equal(undefined);
    expect(writer.syncedPosition).to.equal(writer.position);
  });

  it("syncs what an earlier process left in the file, even if nothing is ever written to it", async () => {
    const { world, disk, writer } = bench({ appendfsync: "everysec" });
    disk.put("/d/left", set);
    writer.open(disk.open("/d/left", "append"), plain);
    writer.flush();
    await world.pass();
    expect(disk.journal).to.include("sync-end /d/left");
  });
});

describe("appendfsync no", () => {
  it("writes and never syncs", async () => {
    const { world, disk, write } = bench({ appendfsync: "no" });
    write();
    await world.pass(60_000);
    expect(disk.journal.filter((line) => line.startsWith("sync"))).to.deep.equal([]);
    expect(disk.text(path)).to.equal(select + set);
  });
});

describe("no-appendfsync-on-rewrite", () => {
  for (const appendfsync of ["always", "everysec"] as const) {
    it(`does not sync under ${appendfsync} while a saver is at work, and does afterwards`, async () => {
      const { world, disk, owner, writer, write } = bench({ appendfsync, "no-appendfsync-on-rewrite": true });
      owner.isSaving = true;
      write();
      await world.pass(5000);
      writer.tick();
      expect(disk.journal.filter((line) => line.startsWith("sync"))).to.deep.equal([]);
      owner.isSaving = false;
      writer.tick();
      await world.pass();
      expect(writer.syncedPosition).to.equal(writer.position);
    });
  }
});

describe("a disk that is full or broken", () => {
  it("leaves no part of a record behind, refuses writes, and writes everything once there is room", async () => {
    const { world, disk, writer, write } = bench({ appendfsync: "everysec" });
    write();
    await world.pass();
    disk.freeBytes = 10;
    write(2);
    expect(disk.text(path)).to.equal(select + set);
    expect(writer.error?.code).to.equal("ENOSPC");
    disk.mend();
    await world.pass(999);
    writer.tick();
    expect(writer.error?.code).to.equal("ENOSPC");
    await world.pass(1);
    writer.tick();
    expect(writer.error).to.equal(undefined);
    expect(disk.text(path)).to.equal(select + set + set + set);
    expect(world.lines.at(-1)).to.contain("AOF write error looks solved");
  });

  it("is synced in time with what it took before, although it takes no more", async () => {
    const { world, disk, writer, write } = bench({ appendfsync: "everysec" });
    write();
    await world.pass(10);
    write();
    const writtenPosition = writer.position;
    await world.pass(10);
    disk.break("write", /incr/, "ENOSPC");
    write();
    expect(writer.syncedPosition).to.be.lessThan(writtenPosition);
    await world.pass(1000);
    writer.tick();
    await world.pass(10);
    expect(writer.syncedPosition).to.equal(writtenPosition);
  });

  it("goes on right behind what was written when it cannot be cut off", async () => {
    const { world, disk, writer, write } = bench({ appendfsync: "everysec" });
    disk.freeBytes = 10;
    disk.break("truncate", /incr/, "EIO");
    write();
    expect(disk.size(path)).to.equal(10);
    disk.mend();
    await world.pass(1000);
    writer.tick();
    expect(disk.text(path)).to.equal(select + set);
  });

  it("says so once in half a minute, not in every turn", async () => {
    const { world, disk, writer, write } = bench({ appendfsync: "everysec" });
    disk.break("write", /incr/, "ENOSPC");
    write();
    for (let second = 0; second < 29; second++) {
      await world.pass(1000);
      writer.tick();
    }
    expect(world.lines.filter((line) => line.includes("Error writing"))).to.have.length(1);
    await world.pass(1000);
    writer.tick();
    expect(world.lines.filter((line) => line.includes("Error writing"))).to.have.length(2);
  });
});
