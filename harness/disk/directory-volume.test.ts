import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { DirectoryVolume } from "./directory-volume.ts";

describe("a plain folder as a volume", () => {
  let dir: string;
  let volume: DirectoryVolume;
  beforeEach(() => {
    dir = mkdtempSync(path.join(tmpdir(), "volume-"));
    volume = new DirectoryVolume(dir);
  });
  afterEach(() => volume.dispose());

  function fill(): void {
    mkdirSync(path.join(dir, "appendonlydir"));
    mkdirSync(path.join(dir, "empty"));
    writeFileSync(path.join(dir, "dump.rdb"), "REDIS0010");
    writeFileSync(path.join(dir, "appendonlydir", "a.1.incr.aof"), Buffer.from([0, 255, 13, 10]));
  }

  it("becomes an image in which every folder comes before what it holds", async () => {
    fill();
    const image = await volume.image();
    expect([...image.keys()]).to.deep.equal(["appendonlydir", "appendonlydir/a.1.incr.aof", "dump.rdb", "empty"]);
    expect(image.get("empty")).to.deep.equal({ kind: "directory" });
    expect(image.get("appendonlydir/a.1.incr.aof")).to.deep.equal({
      kind: "file",
      bytes: Buffer.from([0, 255, 13, 10]),
    });
  });

  it("leaves out what is no data: sockets and links", async () => {
    fill();
    symlinkSync("/etc/passwd", path.join(dir, "link"));
    const server = createServer().listen(path.join(dir, "socket"));
    await new Promise((resolve) => server.once("listening", resolve));
    expect([...(await volume.image()).keys()]).to.have.length(4);
    await new Promise((resolve) => server.close(resolve));
  });

  it("holds the image that was laid, and nothing of what was there before", async () => {
    fill();
    const image = await volume.image();
    writeFileSync(path.join(dir, "appendonlydir", "a.2.incr.aof"), "later");
    mkdirSync(path.join(dir, "later"));
    await volume.lay(image);
    expect(await volume.image()).to.deep.equal(image);
  });

  it("is not changed by what is done to the folder it was read from", async () => {
    fill();
    const image = await volume.image();
    writeFileSync(path.join(dir, "dump.rdb"), "changed");
    const copy = new DirectoryVolume(mkdtempSync(path.join(tmpdir(), "volume-")));
    await copy.lay(image);
    expect(readFileSync(path.join(copy.dir, "dump.rdb"), "latin1")).to.equal("REDIS0010");
    await copy.dispose();
  });

  it("is gone once it was given back, and giving it back again is no error", async () => {
    fill();
    await volume.dispose();
    expect(() => readdirSync(dir)).to.throw("ENOENT");
    await volume.dispose();
    rmSync(dir, { recursive: true, force: true });
  });
});
