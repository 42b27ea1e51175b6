import { expect } from "chai";
import { replayPlainly } from "../../tests/file-system/plain-replay.ts";
import { needExecutable } from "../../tests/needs.ts";
import { RecordedGround } from "../../tests/recorded/ground.ts";
import type { Image } from "../disk/image.ts";
import type { JournalRecord } from "../recording/journal.ts";
import { findProcess } from "../targets/process-table.ts";

describe("a recorded volume", () => {
  let ground: RecordedGround;

  beforeEach(async function () {
    ground = await RecordedGround.create(this);
  });

  afterEach(async () => {
    await ground.clear();
  });

  const text = (image: Image, path: string) => {
    const node = image.get(path);
    return node?.kind === "file" ? Buffer.from(node.bytes).toString("latin1") : undefined;
  };

  const of = <K extends JournalRecord["kind"]>(records: readonly JournalRecord[], kind: K) =>
    records.filter((record): record is Extract<JournalRecord, { kind: K }> => record.kind === kind);

  it("is empty for everybody who does not live in it", async () => {
    await ground.shell("echo inside > f");
    const { readdirSync } = await import("node:fs");
    expect(readdirSync(ground.volume.dir)).to.deep.equal([]);
    expect([...(await ground.volume.image()).keys()]).to.deep.equal(["f"]);
  });

  it("stamps what was done before whoever asked is told (S2), on the clock that all processes share", async () => {
    const told = await ground.node(`
      const fd = fs.openSync(at("f"), "w");
      const stamps = [];
      for (let count = 0; count < 20; count++) {
        const before = process.hrtime.bigint();
        fs.writeSync(fd, "x");
        fs.fdatasyncSync(fd);
        stamps.push([String(before), String(process.hrtime.bigint())]);
      }
      console.log(JSON.stringify(stamps));`);
    const journal = await ground.volume.journal();
    journal.close();
    const writes = of(journal.records, "write");
    const ends = of(journal.records, "sync-end");
    const calls = JSON.parse(told) as [string, string][];
    expect(calls.length).to.equal(20);
    for (const [index, [before, after]] of calls.entries()) {
      const [from, to] = [before, after].map((stamp) => Number(BigInt(stamp) - journal.originNs));
      expect(writes[index]?.stampNs).to.be.within(from as number, to as number);
      expect(ends[index]?.stampNs).to.be.within(writes[index]?.stampNs as number, to as number);
    }
  });

  it("records a sync as two records, its start and its end, of the data, the file or the folder", async () => {
    await ground.node(`
      fs.mkdirSync(at("d"));
      const fd = fs.openSync(at("d/f"), "w");
      fs.writeSync(fd, "x");
      fs.fdatasyncSync(fd);
      fs.fsyncSync(fd);
      fs.fsyncSync(fs.openSync(at("d"), "r"));
      fs.writeSync(fs.openSync(at("d/f"), fs.constants.O_WRONLY | fs.constants.O_DSYNC), "y");`);
    const records = await ground.records();
    expect(of(records, "sync-start").map(({ scope, path }) => `${scope} ${path}`)).to.deep.equal([
      "data d/f",
      "file d/f",
      "directory d",
      "data d/f",
    ]);
    for (const end of of(records, "sync-end")) {
      expect(end.ok).to.equal(true);
      expect(records[end.start]).to.include({ kind: "sync-start", inode: end.inode });
      expect(end.start).to.be.lessThan(records.indexOf(end));
    }
    expect(of(records, "sync-end")).to.have.length(4);
  });

  it("tells the threads of a process apart, and its children", async () => {
    const printed = await ground.node(`
      fs.writeFileSync(at("main"), "x");
      fs.fsync(fs.openSync(at("main"), "r"), () => undefined);
      require("node:child_process").execFileSync("sh", ["-c", "echo x > " + at("child")]);
      console.log(process.pid);`);
    const records = await ground.records();
    const main = of(records, "write").find(({ path }) => path === "main");
    const child = of(records, "write").find(({ path }) => path === "child");
    const sync = of(records, "sync-start")[0];
    expect(main?.tid).to.equal(Number(printed));
    expect(new Set([main?.tid, child?.tid, sync?.tid]).size).to.equal(3);
  });

  it("records writes to a file that has no name any more, without a path", async () => {
    await ground.node(`
      const fd = fs.openSync(at("f"), "w");
      fs.unlinkSync(at("f"));
      fs.writeSync(fd, "ghost");`);
    const write = of(await ground.records(), "write")[0];
    expect(write).to.include({ length: 5 });
    expect(write).to.not.have.property("path");
  });

  it("has in its image what a shared mapping changed, though nobody has synced it", async function () {
    const xfsIo = needExecutable(this, "xfs_io");
    await ground.shell(`
      head -c 8192 /dev/zero > f
      ${xfsIo} -c 'mmap -rw 0 8192' -c 'mwrite -S 0x61 4090 10' f`);
    expect(text(await ground.volume.image(), "f")?.slice(4088, 4102)).to.equal("\0\0aaaaaaaaaa\0\0");
  });

  it("begins with the image that is laid, settled: nothing of it is the store's to lose", async () => {
    await ground.shell("echo before > old");
    const image: Image = new Map([
      ["d", { kind: "directory" }],
      ["d/empty", { kind: "file", bytes: Buffer.alloc(0) }],
      ["d/f", { kind: "file", bytes: Buffer.from("laid") }],
    ]);
    await ground.volume.lay(image);
    expect((await ground.records()).map(({ kind }) => kind)).to.deep.equal([
      "mkdir",
      "create",
      "create",
      "write",
      "settled",
    ]);
    const { stdout } = await ground.shell("find . -type f | sort; cat d/f; echo ' and more' >> d/f");
    expect(stdout).to.equal("./d/empty\n./d/f\nlaid");
    const after = await ground.volume.image();
    expect([...after.keys()]).to.deep.equal(["d", "d/empty", "d/f"]);
    expect(text(after, "d/f")).to.equal("laid and more\n");
    const journal = await ground.volume.journal();
    expect([...replayPlainly(journal).keys()]).to.deep.equal([...after.keys()]);
    journal.close();
  });

  it("kills whoever still uses it when an image is laid", async () => {
    const sleeper = ground.startShell("touch up; exec sleep 15");
    await ground.untilThere("up");
    await ground.volume.lay(new Map());
    expect(findProcess(sleeper.pid)).to.equal(undefined);
    expect((await sleeper.ended).signal).to.equal("SIGKILL");
  });

  it("holds whoever wants to change something while it is frozen, and nobody who reads", async () => {
    await ground.shell("echo there > f; echo read me > g");
    await ground.volume.freeze();
    const writer = ground.shell("echo more >> f");
    expect((await ground.shell("cat g")).stdout).to.equal("read me\n");
    expect(text(await ground.volume.image(), "f")).to.equal("there\n");
    await ground.volume.thaw();
    await writer;
    expect(text(await ground.volume.image(), "f")).to.equal("there\nmore\n");
  });

  it("keeps up with fifty thousand small writes, and has every byte of them in order", async () => {
    await ground.node(`
      const fd = fs.openSync(at("log"), "a");
      for (let count = 0; count < 50_000; count++) fs.writeSync(fd, "entry " + count + ";");`);
    const journal = await ground.volume.journal();
    const image = await ground.volume.image();
    // The kernel cuts a write in two where it crosses from one page to the next.
    expect(of(journal.records, "write").length).to.be.at.least(50_000);
    expect(text(replayPlainlyAppended(journal), "log")).to.equal(text(image, "log"));
    expect(text(image, "log")).to.match(/^entry 0;.*entry 49999;$/);
    journal.close();
  });
});

/** As `replayPlainly`, for one file that is only appended to: that one copies the file at every write. */
function replayPlainlyAppended(journal: Parameters<typeof replayPlainly>[0]): Image {
  const pieces = journal.records.flatMap((record) => (record.kind === "write" ? [journal.bytes(record)] : []));
  return new Map([["log", { kind: "file", bytes: Buffer.concat(pieces) }]]);
}
