import { expect } from "chai";
import { FakeDisk } from "../../tests/worlds/fake-disk.ts";
import { DiskError } from "../world/world.ts";
import { AofFolder } from "./aof-folder.ts";
import { Manifest } from "./manifest.ts";

const names = { dir: "/d", appenddirname: "log", appendfilename: "a.aof" };
const manifestPath = "/d/log/a.aof.manifest";

function folderOn(disk: FakeDisk): AofFolder {
  const folder = new AofFolder(disk, names);
  folder.load();
  return folder;
}

describe("the folder of the log", () => {
  it("makes its own name durable before anything is put into it", () => {
    const disk = new FakeDisk("/d");
    folderOn(disk).ensure();
    expect(disk.journal).to.deep.equal(["mkdir /d/log", "syncdir /d"]);
  });

  it("replaces the manifest: temp, write, sync, rename, sync of the folder", () => {
    const disk = new FakeDisk("/d", "/d/log");
    const folder = folderOn(disk);
    folder.write(Manifest.empty.withNextIncr("a.aof"));
    expect(disk.journal).to.deep.equal([
      "create /d/log/temp-a.aof.manifest",
      "write /d/log/temp-a.aof.manifest 35",
      "sync /d/log/temp-a.aof.manifest",
      "rename /d/log/temp-a.aof.manifest /d/log/a.aof.manifest",
      "syncdir /d/log",
    ]);
    expect(disk.powerCut().text(manifestPath)).to.equal("file a.aof.1.incr.aof seq 1 type i\n");
    expect(folder.isOwing).to.equal(false);
  });

  for (const step of ["open", "write", "sync", "rename"] as const) {
    it(`keeps the old manifest, in memory and on disk, when the ${step} fails, and leaves no temp file`, () => {
      const disk = new FakeDisk("/d", "/d/log");
      const folder = folderOn(disk);
      const before = Manifest.empty.withNextIncr("a.aof");
      folder.write(before);
      disk.break(step, /temp-/, "EIO");
      expect(() => folder.write(before.withNextIncr("a.aof"))).to.throw(DiskError);
      expect(folder.manifest).to.equal(before);
      expect(disk.text(manifestPath)).to.equal(before.format());
      expect(disk.files()).to.deep.equal([manifestPath]);
    });
  }

  it("believes what the name shows when only its sync failed, and owes that sync", () => {
    const disk = new FakeDisk("/d", "/d/log");
    const folder = folderOn(disk);
    const next = Manifest.empty.withNextIncr("a.aof");
    disk.break("syncdir", /log/, "EIO");
    folder.write(next);
    expect(folder.manifest).to.equal(next);
    expect(folder.isOwing).to.equal(true);
    expect(() => folder.settle()).to.throw(DiskError);
    disk.mend();
    folder.settle();
    expect(folder.isOwing).to.equal(false);
    expect(disk.powerCut().text(manifestPath)).to.equal(next.format());
  });

  it("does not delete history while the manifest that replaces it is not durable", () => {
    const disk = new FakeDisk("/d", "/d/log");
    const folder = folderOn(disk);
    disk.put("/d/log/a.aof.1.base.rdb", "old");
    disk.break("syncdir", /log/, "EIO");
    folder.write(Manifest.empty.withNextBase("a.aof", "rdb", true).withNextBase("a.aof", "rdb", true));
    expect(() => folder.deleteHistory()).to.throw(DiskError);
    expect(disk.has("/d/log/a.aof.1.base.rdb")).to.equal(true);
    disk.mend();
    folder.deleteHistory();
    expect(disk.has("/d/log/a.aof.1.base.rdb")).to.equal(false);
    expect(disk.text(manifestPath)).to.equal("file a.aof.2.base.rdb seq 2 type b\n");
  });

  it("deletes the files of history before their lines", () => {
    const disk = new FakeDisk("/d", "/d/log");
    const folder = folderOn(disk);
    disk.put("/d/log/a.aof.1.base.rdb", "old");
    folder.write(Manifest.empty.withNextBase("a.aof", "rdb", true).withNextBase("a.aof", "rdb", true));
    disk.journal.length = 0;
    folder.deleteHistory();
    expect(disk.journal.map((line) => line.split(" ")[0])).to.deep.equal([
      "unlink",
      "create",
      "write",
      "sync",
      "rename",
      "syncdir",
    ]);
  });

  it("never overwrites a manifest that somebody else has written meanwhile", () => {
    const disk = new FakeDisk("/d", "/d/log");
    const folder = folderOn(disk);
    folder.write(Manifest.empty.withNextIncr("a.aof"));
    const foreign = "file a.aof.8.incr.aof seq 8 type i\n";
    disk.put(manifestPath, foreign);
    expect(() => folder.write(folder.manifest.withNextIncr("a.aof"))).to.throw(DiskError, "Another process");
    expect(disk.text(manifestPath)).to.equal(foreign);
  });

  it("writes the manifest again when somebody has deleted it", () => {
    const disk = new FakeDisk("/d", "/d/log");
    const folder = folderOn(disk);
    folder.write(Manifest.empty.withNextIncr("a.aof"));
    disk.remove(manifestPath);
    folder.write(folder.manifest.withNextIncr("a.aof"));
    expect(disk.has(manifestPath)).to.equal(true);
  });

  describe("and the single file of an older server", () => {
    it("is taken over as the base: manifest first, then the file", () => {
      const disk = new FakeDisk("/d");
      disk.put("/d/a.aof", "records");
      expect(folderOn(disk).adoptOldFile()).to.equal(true);
      expect(disk.files()).to.deep.equal(["/d/log/a.aof", manifestPath]);
      expect(disk.text(manifestPath)).to.equal("file a.aof seq 1 type b\n");
      const steps = disk.journal;
      expect(steps.indexOf("rename /d/log/temp-a.aof.manifest /d/log/a.aof.manifest")).to.be.below(
        steps.indexOf("rename /d/a.aof /d/log/a.aof"),
      );
    });

    it("is taken over again after an interruption at any step", () => {
      const steps = ["mkdir", "open", "write", "sync", "rename", "syncdir"] as const;
      for (const step of steps) {
        for (const after of [0, 1, 2]) {
          const disk = new FakeDisk("/d");
          disk.put("/d/a.aof", "records");
          // The first `after` steps of the kind succeed, the next one fails, and the server is gone.
          let seen = 0;
          const original = disk.step.bind(disk);
          disk.step = (operation, path) => {
            if (operation === step && seen++ === after) throw new DiskError("EIO", operation, path);
            original(operation, path);
          };
          try {
            folderOn(disk).adoptOldFile();
          } catch (error) {
            if (!(error instanceof DiskError)) throw error;
          }
          const next = disk.killed();
          folderOn(next).adoptOldFile();
          expect(next.text("/d/log/a.aof"), `${step} ${after}`).to.equal("records");
          expect(next.text(manifestPath)).to.equal("file a.aof seq 1 type b\n");
        }
      }
    });

    it("stays where it is when the folder has one of that name already, or has a log of its own", () => {
      const disk = new FakeDisk("/d", "/d/log");
      disk.put("/d/a.aof", "older");
      disk.put("/d/log/a.aof", "newer");
      disk.put(manifestPath, "file a.aof seq 1 type b\n");
      expect(folderOn(disk).adoptOldFile()).to.equal(false);
      disk.put(manifestPath, "file a.aof.1.base.rdb seq 1 type b\n");
      expect(folderOn(disk).adoptOldFile()).to.equal(false);
      expect(disk.text("/d/a.aof")).to.equal("older");
    });
  });
});
