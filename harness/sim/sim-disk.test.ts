import { expect } from "chai";
import type { DiskFile } from "../../server/world/world.ts";
import { DiskError, HeldError } from "../../server/world/world.ts";
import { PlainProcess, PlainTime } from "../../tests/worlds/plain-time.ts";
import { crashPointAt } from "../disk/crash-points.ts";
import { crashStates } from "../disk/crash-states.ts";
import type { DiskFault } from "../disk/disk-fault.ts";
import { diskModelNamed } from "../disk/disk-models.ts";
import type { Image } from "../disk/image.ts";
import { Timeline } from "../disk/timeline.ts";
import { randomFrom } from "../random.ts";
import type { JournalRecord } from "../recording/journal.ts";
import { SimDisk, type SimStrike } from "./sim-disk.ts";
import { WorldEnded } from "./sim-time.ts";

const bytes = (text: string) => Buffer.from(text, "latin1");
const text = (file: DiskFile) => Buffer.from(file.read(0, file.size())).toString("latin1");
const slowSyncs: DiskFault = {
  kind: "delay",
  name: "slow",
  when: { on: ["fdatasync", "fsyncdir"] },
  delays: { kind: "fixed", ms: 100 },
};

function setUp(image: Image = new Map()) {
  const time = new PlainTime();
  const strikes: SimStrike[] = [];
  const kill = (strike: SimStrike) => {
    strikes.push(strike);
    (strike.process as PlainProcess).isAlive = false;
  };
  const disk = SimDisk.with(image, { time, kill });
  const process = new PlainProcess(7);
  return { time, strikes, kill, disk, process, mine: disk.of(process) };
}

const kinds = (records: readonly JournalRecord[]) => records.map(({ kind }) => kind);
const contentOf = async (disk: SimDisk) =>
  Object.fromEntries(
    [...(await disk.image())].map(([path, node]) => [
      path,
      node.kind === "file" ? Buffer.from(node.bytes).toString("latin1") : "/",
    ]),
  );

/** What a disk model leaves at the end of the journal, as text. */
function leftBy(disk: SimDisk, model: string): Record<string, string>[] {
  const { journal } = disk;
  const points = [crashPointAt(journal, journal.records.length, Number.MAX_SAFE_INTEGER)];
  const exploration = { models: [diskModelNamed(model)], random: randomFrom("states"), setsMax: 1000 };
  return [...crashStates(new Timeline(journal), points, exploration)].map((state) =>
    Object.fromEntries(
      state.files.map((file) => [file.path, Buffer.from(file.view().read(0, file.sizeBytes)).toString("latin1")]),
    ),
  );
}

