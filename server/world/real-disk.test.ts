import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { realDisk } from "./real-disk.ts";
import { DiskError, HeldError } from "./world.ts";

describe("the real disk", () => {
  let dir: string;

  beforeEach(() => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), "lossbound-disk-"));
  });

  afterEach(() => {
    fs.rmSync(dir, { recursive: true });
  });

  const at = (name: string) => path.join(dir, name);
  const bytes = (text: string) => Buffer.from(text, "latin1");

  it("appends at the end, also after a truncation, and reads what was taken", () => {
    const file = realDisk.open(at("a"), "append");
    expect(file.append(bytes("0123456789"))).to.equal(10);
    file.truncate(4);
    file.append(bytes("xy"));
    file.syncNow();
    expect(file.size()).to.equal(6);
    expect(Buffer.from(file.read(2, 100)).toString()).to.equal("23xy");
    file.close();
    expect(fs.readFileSync(at("a"), "latin1")).to.equal("0123xy");
  });

  it("keeps a file that is opened for appending, empties one that is created, and wants one to read or update", () => {
    fs.writeFileSync(at("a"), "content");
    realDisk.open(at("a"), "append").close();
    expect(realDisk.size(at("a"))).to.equal(7);
    const updated = realDisk.open(at("a"), "update");
    updated.append(bytes("!"));
    updated.close();
    expect(fs.readFileSync(at("a"), "latin1")).to.equal("content!");
    realDisk.open(at("a"), "create").close();
    expect(realDisk.size(at("a"))).to.equal(0);
    for (const how of ["read", "update"] as const) {
      expect(() => realDisk.open(at("missing"), how))
        .to.throw(DiskError)
        .that.includes({ code: "ENOENT", path: at("missing"), reason: "No such file or directory" });
    }
  });

  it("closes a file that is being synced when the sync is back", async () => {
    const file = realDisk.open(at("a"), "create");
    file.append(bytes("x".repeat(100_000)));
    const syncs = [file.sync(), file.sync()];
    file.close();
    await Promise.all(syncs);
    expect(() => file.size())
      .to.throw(DiskError)
      .that.has.property("code", "EBADF");
  });

  it("lists, renames, removes, and tells files from folders", async () => {
    realDisk.makeDir(at("folder"));
    realDisk.makeDir(at("folder"));
    fs.writeFileSync(at("b"), "");
    realDisk.rename(at("b"), at("a"));
    expect(realDisk.list(dir)).to.deep.equal(["a", "folder"]);
    expect([realDisk.kind(at("a")), realDisk.kind(at("folder")), realDisk.kind(at("b"))]).to.deep.equal([
      "file",
      "directory",
      undefined,
    ]);
    realDisk.syncDir(dir);
    await realDisk.syncDirInBackground(dir);
    realDisk.remove(at("a"));
    expect(realDisk.list(dir)).to.deep.equal(["folder"]);
  });

  it("says what the system says, whatever goes wrong", async () => {
    const code = (act: () => unknown) => expect(act).to.throw(DiskError).with.property("code");
    code(() => realDisk.remove(at("missing"))).that.equals("ENOENT");
    code(() => realDisk.remove(dir)).that.is.oneOf(["EISDIR", "EPERM"]);
    code(() => realDisk.rename(at("missing"), at("a"))).that.equals("ENOENT");
    code(() => realDisk.makeDir(at("missing/folder"))).that.equals("ENOENT");
    code(() => realDisk.list(at("missing"))).that.equals("ENOENT");
    code(() => realDisk.syncDir(at("missing"))).that.equals("ENOENT");
    const error = await realDisk.syncDirInBackground(at("missing")).catch((caught: unknown) => caught);
    expect(error).to.be.instanceOf(DiskError);
  });

  it("gives a name to one process, tells the others who has it, and leaves nothing in the folder", async () => {
    const script = `
      const { realDisk } = await import(${JSON.stringify(fileURLToPath(new URL("./real-disk.js", import.meta.url)))});
      await realDisk.lock(process.argv[1], "log");
      process.stdout.write("locked");
      setInterval(() => {}, 1000);`;
    const holder = spawn(process.execPath, ["--input-type=module", "-e", script, dir], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const gone = once(holder, "exit");
    await once(holder.stdout, "data");

    const refused = await realDisk.lock(dir, "log").catch((caught: unknown) => caught);
    expect(refused).to.be.instanceOf(HeldError);
    expect((refused as HeldError).holder).to.contain(`process ${holder.pid}`);
    // The same folder by another path, and another name in it.
    fs.symlinkSync(dir, at("link"));
    expect(await realDisk.lock(at("link"), "log").catch((caught: unknown) => caught)).to.be.instanceOf(HeldError);
    await realDisk.lock(dir, "other");
    fs.unlinkSync(at("link"));
    expect(fs.readdirSync(dir)).to.deep.equal([]);

    holder.kill("SIGKILL");
    await gone;
    await realDisk.lock(dir, "log");
  });
});
