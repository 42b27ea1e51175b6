import { expect } from "chai";
import { drawnHistory, drawnState, wallMsAt } from "../../tests/drawn-history.ts";
import { redis70 } from "../../tests/evidence.ts";
import type { PresetPromise } from "../oracle/evidence.ts";
import { MemoryJournal } from "../recording/memory-journal.ts";
import { withoutWhatKillsTook } from "./killed-calls.ts";

/** Two lives: client 0 lives in the first, client 1 in the second. */
const { history, endNs } = drawnHistory(`
  0  ├──┤                     SET a 1 → OK
  0        ├──┤               SET a 2 → OK
  0              ├…           SET a 3
  1                     ├──┤  SET b 1 → OK
`);
const atNs = 180e6;

/** Calls kept, by client, with one recording in which the process was killed and then served this. */
function kept(served: string, row: PresetPromise["row"], syncMs = 0): number[] {
  let nowNs = atNs - syncMs * 1e6;
  const journal = new MemoryJournal(() => nowNs);
  if (syncMs > 0) {
    const sync = { tid: 1, inode: 1, path: "a" };
    const start = journal.record({ kind: "sync-start", ...sync, scope: "data" });
    nowNs = atNs;
    journal.record({ kind: "sync-end", ...sync, start, ok: true });
  }
  const readAtWallMs = wallMsAt(endNs);
  const kill = {
    atNs,
    scope: "tree",
    orphans: [],
    served: drawnState(served),
    readAtWallMs,
    deadlineErrorMs: 0,
  } as const;
  const recording = { history, journal, endNs, savesBegunNs: [], kills: [kill], digest: "" };
  const after = withoutWhatKillsTook(recording, { row, store: redis70, savePoints: [] });
  return after.history.clients.map((calls) => calls.length);
}

describe("a kill within a recording", () => {
  it("takes along what was on its way, and nothing else, where all was written before it was answered", () => {
    expect(kept("SET a 2", "always")).to.deep.equal([2, 1]);
    expect(kept("SET a 3", "always")).to.deep.equal([3, 1]);
  });

  it("takes along what may wait in memory behind a sync, and then it is no part of what a power cut can lose", () => {
    expect(kept("SET a 1", "everysec", 170)).to.deep.equal([1, 1]);
  });

  it("takes nothing along that it must not: the history stays, and every later crash state shows the loss", () => {
    expect(kept("SET a 1", "always")).to.deep.equal([3, 1]);
  });

  it("takes nothing along where what was served makes no sense", () => {
    expect(kept("SET a 7", "everysec")).to.deep.equal([3, 1]);
    expect(kept("SET a 2 · SET z 1", "everysec")).to.deep.equal([3, 1]);
  });
});
