import { expect } from "chai";
import type { JournalRecord } from "../recording/journal.ts";
import { countStrikes, suspensionOf } from "./disk-record.ts";

/** Times in milliseconds; the log is inode 2. */
const write = (ms: number, inode = 2): JournalRecord => {
  return { kind: "write", stampNs: ms * 1e6, tid: 1, inode, offset: 0, length: 1, dataOffset: 0 };
};
const start = (ms: number, inode = 2): JournalRecord => {
  return { kind: "sync-start", stampNs: ms * 1e6, tid: 1, inode, scope: "data" };
};
const end = (ms: number, of: number, ok = true, inode = 2): JournalRecord => {
  return { kind: "sync-end", stampNs: ms * 1e6, tid: 1, inode, start: of, ok };
};
const struck = (fault: string): JournalRecord => {
  return { kind: "fault", stampNs: 0, tid: 1, fault, operation: "write", path: "a" };
};
const between = (startMs: number, endMs: number) => ({ startNs: startMs * 1e6, endNs: endMs * 1e6 });

describe("what a journal says of the disk under a run", () => {
  it("faults count as often as they struck, those that were asked for and no others", () => {
    const full = { kind: "full" as const, name: "full 1", freeBytes: 0 };
    expect(countStrikes([struck("full 1"), write(1), struck("kill"), struck("full 1")], [full])).to.equal(2);
  });

  describe("the promise is suspended", () => {
    const endMs = (records: readonly JournalRecord[]) => suspensionOf(records, between(100, 500)).interval.endNs / 1e6;

    it("from where the disk began to refuse to the first sync that covers what was written since it healed", () => {
      const records = [write(90), start(550), end(560, 1), write(600), start(700), end(720, 4)];
      expect(endMs(records)).to.equal(720);
      expect(suspensionOf(records, between(100, 500)).interval.startNs).to.equal(100e6);
    });

    it("not by the sync of a snapshot or of a new base, where the log has still to be written", () => {
      const of = (path: string, inode: number, ms: number) => [{ ...write(ms, inode), path }, start(ms + 1, inode)];
      const before = of("appendonlydir/appendonly.aof.1.incr.aof", 2, 50);
      for (const path of ["temp-7.rdb", "temp-rewriteaof-7.aof", "appendonlydir/appendonly.aof.2.base.aof"]) {
        const saved = [...before, ...of(path, 9, 600), end(610, 3, true, 9)];
        expect(endMs(saved), path).to.be.greaterThan(1e9);
        const logged = [...saved, ...of("appendonlydir/appendonly.aof.1.incr.aof", 2, 700), end(720, 6)];
        expect(endMs(logged), path).to.equal(720);
      }
    });

    it("not by a sync that failed, nor by one of another file, nor by one that began before the write", () => {
      const failed = [write(600), start(700), end(720, 1, false)];
      const other = [write(600), start(700, 9), end(720, 1, true, 9)];
      const early = [start(590), write(600), end(720, 0)];
      for (const records of [failed, other, early]) expect(endMs(records)).to.be.greaterThan(1e9);
    });
  });
});