describe("a simulated disk", () => {
  it("writes the journal that a recorded volume would, with the process that asked", () => {
    const { disk, mine } = setUp();
    mine.makeDir("/data/dir");
    const file = mine.open("/data/dir/temp", "create");
    file.append(bytes("one"));
    file.syncNow();
    mine.rename("/data/dir/temp", "/data/dir/log");
    mine.syncDir("/data/dir");
    file.truncate(1);
    file.close();
    mine.remove("/data/dir/log");
    const [settled, ...records] = disk.journal.records;
    expect(settled?.kind).to.equal("settled");
    expect(records.map(({ stampNs, ...record }) => record)).to.deep.equal([
      { kind: "mkdir", tid: 7, inode: 2, parent: 1, path: "dir" },
      { kind: "create", type: "file", tid: 7, inode: 3, parent: 2, path: "dir/temp" },
      { kind: "write", tid: 7, inode: 3, path: "dir/temp", offset: 0, dataOffset: 0, length: 3 },
      { kind: "sync-start", tid: 7, inode: 3, path: "dir/temp", scope: "data" },
      { kind: "sync-end", tid: 7, inode: 3, path: "dir/temp", start: 4, ok: true },
      { kind: "rename", tid: 7, inode: 3, parent: 2, path: "dir/log", fromParent: 2, fromPath: "dir/temp" },
      { kind: "sync-start", tid: 7, inode: 2, path: "dir", scope: "directory" },
      { kind: "sync-end", tid: 7, inode: 2, path: "dir", start: 7, ok: true },
      { kind: "truncate", tid: 7, inode: 3, path: "dir/log", size: 1 },
      { kind: "unlink", tid: 7, inode: 3, parent: 2, path: "dir/log" },
    ]);
  });

  it("keeps what a dead process wrote, and its successor goes on in the same journal", async () => {
    const { disk, process, mine } = setUp();
    mine.open("/data/log", "create").append(bytes("written"));
    process.isAlive = false;
    disk.processEnded(process);
    const heir = disk.of(new PlainProcess(8));
    const file = heir.open("/data/log", "append");
    file.append(bytes(" on"));
    expect(text(file)).to.equal("written on");
    // Nobody ever synced it: a power cut now may still take all of it (S7).
    expect(leftBy(disk, "ordered")).to.deep.equal([{}]);
    expect(leftBy(disk, "process-crash")).to.deep.equal([{ log: "written on" }]);
    expect(await contentOf(disk)).to.deep.equal({ log: "written on" });
  });

  it("starts with an image as durable, and goes on from a journal with what is pending there", () => {
    const image: Image = new Map([["log", { kind: "file", bytes: bytes("laid ") }]]);
    const { disk, mine, time } = setUp(image);
    mine.open("/data/log", "append").append(bytes("written"));
    expect(leftBy(disk, "ordered")).to.deep.equal([{ log: "laid " }]);

    const next = SimDisk.continuing(disk.journal, disk.journal.records.length, { time });
    const file = next.of(new PlainProcess(9)).open("/data/log", "append");
    expect(text(file)).to.equal("laid written");
    expect(leftBy(next, "ordered")).to.deep.equal([{ log: "laid " }]);
    file.syncNow();
    expect(leftBy(next, "ordered")).to.deep.equal([{ log: "laid written" }]);
    expect(leftBy(disk, "ordered")).to.deep.equal([{ log: "laid " }]);
  });

  it("is the same again when the same is asked of it", () => {
    const run = () => {
      const { disk, time, mine } = setUp();
      disk.arm({ ...slowSyncs, delays: { kind: "uniform", fromMs: 1, toMs: 50 } }, "seed");
      const file = mine.open("/data/log", "create");
      for (let count = 0; count < 20; count++) {
        file.append(bytes(`${count} `));
        void file.sync();
        time.pass(7);
      }
      return disk.journal.records;
    };
    expect(run()).to.deep.equal(run());
  });

  it("keeps a file that has no name any more as long as it is open", async () => {
    const { disk, mine } = setUp();
    const file = mine.open("/data/log", "create");
    file.append(bytes("unlinked, and open"));
    mine.remove("/data/log");
    expect(text(file)).to.equal("unlinked, and open");
    file.append(bytes("!"));
    expect(disk.journal.records.at(-1)).to.not.have.property("path");
    expect(await contentOf(disk)).to.deep.equal({});
  });
});

describe("time on a simulated disk", () => {
  it("goes on in a synchronous sync, and others go on with it", () => {
    const { disk, time, mine } = setUp();
    disk.arm(slowSyncs, "seed");
    const saver = disk.of(new PlainProcess(8));
    const file = mine.open("/data/log", "create");
    file.append(bytes("x"));
    time.after(40, () => saver.open("/data/other", "create").append(bytes("meanwhile")));
    file.syncNow();
    expect(time.nowMs).to.equal(100);
    expect(kinds(disk.journal.records).slice(3)).to.deep.equal(["fault", "sync-start", "create", "write", "sync-end"]);
  });

  it("covers with a background sync what was appended before it, and tells on a later turn", async () => {
    const { disk, time, mine } = setUp();
    disk.arm(slowSyncs, "seed");
    const file = mine.open("/data/log", "create");
    file.append(bytes("one"));
    let isOver = false;
    const sync = file.sync().then(() => {
      isOver = true;
    });
    file.append(bytes("two"));
    expect(leftBy(disk, "ordered")).to.deep.equal([{}]);
    time.pass(100);
    expect(isOver).to.equal(false);
    await sync;
    expect(isOver).to.equal(true);
    expect(leftBy(disk, "ordered")).to.deep.equal([{ log: "one" }]);
  });

  it("gives a saver's operations a place in the schedule, each of them", () => {
    const { disk, time, mine } = setUp();
    const steps: number[] = [];
    time.beforeStep = ({ pid }) => steps.push(pid);
    const saver = disk.of(new PlainProcess(8));
    const file = saver.open("/data/temp", "create");
    mine.makeDir("/data/dir");
    file.append(bytes("x"));
    file.syncNow();
    saver.rename("/data/temp", "/data/base");
    expect(steps).to.deep.equal([8, 7, 8, 8, 8]);
  });
});

