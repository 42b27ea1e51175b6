import { expect } from "chai";
import type { CrashPoint } from "../disk/crash-points.ts";
import { lastCompleted } from "../oracle/promises.ts";
import { type JournalRecord, rootInode } from "../recording/journal.ts";
import type { Unstamped } from "../recording/journal-file.ts";
import { FactsAtPoints } from "./crash-facts.ts";

const folder = { tid: 1, parent: rootInode };

/** Records at milliseconds of the timeline. */
function factsOf(
  records: readonly (readonly [atMs: number, record: Unstamped])[],
  { endMs = 1_000, savesBegunMs = [] as readonly number[], config = [] as readonly (readonly [string, string])[] } = {},
) {
  const stamped = records.map(([atMs, record]) => ({ ...record, stampNs: atMs * 1e6 }) as JournalRecord);
  const journal = { records: stamped, bytes: () => new Uint8Array() };
  const savesBegunNs = savesBegunMs.map((beganMs) => beganMs * 1e6);
  const recording = { history: { clients: [] }, journal, endNs: endMs * 1e6, savesBegunNs, digest: "" };
  const facts = new FactsAtPoints(recording, config);
  return (index: number, endNs: number) => {
    const point = { index, interval: { startNs: 0, endNs }, standsForNs: 1 } as CrashPoint;
    return facts.at(point, "load");
  };
}

const log = { tid: 1, inode: 2, path: "appendonly.aof.1.incr.aof" };

describe("what was measured by a crash point", () => {
  it("has the longest sync so far, and of one that is under way what there was of it", () => {
    const at = factsOf([
      [10, { kind: "sync-start", ...log, scope: "data" }],
      [15, { kind: "sync-end", ...log, start: 0, ok: true }],
      [20, { kind: "sync-start", ...log, scope: "data" }],
      [90, { kind: "sync-end", ...log, start: 2, ok: true }],
    ]);
    expect(at(0, 5e6).longestSyncMs).to.equal(0);
    expect(at(2, 20e6).longestSyncMs).to.equal(5);
    expect(at(3, 60e6).longestSyncMs).to.equal(40);
    expect(at(4, 95e6).longestSyncMs).to.equal(70);
  });

  it("has a snapshot as safe only once a sync has ended that began after its rename", () => {
    const temporary = { tid: 2, inode: 3, path: "temp-17.rdb", parent: rootInode };
    const records: (readonly [number, Unstamped])[] = [
      [100, { kind: "create", ...temporary, type: "file" }],
      [110, { kind: "sync-start", tid: 2, inode: 3, scope: "file" }],
      [120, { kind: "sync-end", tid: 2, inode: 3, start: 1, ok: true }],
      [130, { kind: "rename", ...temporary, path: "dump.rdb", fromPath: "temp-17.rdb", fromParent: rootInode }],
      [140, { kind: "sync-start", tid: 2, inode: rootInode, scope: "directory" }],
      [150, { kind: "sync-end", tid: 2, inode: rootInode, start: 4, ok: true }],
    ];
    const saves = factsOf(records, { savesBegunMs: [95, 400] })(6, 500e6).saves;
    expect(saves).to.deep.equal([{ startedNs: 95e6, completedNs: 150e6 + 1 }]);
    expect(factsOf(records.slice(0, 5), { savesBegunMs: [95] })(5, 500e6).saves).to.deep.equal([{ startedNs: 95e6 }]);
  });

  it("has the snapshots of which the store told, where the journal is of blocks and knows no files", () => {
    const saves = [{ startedNs: 95e6, completedNs: 400e6 }, { startedNs: 700e6 }];
    const endNs = 900e6;
    const journal = { records: [], bytes: () => new Uint8Array() };
    const recording = { history: { clients: [] }, journal, endNs, savesBegunNs: [95e6, 700e6], saves, digest: "" };
    const point = { index: 0, interval: { startNs: 0, endNs }, standsForNs: 1 } as CrashPoint;
    expect(new FactsAtPoints(recording, []).at(point, "load").saves).to.deep.equal(saves);
  });

  it("has it as not yet safe at the point that ends with the sync's own record", () => {
    const name = { tid: 2, inode: 3, parent: rootInode };
    const at = factsOf(
      [
        [100, { kind: "create", ...name, path: "temp-17.rdb", type: "file" }],
        [130, { kind: "rename", ...name, path: "dump.rdb", fromPath: "temp-17.rdb", fromParent: rootInode }],
        [140, { kind: "sync-start", tid: 2, inode: rootInode, scope: "directory" }],
        [150, { kind: "sync-end", tid: 2, inode: rootInode, start: 2, ok: true }],
      ],
      { savesBegunMs: [95] },
    );
    const { saves } = at(3, 150e6);
    expect(lastCompleted(saves, 150e6)).to.equal(undefined);
    expect(lastCompleted(saves, 151e6)).to.deep.include({ startedNs: 95e6 });
  });

  it("promises nothing for a snapshot that nobody saw begin", () => {
    const records: (readonly [number, Unstamped])[] = [
      [100, { kind: "create", ...folder, inode: 3, path: "temp-17.rdb", type: "file" }],
    ];
    expect(factsOf(records, { savesBegunMs: [200] })(1, 500e6).saves[0]?.startedNs).to.equal(0);
  });

  it("suspends the promise from a child's first trace to a sync of the log that began when it was gone", () => {
    const records: (readonly [number, Unstamped])[] = [
      [100, { kind: "create", ...folder, inode: 3, path: "temp-rewriteaof-17.aof", type: "file" }],
      [110, { kind: "sync-start", ...log, scope: "data" }],
      [200, { kind: "unlink", ...folder, inode: 3, path: "temp-rewriteaof-17.aof" }],
      [210, { kind: "sync-end", ...log, start: 1, ok: true }],
      [300, { kind: "sync-start", ...log, scope: "data" }],
      [310, { kind: "sync-end", ...log, start: 4, ok: true }],
    ];
    const config = [["no-appendfsync-on-rewrite", "yes"]] as const;
    const [suspension] = factsOf(records, { config })(6, 500e6).suspensions;
    expect(suspension?.interval).to.deep.equal({ startNs: 100e6, endNs: 310e6 });
    expect(factsOf(records)(6, 500e6).suspensions).to.deep.equal([]);
  });
});
