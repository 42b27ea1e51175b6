import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { BytesIn } from "../codec/bytes-in.ts";
import { SegmentBytes } from "../codec/segments.ts";
import { readRdb } from "../rdb/rdb-reader.ts";
import { writeDatabase, writeKey, writeRdbEnd, writeRdbHead } from "../rdb/rdb-writer.ts";
import { defaultEncodingLimits } from "../types/encoding-limits.ts";
import { realProcess } from "./real-process.ts";
import { realSavers } from "./real-savers.ts";
import type { SaveJob, Saver, SaverEnding } from "./world.ts";

const program = fileURLToPath(new URL("../saver-main.js", import.meta.url));
const smallServer = realSavers(program, () => false);
const largeServer = realSavers(program, () => true);

const head = { version: "7.0.15", wallMs: 0, usedMemoryBytes: 0, aofBase: false, hasFieldDeadlines: false };

describe("a saver as a process", () => {
  let dir: string;

  beforeEach(() => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), "lossbound-saver-"));
  });

  afterEach(() => {
    fs.rmSync(dir, { recursive: true });
  });

  const job = (changes: Partial<SaveJob> = {}): SaveJob => ({
    kind: "rdb",
    format: "rdb",
    dir,
    compress: true,
    checksum: true,
    syncEveryBytes: 64 * 1024,
    ...changes,
  });

  function start(changes: Partial<SaveJob> = {}, savers = smallServer): { saver: Saver; ended: Promise<SaverEnding> } {
    let tell: (ending: SaverEnding) => void;
    const ended = new Promise<SaverEnding>((resolve) => {
      tell = resolve;
    });
    return { saver: savers.start(job(changes), (ending) => tell(ending)), ended };
  }

  /** Segments of a snapshot with that many keys; without its end when it is not `whole`. */
  function snapshot(keys: number, whole = true): Buffer {
    const out = new SegmentBytes(true);
    writeRdbHead(out, head);
    writeDatabase(out, 0, keys, 0);
    for (let key = 0; key < keys; key++) writeKey(out, `key:${key}`, `value of ${key} ${"x".repeat(100)}`, Infinity);
    if (whole) {
      writeRdbEnd(out);
      out.end();
    }
    return out.take();
  }

  function keysOf(file: string): number {
    let keys = 0;
    const reading = { limits: defaultEncodingLimits(), checksum: true, pauseBytes: 1e9 };
    const reader = readRdb(new BytesIn(fs.readFileSync(file), file), { key: () => void keys++ }, reading);
    while (reader.next().done !== true);
    return keys;
  }

  const nothing = () => undefined;

  it("makes the file of what it is fed, under its own pid, and nothing else", async () => {
    const { saver, ended } = start();
    const temp = path.join(dir, `temp-${saver.pid}.rdb`);
    expect(fs.readdirSync(dir)).to.deep.equal([path.basename(temp)]);
    const whole = snapshot(20_000);
    for (let at = 0; at < whole.length; at += 100_000) saver.feed(whole.subarray(at, at + 100_000), nothing);
    const ending = await ended;
    expect(ending).to.deep.equal({ kind: "saved", path: temp, writtenBytes: fs.statSync(temp).size });
    expect(keysOf(temp)).to.equal(20_000);
    expect(realProcess.isAlive(saver.pid)).to.equal(false);
  });

  it("gives a base another name when it is whole", async () => {
    const { saver, ended } = start({ kind: "aof-base" });
    saver.feed(snapshot(3), nothing);
    await ended;
    expect(fs.readdirSync(dir)).to.deep.equal([`temp-rewriteaof-bg-${saver.pid}.aof`]);
  });

  it("says when it has enough, gives memory back, and says when it has room again", async () => {
    const { saver, ended } = start();
    const piece = snapshot(30_000, false);
    let taken = 0;
    let fed = 0;
    let hasRoom = true;
    for (; hasRoom; fed++) hasRoom = saver.feed(piece, () => void taken++);
    expect((fed * piece.length) / 2 ** 20).to.be.within(8, 14);
    await new Promise<void>((resolve) => saver.onDrain(resolve));
    expect(taken).to.be.above(0);
    saver.kill("SIGUSR1");
    expect(await ended).to.deep.equal({ kind: "killed", signal: "SIGUSR1" });
  });

  it("tells a kill on purpose from one from outside", async () => {
    const { saver, ended } = start();
    process.kill(saver.pid, "SIGKILL");
    expect(await ended).to.deep.equal({ kind: "killed", signal: "SIGKILL" });
  });

  it("reports what the disk says, and leaves nothing behind", async () => {
    fs.writeFileSync(path.join(dir, "a-file"), "");
    const { saver, ended } = start({ dir: path.join(dir, "a-file") });
    saver.feed(snapshot(3), nothing);
    const ending = await ended;
    expect(ending.kind).to.equal("failed");
    expect(ending.kind === "failed" && ending.why).to.contain("Not a directory");
    expect(fs.readdirSync(dir)).to.deep.equal(["a-file"]);
  });

  it("ends by itself when its server is killed, and leaves nothing behind", async () => {
    const script = `
      const { realSavers } = await import(${JSON.stringify(fileURLToPath(new URL("./real-savers.js", import.meta.url)))});
      const saver = realSavers(${JSON.stringify(program)}).start(${JSON.stringify(job())}, () => undefined);
      saver.feed(Buffer.from(${JSON.stringify(snapshot(100, false).toString("latin1"))}, "latin1"), () => undefined);
      process.stdout.write(String(saver.pid));
      setInterval(() => undefined, 1000);`;
    const server = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [said] = (await once(server.stdout, "data")) as [Buffer];
    const pid = Number(said.toString());
    // Until the saver has begun to write, so that there is something to leave behind.
    const temp = path.join(dir, `temp-${pid}.rdb`);
    while (fs.statSync(temp).size === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    server.kill("SIGKILL");
    await once(server, "exit");
    while (realProcess.isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(fs.readdirSync(dir)).to.deep.equal([]);
  });

  it("waits, once prepared, and is the one that the next job gets", async () => {
    smallServer.prepare();
    smallServer.prepare();
    const first = start();
    first.saver.feed(snapshot(3), nothing);
    expect((await first.ended).kind).to.equal("saved");
    const second = start();
    expect(second.saver.pid, "a small server keeps none").to.not.equal(first.saver.pid);
    second.saver.kill("SIGUSR1");
    await second.ended;
  });

  it("is kept by a large server after a job that went well, and only then", async () => {
    const first = start({}, largeServer);
    first.saver.feed(snapshot(3), nothing);
    expect((await first.ended).kind).to.equal("saved");
    const second = start({}, largeServer);
    expect(second.saver.pid).to.equal(first.saver.pid);
    second.saver.kill("SIGUSR1");
    await second.ended;
    const third = start({}, largeServer);
    expect(third.saver.pid).to.not.equal(first.saver.pid);
    third.saver.kill("SIGUSR1");
    await third.ended;
  });

  it("is given no job when it was killed while it waited", async function () {
    smallServer.prepare();
    const [waiting] = childrenOfThisProcess();
    if (waiting === undefined) {
      console.log("      skipped: this system has no /proc that lists the children of a process");
      this.skip();
    }
    process.kill(waiting, "SIGKILL");
    // Without giving this process a chance to be told.
    while (!/\) Z /.test(fs.readFileSync(`/proc/${waiting}/stat`, "latin1")));
    const { saver, ended } = start();
    expect(saver.pid).to.not.equal(waiting);
    saver.feed(snapshot(3), nothing);
    expect((await ended).kind).to.equal("saved");
  });
});

/** The last one first. */
function childrenOfThisProcess(): number[] {
  const list = `/proc/self/task/${process.pid}/children`;
  if (!fs.existsSync(list)) return [];
  return fs.readFileSync(list, "utf8").trim().split(" ").filter(Boolean).map(Number).reverse();
}