describe("a dead process", () => {
  it("is thrown out of whatever it asks the disk for", async () => {
    const { process, mine } = setUp();
    const file = mine.open("/data/log", "create");
    process.isAlive = false;
    const asks: (() => unknown)[] = [
      () => file.append(bytes("x")),
      () => file.read(0, 1),
      () => file.size(),
      () => file.truncate(0),
      () => file.syncNow(),
      () => file.sync(),
      () => file.close(),
      () => mine.open("/data/log", "read"),
      () => mine.kind("/data/log"),
      () => mine.size("/data/log"),
      () => mine.list("/data"),
      () => mine.rename("/data/log", "/data/b"),
      () => mine.remove("/data/log"),
      () => mine.makeDir("/data/dir"),
      () => mine.syncDir("/data"),
      () => mine.syncDirInBackground("/data"),
      () => mine.lock("/data", "x"),
    ];
    for (const ask of asks) expect(ask, ask.toString()).to.throw(WorldEnded);
  });

  it("never hears of the sync that it began, which ends without it", async () => {
    const { disk, time, process, mine } = setUp();
    disk.arm(slowSyncs, "seed");
    const file = mine.open("/data/log", "create");
    file.append(bytes("x"));
    let heard = false;
    const hear = () => {
      heard = true;
    };
    file.sync().then(hear, hear);
    time.pass(50);
    process.isAlive = false;
    disk.processEnded(process);
    time.pass(50);
    await new Promise((resolve) => setImmediate(resolve));
    expect(heard).to.equal(false);
    expect(leftBy(disk, "ordered")).to.deep.equal([{ log: "x" }]);
  });

  it("does not come back from a sync during which it was killed", () => {
    const { disk, time, process, mine } = setUp();
    disk.arm(slowSyncs, "seed");
    const file = mine.open("/data/log", "create");
    file.append(bytes("x"));
    time.after(30, () => {
      process.isAlive = false;
    });
    expect(() => file.syncNow()).to.throw(WorldEnded);
    expect(time.nowMs).to.equal(30);
    expect(disk.journal.records.at(-1)?.kind).to.equal("sync-start");
    time.pass(100);
    expect(disk.journal.records.at(-1)?.kind).to.equal("sync-end");
  });

  it("holds no lock", async () => {
    const { disk, process, mine } = setUp();
    await mine.lock("/data", "log");
    const other = disk.of(new PlainProcess(8));
    const refused = await other.lock("/data", "log").catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(HeldError).with.property("holder", "process 7");
    await other.lock("/data", "another");
    process.isAlive = false;
    await other.lock("/data", "log");
  });
});

