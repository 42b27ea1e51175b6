import { expect } from "chai";
import { simulatedPlan } from "../../tests/simulated/simulated-plan.ts";
import { Timeline } from "../disk/timeline.ts";
import { readLanes } from "../oracle/lanes.ts";
import { plantedBug } from "../planted/planted.ts";
import { gatherHistory, type HistoryEntry } from "../recording/history.ts";
import { type JournalRecord, rootInode } from "../recording/journal.ts";
import { MemoryJournal } from "../recording/memory-journal.ts";
import { makeStateIndex } from "../recover/index.ts";
import type { WrittenUnit } from "../recover/state-index.ts";
import { SimulatedWorld } from "../simulated/simulated-world.ts";
import { simulatedIdentity } from "../targets/simulated.ts";
import { callTimes } from "./call-times.ts";
import { Durability } from "./durability.ts";

const folder = 2;
const log = 3;
const nextLog = 4;
const recordBytes = 10;

/** A disk on which each test says what happens when. */
class Script {
  private readonly journal = new MemoryJournal(() => this.nowNs);
  private readonly units: WrittenUnit[] = [];
  private readonly entries: HistoryEntry[] = [];
  private readonly sizes = new Map<number, number>();
  private nowNs = 0;

  constructor() {
    const { journal } = this;
    journal.record({ kind: "mkdir", inode: folder, path: "logs", parent: rootInode, tid: 0 });
    journal.record({ kind: "settled", tid: 0 });
    this.at(10).creates(log);
  }

  at(stampNs: number): this {
    this.nowNs = stampNs;
    return this;
  }

  creates(inode: number): void {
    this.journal.record({ kind: "create", type: "file", inode, path: `logs/${inode}`, parent: folder, tid: 0 });
  }

  /** One client sets its key to another value with each call. */
  acked(id: number): void {
    const call = { requests: [["SET", "a", String(id)]], transaction: false };
    this.entries.push({ kind: "invoked", id, client: 0, call, stampNs: this.nowNs - 1, wallMs: 1 });
    const reply = { kind: "string", value: "OK" } as const;
    this.entries.push({ kind: "completed", id, reply, stampNs: this.nowNs, wallMs: 1 });
  }

  /** The next call's record, in two writes: the second one completes it. */
  writes(inode = log): void {
    for (const length of [4, recordBytes - 4]) {
      const offset = this.sizes.get(inode) ?? 0;
      const kept = this.journal.keep(new Uint8Array(length));
      this.journal.record({ kind: "write", inode, path: `logs/${inode}`, offset, ...kept, tid: 0 });
      this.sizes.set(inode, offset + length);
    }
    const length = this.units.length + 1;
    const lengths = [Int32Array.of(length, length), Int32Array.of(0, 0)];
    this.units.push({ inode, endBytes: this.sizes.get(inode) as number, lengths });
  }

  /** Gives the sync, to be ended. */
  syncs(inode = log): number {
    const scope = inode === folder ? "directory" : "data";
    return this.journal.record({ kind: "sync-start", inode, path: "", scope, tid: 0 });
  }

  ends(start: number, ok = true): void {
    const { inode } = this.journal.records[start] as Extract<JournalRecord, { kind: "sync-start" }>;
    this.journal.record({ kind: "sync-end", inode, path: "", start, ok, tid: 0 });
  }

  measured() {
    const lanes = readLanes(gatherHistory(this.entries), { initial: new Map(), trouble: false });
    return callTimes(new Timeline(this.journal), lanes, this.units);
  }

  times() {
    const { calls } = this.measured();
    return calls.map(({ record, ackedNs, writtenNs, syncedNs = "never", folderSyncedNs = "never" }) => {
      return [record.id, ackedNs, writtenNs, syncedNs, folderSyncedNs];
    });
  }
}

