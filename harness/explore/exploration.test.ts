import { expect } from "chai";
import { type RunDetail, runDetailSchema } from "../../reports/detail.ts";
import type { Run } from "../../reports/outcome.ts";
import { scenarioSchema } from "../../scenarios/scenario.ts";
import { diskModels } from "../disk/disk-models.ts";
import type { Image } from "../disk/image.ts";
import type { PowerCutScenario } from "../explore.ts";
import type { ModelEntry } from "../operations/model.ts";
import type { RecoveryFacts } from "../oracle/evidence.ts";
import { randomFrom } from "../random.ts";
import { gatherHistory, type HistoryEntry } from "../recording/history.ts";
import { rootInode } from "../recording/journal.ts";
import { MemoryJournal } from "../recording/memory-journal.ts";
import type { Recording } from "../recording/recording.ts";
import type { MakeStateIndex } from "../recover/state-index.ts";
import type { Recoverer } from "./explorable.ts";
import { exploreRecording } from "./exploration.ts";
import { ExplorationSummary } from "./exploration-summary.ts";

const ms = 1e6;
const inode = rootInode + 1;
const path = "log";

/** When a store of one list and one log answers, in relation to its sync. */
type Honesty = "acks after its sync" | "acks before its sync" | "never syncs" | "only reads";

/** Ten elements, appended one after the other, each written, synced and acked as the store is honest. */
function recordingOf(honesty: Honesty): Recording {
  let nowNs = 0;
  const journal = new MemoryJournal(() => nowNs);
  const entries: HistoryEntry[] = [];
  journal.record({ kind: "create", tid: 1, inode, path, parent: rootInode, type: "file" });
  journal.record({ kind: "settled", tid: 1 });
  for (let id = 0; id < 10; id++) {
    const reads = honesty === "only reads";
    const call = { requests: [reads ? ["LLEN", "list"] : ["RPUSH", "list", `e${id}`]], transaction: false };
    const later = (byMs: number) => {
      nowNs += byMs * ms;
      return nowNs;
    };
    const ack = () => {
      const reply = { kind: "integer", value: reads ? 0 : id + 1 } as const;
      entries.push({ kind: "completed", id, reply, stampNs: later(1), wallMs: 1_700_000_000_000 });
    };
    entries.push({ kind: "invoked", id, client: 0, call, stampNs: later(1), wallMs: 1_700_000_000_000 });
    later(1);
    if (!reads) {
      const kept = journal.keep(Buffer.from(`e${id}\n`));
      journal.record({ kind: "write", tid: 1, inode, path, offset: id * 3, ...kept });
    }
    if (honesty === "acks before its sync") ack();
    if (honesty.includes("its sync")) {
      later(1);
      const start = journal.record({ kind: "sync-start", tid: 1, inode, path, scope: "data" });
      later(20);
      journal.record({ kind: "sync-end", tid: 1, inode, path, start, ok: true });
    }
    if (honesty !== "acks before its sync") ack();
  }
  return { history: gatherHistory(entries), journal, endNs: nowNs + ms, savesBegunNs: [], digest: honesty };
}

/** What a disk's files tell, where the journal is one of blocks. */
type WindowsIn = (image: Image) => string[];

/** Reads the log as far as it is whole; refuses NULs. Counts what it was asked. */
class ToyRecoverer implements Recoverer {
  asked = 0;
  readonly windowsIn: WindowsIn | undefined;

  constructor(windowsIn?: WindowsIn) {
    this.windowsIn = windowsIn;
  }

  async recover(image: Image): Promise<RecoveryFacts> {
    this.asked++;
    return { ...this.start(image), ...(this.windowsIn && { windows: this.windowsIn(image) }) };
  }