describe("faults of a simulated disk", () => {
  const codeOf = (act: () => unknown): string => {
    try {
      act();
    } catch (error) {
      if (error instanceof DiskError) return error.code;
      throw error;
    }
    return "none";
  };

  it("fail reads, writes and syncs; a failed sync covers nothing, and no later one covers what it should have", async () => {
    const { disk, time, mine } = setUp();
    const file = mine.open("/data/log", "create");
    file.append(bytes("lost"));
    file.syncNow();
    disk.arm(
      { kind: "error", name: "bad", when: { on: ["read", "write", "fdatasync"], nth: { first: 2 } }, code: "EIO" },
      "s",
    );
    file.append(bytes(" or not"));
    expect(codeOf(() => file.syncNow())).to.equal("EIO");
    expect(codeOf(() => file.append(bytes("x")))).to.equal("EIO");
    expect(codeOf(() => file.read(0, 1))).to.equal("EIO");
    const background = file.sync().then(
      () => "fine",
      (error: DiskError) => error.code,
    );
    time.pass(0);
    expect(await background).to.equal("EIO");
    disk.disarm("bad");
    file.syncNow();
    expect(leftBy(disk, "ordered")).to.have.deep.members([{ log: "lost or not" }, { log: "lost" }]);
  });

  it("run the disk full after so many bytes, shorten the last write, and heal", () => {
    const { disk, time, mine } = setUp();
    const file = mine.open("/data/log", "create");
    file.append(bytes("1234"));
    disk.arm({ kind: "full", name: "full", freeBytes: 6, window: { fromMs: 0, toMs: 1000 } }, "s");
    expect(file.append(bytes("5678"))).to.equal(4);
    expect(file.append(bytes("90ab"))).to.equal(2);
    expect(codeOf(() => file.append(bytes("ab")))).to.equal("ENOSPC");
    file.truncate(9);
    expect(file.append(bytes("0ab"))).to.equal(1);
    time.pass(1000);
    expect(file.append(bytes("ab"))).to.equal(2);
    expect(text(file)).to.equal("1234567890ab");
  });

  it("shorten a write", () => {
    const { disk, mine } = setUp();
    disk.arm({ kind: "short", name: "short", when: { on: ["write"], path: "*.aof" }, bytes: 3 }, "s");
    expect(mine.open("/data/a.aof", "create").append(bytes("12345"))).to.equal(3);
    expect(mine.open("/data/b", "create").append(bytes("12345"))).to.equal(5);
  });

  it("turn one bit of a file over, the same one at each read, and leave the file alone", async () => {
    const { disk, mine } = setUp();
    const file = mine.open("/data/log", "create");
    const good = "a".repeat(100);
    file.append(bytes(good));
    disk.arm({ kind: "flip", name: "rot", when: { on: ["read"] } }, "s");
    const bad = text(file);
    expect(bad).to.not.equal(good);
    expect([...bad].filter((letter) => letter !== "a")).to.have.length(1);
    expect(text(file)).to.equal(bad);
    expect([...Array(100).keys()].map((at) => Buffer.from(file.read(at, 1)).toString("latin1")).join("")).to.equal(bad);
    expect(await contentOf(disk)).to.deep.equal({ log: good });
    disk.disarm("rot");
    expect(text(file)).to.equal(good);
  });

  it("stall an operation until they are released", () => {
    const { disk, time, mine } = setUp();
    const file = mine.open("/data/log", "create");
    disk.arm({ kind: "stall", name: "stall", when: { on: ["write", "fdatasync"] } }, "s");
    time.after(500, () => disk.release("stall"));
    file.append(bytes("x"));
    expect(time.nowMs).to.equal(500);
    time.after(500, () => disk.disarm("stall"));
    file.syncNow();
    expect(time.nowMs).to.equal(1000);
    file.append(bytes("x"));
    expect(time.nowMs).to.equal(1000);
  });

  it("kill exactly before an operation, or after it and before the process hears of it", () => {
    for (const [side, left] of [
      ["before", ["settled", "create", "fault"]],
      ["after", ["settled", "create", "fault", "write"]],
    ] as const) {
      const { disk, strikes, mine } = setUp();
      const file = mine.open("/data/log", "create");
      disk.arm({ kind: "kill", name: "axe", when: { on: ["write"] }, side, scope: "tree" }, "s");
      expect(() => file.append(bytes("x"))).to.throw(WorldEnded);
      expect(kinds(disk.journal.records)).to.deep.equal(left);
      expect(strikes.map(({ fault, scope, path, records }) => ({ fault, scope, path, records }))).to.deep.equal([
        { fault: "axe", scope: "tree", path: "log", records: left.length },
      ]);
    }
  });

  it("kill after a sync that is durable then, and that nobody was told of", () => {
    const { disk, mine } = setUp();
    const file = mine.open("/data/log", "create");
    file.append(bytes("x"));
    disk.arm({ kind: "kill", name: "axe", when: { on: ["fdatasync"] }, side: "after", scope: "process" }, "s");
    expect(() => file.syncNow()).to.throw(WorldEnded);
    expect(leftBy(disk, "ordered")).to.deep.equal([{ log: "x" }]);
  });

  it("are in the journal before what they did", () => {
    const { disk, mine } = setUp();
    disk.arm({ kind: "short", name: "short", when: { on: ["write"] }, bytes: 1 }, "s");
    mine.open("/data/log", "create").append(bytes("xy"));
    const [fault, write] = disk.journal.records.slice(2);
    expect(fault).to.include({ kind: "fault", fault: "short", operation: "write", path: "log", tid: 7 });
    expect(write).to.include({ kind: "write", length: 1 });
  });
});
