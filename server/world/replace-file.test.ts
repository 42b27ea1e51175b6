import { expect } from "chai";
import { FakeDisk } from "../../tests/worlds/fake-disk.ts";
import { publish, writeFully, writeTemp } from "./replace-file.ts";
import { DiskError } from "./world.ts";

const content = Buffer.from("new content");

function replace(disk: FakeDisk): void {
  writeTemp(disk, "/d/temp", (file) => writeFully(file, content));
  publish(disk, "/d/temp", "/d/final");
}

describe("replacing a file", () => {
  it("syncs the bytes before the name points at them, and the name before it returns", () => {
    const disk = new FakeDisk("/d");
    replace(disk);
    expect(disk.journal).to.deep.equal([
      "create /d/temp",
      "write /d/temp 11",
      "sync /d/temp",
      "rename /d/temp /d/final",
      "syncdir /d",
    ]);
  });

  it("syncs both folders when the name moves from one to another", () => {
    const disk = new FakeDisk("/d");
    disk.makeDir("/d/log");
    writeTemp(disk, "/d/temp", (file) => writeFully(file, content));
    publish(disk, "/d/temp", "/d/log/final");
    expect(disk.journal.slice(-3)).to.deep.equal(["rename /d/temp /d/log/final", "syncdir /d/log", "syncdir /d"]);
  });

  it("leaves the old file or the new one after a kill or a power cut at any step", () => {
    const steps = ["open", "write", "sync", "rename", "syncdir"] as const;
    for (const step of steps) {
      const disk = new FakeDisk("/d");
      disk.put("/d/final", "old content");
      disk.break(step, /./, "EIO");
      expect(() => replace(disk), step).to.throw(DiskError);
      for (const found of [disk.killed(), disk.powerCut()]) {
        expect(["old content", "new content"], step).to.include(found.text("/d/final"));
      }
      expect(disk.powerCut().text("/d/final")).to.equal("old content");
    }
  });

  it("leaves no temp file behind when it is full", () => {
    const disk = new FakeDisk("/d");
    disk.freeBytes = 5;
    expect(() => replace(disk)).to.throw(DiskError, "No space left on device");
    expect(disk.files()).to.deep.equal([]);
  });

  it("writes on after a short write", () => {
    const disk = new FakeDisk("/d");
    const file = disk.open("/d/temp", "create");
    const append = file.append.bind(file);
    file.append = (bytes) => append(bytes.subarray(0, 3));
    writeFully(file, content);
    expect(disk.text("/d/temp")).to.equal("new content");
  });
});
