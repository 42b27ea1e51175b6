import { expect } from "chai";
import { ScriptedDisk } from "../../tests/disk/scripted-disk.ts";
import { randomFrom } from "../random.ts";
import { type CrashPoint, crashPoints, replacements } from "./crash-points.ts";

const endNs = 10_000;

function pointsOf(disk: ScriptedDisk, more: Partial<Parameters<typeof crashPoints>[1]> = {}): CrashPoint[] {
  return crashPoints(disk.journal, { random: randomFrom("points"), endNs, firstIndex: 0, windows: [], ...more });
}

function longLog(): ScriptedDisk {
  const disk = new ScriptedDisk();
  disk.create("log");
  for (let count = 0; count < 500; count++) disk.write("log", "x");
  disk.sync("log");
  for (let count = 0; count < 500; count++) disk.write("log", "x");
  return disk;
}

describe("crash points", () => {
  it("are the intervals between records, from before the first to the end of the history", () => {
    const disk = new ScriptedDisk();
    disk.create("a");
    disk.write("a", "x");
    expect(pointsOf(disk).map(({ index, interval }) => [index, interval.startNs, interval.endNs])).to.deep.equal([
      [0, 0, 1],
      [1, 1, 2],
      [2, 2, endNs],
    ]);
  });

  it("lie on both sides of everything that is not a write, and are drawn in runs of writes", () => {
    const disk = longLog();
    const indexes = pointsOf(disk).map((point) => point.index);
    disk.journal.records.forEach((record, index) => {
      if (record.kind !== "write") expect(indexes).to.include.members([index, index + 1]);
    });
    expect(indexes).to.include(disk.journal.records.length);
    expect(indexes).to.have.length.within(30, 50);
    expect(indexes).to.deep.equal([...new Set(indexes)].sort((a, b) => a - b));
  });

  it("stand for all of the time together, drawn or not", () => {
    const points = pointsOf(longLog());
    expect(points.reduce((sum, point) => sum + point.standsForNs, 0)).to.equal(endNs);
  });

  it("are close together where a file is replaced", () => {
    const disk = longLog();
    disk.create("temp");
    for (let count = 0; count < 200; count++) disk.write("temp", "x");
    disk.rename("temp", "log");
    disk.sync("");
    for (let count = 0; count < 200; count++) disk.write("log", "x");
    const windows = replacements(disk.journal);
    const made = disk.journal.records.findLastIndex(({ kind }) => kind === "create");
    expect(windows).to.deep.equal([{ name: "replace log", fromIndex: made, toIndex: made + 204 }]);
    const indexes = pointsOf(disk, { windows }).map((point) => point.index);
    for (let index = made; index <= made + 204; index++) expect(indexes).to.include(index);
    expect(indexes.filter((index) => index > made + 205)).to.have.length.below(20);
  });

  it("do not lie before what was laid down, and are the same for the same seed", () => {
    const disk = longLog();
    const again = pointsOf(disk, { firstIndex: 400 });
    expect(again[0]?.index).to.be.at.least(400);
    expect(pointsOf(disk, { firstIndex: 400 })).to.deep.equal(again);
    expect(pointsOf(disk, { random: randomFrom("other") })).not.to.deep.equal(pointsOf(disk));
  });

  it("leave a replacement open that no sync of its folder ended", () => {
    const disk = new ScriptedDisk();
    disk.create("temp");
    disk.rename("temp", "a");
    disk.sync("a");
    expect(replacements(disk.journal)).to.deep.equal([{ name: "replace a", fromIndex: 0, toIndex: 4 }]);
  });
});