  private start(image: Image): RecoveryFacts {
    const node = image.get(path);
    const text = node?.kind === "file" ? Buffer.from(node.bytes).toString("latin1") : "";
    if (text.includes("\0")) return { starts: [{ kind: "refused", exitCode: 1, lastLogLines: ["Bad file format"] }] };
    const items = text.split("\n").slice(0, -1);
    const list: ModelEntry = { value: { type: "list", items } };
    const state = new Map(items.length > 0 ? [[0, new Map([["list", list]])]] : []);
    return { starts: [{ kind: "served", state, readAtWallMs: 1_700_000_001_000, deadlineErrorMs: 0, tookMs: 1 }] };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Counts the elements of a log that is a prefix; `mistakenBy` counts too few of them, which acquits all the same here. */
function toyIndex(mistakenBy: number): MakeStateIndex {
  return ({ lanes }) => ({
    explain(state) {
      const file = state.files.find((each) => each.path === path);
      if (file?.isPrefix !== true) return undefined;
      const kept = Math.min(10, Math.floor(file.sizeBytes / 3) + mistakenBy);
      return lanes.lanes.map((_, index) => Int32Array.from(index === 0 ? [kept, kept] : [0, 0]));
    },
    units: () => [],
  });
}

const scenario = scenarioSchema.parse({
  name: "test/toy",
  why: "test",
  presets: ["always"],
  fault: { kind: "power-cut", lastsMs: 1 },
  budget: { runs: 1 },
}) as PowerCutScenario;
const store = { name: "toy", version: "1", redisVersion: "7.0", unknownCommands: [] };

async function explore(
  honesty: Honesty,
  models = diskModels,
  makeIndex?: MakeStateIndex,
  { asked = scenario, windowsIn }: { asked?: PowerCutScenario; windowsIn?: WindowsIn } = {},
): Promise<{ run: Run; detail: RunDetail; points: number; boots: number }> {
  const recoverer = new ToyRecoverer(windowsIn);
  const recording = recordingOf(honesty);
  const title = {
    preset: "always",
    target: "toy",
    seed: "s",
    engine: "recorded",
    filesystem: "",
    store,
    models,
  } as const;
  const summary = new ExplorationSummary({ scenario: asked, ...title, todayIso: "2026-01-01" });
  const explored = await exploreRecording(
    {
      recording,
      config: [["appendonly", "yes"]],
      store,
      promise: { row: "always", store, savePoints: [] },
      ...(makeIndex && { makeIndex }),
      documentedCounts: false,
      models,
      setsMax: 24,
      failsUpTo: "realistic",
      sampleMax: 20,
      random: randomFrom("toy"),
      recoverer,
      jobs: 2,
      deadlineMs: Number.POSITIVE_INFINITY,
      signal: new AbortController().signal,
    },
    (pair) => summary.add(pair, { link: 0 }),
  );
  summary.endLink(recording, explored);
  summary.endTrial(new Map());
  const points = explored.points.length;
  return { run: summary.outcome(), detail: summary.detail(), points, boots: recoverer.asked };
}

function sizeOf(windows: (bytes: number) => string[]): WindowsIn {
  return (image) => {
    const node = image.get(path);
    return windows(node?.kind === "file" ? node.bytes.length : 0);
  };
}

const failing = ({ findings }: Run) => findings.filter(({ model }) => model === "ordered" || model === "process-crash");

describe("an exploration", () => {
  it("holds what a store keeps that answers after its sync, under every model that a store must survive", async () => {
    const { run } = await explore("acks after its sync");
    expect(run.verdict).to.equal("held");
    expect(run.loss).to.deep.include({ ackedMax: 0, ageMsMax: 0 });
    expect(run.crashStates.judged).to.equal(run.crashStates.considered);
    expect(run.loss.longestSyncMs).to.equal(20);
  });

  it("finds a store that answers before its sync, although each of its states is a state of the honest one too", async () => {
    const { run } = await explore("acks before its sync");
    expect(run.verdict).to.equal("violated");
    expect(failing(run).map(({ kind, level }) => `${kind} ${level}`)).to.include("loss-beyond-bound source");
    // Acked 1 ms before the sync began, lost until it ended: 21 ms of every 23.
    const [finding] = failing(run);
    expect(finding?.exposureMs).to.be.greaterThan(100).and.lessThan(230);
    expect(finding?.exposureShare).to.be.greaterThan(0.8).and.lessThan(0.95);
  });

  it("judges one image at every point at which it can be left (S5): a store that never syncs has only that one", async () => {
    const { run, boots } = await explore(
      "never syncs",
      diskModels.filter(({ name }) => name === "ordered"),
    );
    expect(boots).to.equal(1);
    expect(run.crashStates).to.deep.include({ distinct: 1 });
    expect(run.crashStates.judged).to.be.greaterThan(9);
    expect(run.verdict).to.equal("violated");
    expect(run.loss.ackedMax).to.equal(10);
  });

  it("is not known where nothing was ever pending: no power cut could have lost anything (N1)", async () => {
    const { run } = await explore("only reads");
    expect(run.verdict).to.equal("unknown");
    expect(run.why).to.include("nothing was pending");
  });

  it("asks an index first, boots what that cannot acquit and a sample of the rest, and says the same", async () => {
    for (const honesty of ["acks after its sync", "acks before its sync"] as const) {
      const booted = await explore(honesty);
      const indexed = await explore(honesty, diskModels, toyIndex(0));
      expect(indexed.run.why).to.equal(undefined);
      expect(indexed.run.verdict).to.equal(booted.run.verdict);
      expect(indexed.run.findings.map(({ fingerprint }) => fingerprint)).to.have.members(
        booted.run.findings.map(({ fingerprint }) => fingerprint),
      );
      expect(indexed.run.crashStates.judged).to.equal(booted.run.crashStates.judged);
    }
  });

  it("is not known when a boot contradicts the index (J2)", async () => {
    const { run } = await explore("acks after its sync", diskModels, toyIndex(1));
    expect(run.verdict).to.equal("unknown");
    expect(run.why).to.include("the index is wrong");
  });

  it("learns from the files that a disk had which stretch a cut fell into, where the journal does not tell", async () => {
    const needs = { acks: 1, booted: 1, windows: ["load", "rewrite"] } as const;
    const asked = { ...scenario, needs: { ...needs, windows: [...needs.windows] } };
    const held = sizeOf((bytes) => (bytes >= 9 && bytes < 15 ? ["rewrite:two-logs"] : []));
    const { run } = await explore("acks after its sync", diskModels, undefined, { asked, windowsIn: held });
    expect(run.why).to.equal(undefined);
    const window = run.windows.find(({ name }) => name === "rewrite:two-logs");
    // The third and the fourth element: 23 ms each, until the next one is written.
    expect(window?.crashPoints).to.be.greaterThan(4);
    expect(window?.exposureMs).to.be.within(40, 80);

    const never = { asked, windowsIn: () => [] };
    const { run: blind } = await explore("acks after its sync", diskModels, undefined, never);
    expect(blind.verdict).to.equal("unknown");
    expect(blind.why).to.match(/no recording had the stretch that is to be tested: rewrite$/);
  });

  it("reports what only an adversarial disk does, with its laws, and does not fail the run for it", async () => {
    const { run } = await explore("acks after its sync");
    const refusal = run.findings.find(({ kind }) => kind === "refusal");
    expect(refusal?.model).to.equal("zero-filled");
    expect(refusal?.evidence.disk).to.have.nested.property("laws.L16");
    expect(run.verdict).to.equal("held");
  });
});

describe("the detail of an exploration", () => {
  it("has every crash point as a cell under each model, and in them every state that was judged", async () => {
    const { run, detail, points } = await explore("acks before its sync");
    expect(runDetailSchema.parse(detail)).to.deep.equal(detail);
    expect(detail.crashMap.map(({ name }) => name)).to.deep.equal(diskModels.map(({ name }) => name));
    for (const { name, cells } of detail.crashMap) {
      expect(cells).to.have.length(points);
      const model = run.models.find((each) => each.name === name);
      const sum = (of: "held" | "violated" | "unknown") => cells.reduce((total, cell) => total + cell[of], 0);
      expect(sum("held") + sum("violated") + sum("unknown"), name).to.equal(model?.states);
      expect(sum("violated"), name).to.equal(model?.violations);
    }
  });

  it("draws each finding's first crash: what was acked and lost, and the write that had not reached the disk", async () => {
    const { run, detail } = await explore("acks before its sync");
    const [finding] = failing(run);
    const timeline = detail.timelines.find(({ fingerprint }) => fingerprint === finding?.fingerprint);
    expect(timeline?.clients[0]?.calls.filter(({ fate }) => fate === "lost")).to.have.length(1);
    const writes = timeline?.disk.filter(({ operation }) => operation === "write") ?? [];
    expect(writes.at(-1)?.fate).to.equal("lost");
    expect(writes.slice(0, -1).every(({ fate }) => fate === "durable")).to.equal(true);
    expect(timeline?.cutMs).to.be.at.least(writes.at(-1)?.fromMs ?? Number.NaN);
  });

  it("tells a sync that had not ended at the cut from one that had", async () => {
    const { detail } = await explore("acks before its sync");
    const fates = detail.timelines.flatMap(({ disk }) =>
      disk.flatMap((each) => (each.operation === "sync" ? [each.fate] : [])),
    );
    expect(fates).to.include.members(["durable", "unfinished"]);
    expect(detail.stretches.filter(({ name }) => name === "sync")).to.have.length(10);
  });

  it("weighs losses by the time for which their crash points stand, and has a worst one that is drawn", async () => {
    const { run, detail } = await explore("never syncs");
    expect(Math.max(...detail.losses.map(({ ageMs }) => ageMs))).to.equal(run.loss.ageMsMax);
    const weight = detail.losses.reduce((sum, loss) => sum + loss.weight, 0);
    expect(weight).to.be.within(detail.durationMs * 0.9, detail.durationMs * 1.1);
    const worst = detail.timelines.find(({ fingerprint }) => fingerprint === "");
    expect(worst?.clients[0]?.calls.filter(({ fate }) => fate === "lost")).to.have.length(10);
  });
});