describe("the times of calls", () => {
  it("are those of the write that completes the record and of the end of the sync, before the ack under always", () => {
    const script = new Script();
    script.at(20).ends(script.syncs(folder));
    script.at(100).writes();
    const sync = script.at(110).syncs();
    script.at(130).ends(sync);
    script.at(140).acked(0);
    expect(script.times()).to.deep.equal([[0, 140, 101, 130, 21]]);
  });

  it("have the next sync that begins after the write, not the one that runs, under everysec [S4]", () => {
    const script = new Script();
    const running = script.at(90).syncs();
    script.at(100).writes();
    script.at(101).acked(0);
    script.at(200).ends(running);
    const next = script.at(1_000).syncs();
    script.at(1_005).acked(1);
    script.at(1_010).writes();
    script.at(1_020).ends(next);
    expect(script.times()).to.deep.equal([
      [0, 101, 101, 1_020, "never"],
      [1, 1_005, 1_011, "never", "never"],
    ]);
  });

  it("have no sync where the one that was due failed, whatever comes later; what is written later has its own [S4]", () => {
    const script = new Script();
    script.at(100).writes();
    script.at(101).acked(0);
    const failing = script.at(200).syncs();
    script.at(250).ends(failing, false);
    script.at(300).writes();
    script.at(302).acked(1);
    const good = script.at(400).syncs();
    script.at(450).ends(good);
    expect(script.times()).to.deep.equal([
      [0, 101, 101, "never", "never"],
      [1, 302, 301, 450, "never"],
    ]);
  });

  it("go by the file that the record is in: a sync of the old one says nothing of the new one, nor of its name", () => {
    const script = new Script();
    script.at(20).ends(script.syncs(folder));
    script.at(100).writes();
    script.at(102).acked(0);
    const ofNames = script.at(105).syncs(folder);
    script.at(110).creates(nextLog);
    script.at(120).writes(nextLog);
    script.at(122).acked(1);
    script.at(130).ends(ofNames);
    script.at(140).ends(script.syncs(log));
    script.at(150).ends(script.syncs(nextLog));
    script.at(160).ends(script.syncs(folder), false);
    script.at(170).ends(script.syncs(folder));
    expect(script.times()).to.deep.equal([
      [0, 102, 101, 141, 21],
      [1, 122, 121, 151, 171],
    ]);
  });

  it("are not measured of a call whose record is not there, nor of one that changed nothing", () => {
    const script = new Script();
    script.at(100).writes();
    script.at(102).acked(0);
    script.at(110).acked(1);
    script.at(111).acked(1_000);
    const { calls, notMeasured } = script.measured();
    expect([calls.map(({ record }) => record.id), notMeasured]).to.deep.equal([[0], 2]);
  });
});

describe("durability, of a simulated store", () => {
  const seed = "calls";

  async function measuredOf(preset: string, bug?: string) {
    const plan = simulatedPlan({ seed, preset, calls: 300, lastsMs: 6_000 });
    const { recording } = await new SimulatedWorld(bug === undefined ? undefined : plantedBug(bug)).record(plan);
    const lanes = readLanes(recording.history, { initial: recording.initial ?? new Map(), trouble: false });
    const timeline = new Timeline(recording.journal);
    const index = makeStateIndex({ recording, timeline, lanes, config: plan.config, store: simulatedIdentity });
    if (index === undefined) throw new Error("this log can be read");
    const measured = callTimes(timeline, lanes, index.units());
    const durability = new Durability();
    durability.add(measured);
    return { calls: measured.calls, endNs: recording.endNs, outcome: durability.outcome() };
  }

  it("has every call of always synced before its ack, and none where the log is never synced", async () => {
    const correct = (await measuredOf("always")).outcome;
    expect([correct?.notMeasured, correct?.neverSynced, correct?.neverFolderSynced]).to.deep.equal([0, 0, 0]);
    expect(correct?.measured).to.be.greaterThan(50);
    expect(correct?.ackedToSyncedMs?.max).to.be.lessThan(0);
    const planted = (await measuredOf("always", "log-never-synced")).outcome;
    expect(planted?.neverSynced).to.be.greaterThan(50);
  });

  it("has calls of everysec synced within about a second, and later where a sync is skipped", async () => {
    const spanMs = ({ calls, endNs }: Awaited<ReturnType<typeof measuredOf>>) =>
      Math.max(...calls.map(({ ackedNs, syncedNs = endNs }) => (syncedNs - ackedNs) / 1e6));
    const correct = await measuredOf("everysec");
    const planted = await measuredOf("everysec", "one-sync-skipped");
    expect(spanMs(correct)).to.be.within(100, 1_300);
    expect(spanMs(planted)).to.be.greaterThan(1_500);
  });
});
