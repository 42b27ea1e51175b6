import { expect } from "chai";
import { type CrashPoint, crashPoints } from "../disk/crash-points.ts";
import { randomFrom } from "../random.ts";
import { rootInode } from "../recording/journal.ts";
import { MemoryJournal } from "../recording/memory-journal.ts";
import { UnderWay } from "./under-way.ts";

describe("what was under way at a crash point", () => {
  /** A file is renamed, between two syncs of its folder, the first of which began before it was. */
  function windowsAround(path: string): string[][] {
    let nowNs = 0;
    const journal = new MemoryJournal(() => (nowNs += 1_000));
    const folder = { tid: 1, inode: rootInode, path: "" };
    journal.record({ kind: "create", tid: 1, inode: 2, parent: rootInode, path: "temp", type: "file" });
    const early = journal.record({ kind: "sync-start", ...folder, scope: "directory" });
    const from = { fromParent: rootInode, fromPath: "temp" };
    journal.record({ kind: "rename", tid: 1, inode: 2, parent: rootInode, path, ...from });
    journal.record({ kind: "sync-end", ...folder, start: early, ok: true });
    const late = journal.record({ kind: "sync-start", ...folder, scope: "directory" });
    journal.record({ kind: "sync-end", ...folder, start: late, ok: true });
    journal.record({ kind: "unlink", tid: 1, inode: 2, parent: rootInode, path });
    const recording = { history: { clients: [] }, journal, endNs: nowNs + 1_000, savesBegunNs: [], digest: "" };
    const underWay = new UnderWay(recording);
    const points: CrashPoint[] = [
      ...crashPoints(journal, { random: randomFrom("points"), endNs: recording.endNs, firstIndex: 0, windows: [] }),
    ];
    return points.map((point) => underWay.at(point).filter((name) => name.endsWith("renamed")));
  }

  it("tells names from durable names: until a sync of the folder has ended that began after the rename (S4)", () => {
    const name = "rewrite:manifest-renamed";
    const isOpen = windowsAround("appendonly.aof.manifest").map((names) => names.includes(name));
    // Behind: nothing, the file, the first sync begun; the rename, that sync ended, the second begun; it ended, the name gone.
    expect(isOpen).to.deep.equal([false, false, false, true, true, true, false, false]);
  });

  it("says of which file", () => {
    const told = (path: string) => [...new Set(windowsAround(path).flat())];
    expect(told("appendonly.aof.2.base.rdb")).to.deep.equal(["rewrite:base-renamed"]);
    expect(told("dump.rdb")).to.deep.equal(["bgsave:renamed"]);
    expect(told("appendonly.aof.2.incr.aof")).to.deep.equal([]);
  });
});
