import { expect } from "chai";
import { crashStateAt } from "../../harness/disk/crash-states.ts";
import { type DiskModel, type SurvivorSet, settle } from "../../harness/disk/disk-model.ts";
import { diskModelNamed, diskModels } from "../../harness/disk/disk-models.ts";
import { type DiskOp, isName, nameOf, type WriteOp } from "../../harness/disk/disk-op.ts";
import { survives, survivorsFromText, survivorsToText } from "../../harness/disk/survivors/survivors.ts";
import { Timeline } from "../../harness/disk/timeline.ts";
import { type Random, randomFrom } from "../../harness/random.ts";
import type { Journal, JournalRecord } from "../../harness/recording/journal.ts";
import { plainStates, plainTree, treeText } from "./plain-states.ts";
import { type JournalShape, randomJournal, somePaths } from "./random-journal.ts";
import { stateText, sweep, sweptStates } from "./swept-states.ts";

const baseSeed = process.env.SEED ?? String(Date.now());

/** Runs `check` on journals drawn from the seed, and names the one on which it fails. */
function onRandomJournals(count: number, shape: JournalShape, check: (journal: Journal, random: Random) => void): void {
  for (let at = 0; at < count; at++) {
    const seed = `${baseSeed}/${at}`;
    const random = randomFrom(seed);
    const { journal } = randomJournal(random, shape);
    try {
      check(journal, random);
    } catch (error) {
      const drawn = journal.records.map((record, index) => `${index} ${JSON.stringify(record)}`).join("\n");
      throw new Error(`SEED=${baseSeed}, journal ${at}:\n${drawn}\n${(error as Error).message}`, { cause: error });
    }
  }
}

const small: JournalShape = { laidCount: 4, count: 9, writeBytesMax: 4, failingSyncs: false, paths: somePaths };
const failing: JournalShape = { ...small, count: 11, failingSyncs: true };
const tearing: JournalShape = { ...small, count: 5, writeBytesMax: 1500 };
const paged: JournalShape = { laidCount: 3, count: 6, writeBytesMax: 9000, failingSyncs: true, paths: somePaths };
const narrow: JournalShape = { ...failing, paths: ["a"] };

const firstPoint = (journal: Journal) => new Timeline(journal).firstPointIndex;

function pointsOf(journal: Journal): number[] {
  const first = firstPoint(journal);
  return Array.from({ length: journal.records.length + 1 - first }, (_, at) => first + at);
}

describe("disk models, by sweep and by definition", function () {
  this.timeout(120_000);

  for (const [name, shape, count] of [
    ["small journals", small, 60],
    ["journals with failing syncs", failing, 60],
    ["writes that tear", tearing, 40],
    ["writes over several pages", paged, 40],
  ] as const) {
    it(`finds on ${name} exactly the states that the laws admit, in every model`, () => {
      let compared = 0;
      onRandomJournals(count, shape, (journal) => {
        for (const model of diskModels) {
          for (const pointIndex of pointsOf(journal)) {
            const expected = plainStates(journal, pointIndex, model);
            if (expected === undefined) continue;
            compared++;
            const found = sweptStates(journal, pointIndex, model);
            expect([...found].sort(), `${model.name} at ${pointIndex}`).to.deep.equal([...expected].sort());
          }
        }
      });
      expect(compared).to.be.greaterThan(count * 10);
    });
  }

  it("is caught when a model forgets a law, tears wrongly, or calls durable what is not", () => {
    const ordered = diskModelNamed("prefix");
    const planted: Record<string, DiskModel> = {
      "a sync covers what was written while it ran": {
        ...ordered,
        pending: (journal, pointIndex, reading) => {
          const ended = journal.records.slice(0, pointIndex).findLastIndex(({ kind }) => kind === "sync-end");
          return ordered.pending(journal, pointIndex, reading).filter((op) => op.index > ended);
        },
      },
      "holes are admitted": { ...ordered, admits: () => true },
      "nothing is admitted but all": { ...ordered, admits: ({ kept }) => kept.every((each) => each) },
      "names need no order": { ...ordered, admits: (set) => ordered.admits(writesOnly(set)) },
      "writes tear at every byte": { ...ordered, tear: (op) => (op.kind === "write" ? bytesOf(op) : [op]) },
      "a failed sync may be repeated": {
        ...ordered,
        pending: (journal, pointIndex) => ordered.pending(journal, pointIndex, "new"),
      },
    };
    for (const [what, broken] of Object.entries(planted)) {
      let caught = 0;
      const check = (journal: Journal) => {
        for (const pointIndex of pointsOf(journal)) {
          const claimed = plainStates(journal, pointIndex, broken);
          if (claimed === undefined) continue;
          const found = sweptStates(journal, pointIndex, ordered);
          if (found.size !== claimed.size || [...claimed].some((state) => !found.has(state))) caught++;
        }
      };
      onRandomJournals(30, failing, check);
      onRandomJournals(60, narrow, check);
      expect(caught, what).to.be.greaterThan(0);
    }
  });

  it("keeps to the laws when it samples, and says in a line of text what survived", () => {
    let states = 0;
    onRandomJournals(40, { ...paged, count: 14 }, (journal) => {
      const timeline = new Timeline(journal);
      for (const model of diskModels) {
        for (const state of sweep(journal, pointsOf(journal), [model], 5)) {
          states++;
          const text = survivorsToText(state.survivors);
          const { index } = state.point;
          const again = crashStateAt(timeline, state.point, survivorsFromText(text), model);
          expect(stateText(again), `${model.name} at ${index}: ${text}`).to.equal(stateText(state));
          const { durable, pending } = settle(journal, index, model.commits, state.survivors.reading);
          const ops = pending.flatMap((op) => [...model.tear(op)]);
          const kept = ops.map((op) => survives(state.survivors, op));
          expect(model.admits({ ops, kept }), `${model.name} at ${index}: ${text}`).to.equal(true);
          const tree = plainTree(
            journal,
            durable,
            ops.filter((_, at) => kept[at]),
          );
          expect(stateText(state), `${model.name} at ${index}: ${text}`).to.equal(treeText(tree));
        }
      }
    });
    expect(states).to.be.greaterThan(1000);
  });

  it("gives the same bytes for the same signature, over all points and models of a recording", () => {
    let repeated = 0;
    onRandomJournals(40, { ...paged, count: 12 }, (journal) => {
      const bySignature = new Map<string, string>();
      for (const state of sweep(journal, pointsOf(journal), diskModels, 12)) {
        const known = bySignature.get(state.signature);
        if (known !== undefined) repeated++;
        else bySignature.set(state.signature, stateText(state));
        expect(stateText(state)).to.equal(bySignature.get(state.signature));
      }
    });
    expect(repeated).to.be.greaterThan(1000);
  });
});

describe("disk models, against each other", function () {
  this.timeout(120_000);

  const inclusions = [
    ["process-crash", "prefix"],
    ["ordered", "prefix"],
    ["prefix", "torn"],
    ["prefix", "cross"],
    ["prefix", "metadata-first"],
    ["prefix", "zero-filled"],
    ["cross", "pages"],
    ["metadata-first", "pages"],
    ["strict", "random-metadata"],
    ["process-crash", "random-metadata"],
  ] as const;

  for (const [narrow, wide] of inclusions) {
    it(`every state of ${narrow} is a state of ${wide}`, () => {
      onRandomJournals(40, failing, (journal) => {
        for (const pointIndex of pointsOf(journal)) {
          const found = sweptStates(journal, pointIndex, diskModelNamed(wide));
          for (const state of sweptStates(journal, pointIndex, diskModelNamed(narrow))) {
            expect(found.has(state), `at ${pointIndex}: ${state}`).to.equal(true);
          }
        }
      });
    });
  }

  it("a finished sync protects its bytes in every model, whatever else is lost", () => {
    let protectedFiles = 0;
    onRandomJournals(80, { ...small, count: 14, writeBytesMax: 600 }, (journal) => {
      // The last sync of each file that covered all its bytes, nothing having touched them since.
      const { records } = journal;
      records.forEach((end, endIndex) => {
        if (end.kind !== "sync-end" || !end.ok) return;
        const touched = records.findLastIndex((record) => isContent(record) && record.inode === end.inode);
        if (touched < 0 || touched > end.start) return;
        const bytes = liveBytes(journal, end.inode);
        for (const pointIndex of pointsOf(journal)) {
          if (pointIndex <= endIndex) continue;
          for (const state of sweep(journal, [pointIndex], diskModels, 20)) {
            for (const file of state.files) {
              if (file.inode !== end.inode) continue;
              protectedFiles++;
              expect(Buffer.from(file.view().read(0, 10_000)).toString("latin1")).to.equal(bytes);
            }
          }
        }
      });
    });
    expect(protectedFiles).to.be.greaterThan(500);
  });

  it("a name is there in every model that keeps metadata in order, once any sync ended after it", () => {
    onRandomJournals(60, small, (journal) => {
      journal.records.forEach((record, index) => {
        if (record.kind !== "create") return;
        const removed = journal.records.some(
          (other) => isName(other) && other.kind !== "link" && other.inode === record.inode && other !== record,
        );
        const replaced = journal.records.some((other) => other.kind === "rename" && other.replaced === record.inode);
        const sync = journal.records.findIndex((other) => other.kind === "sync-end" && other.ok && other.start > index);
        if (removed || replaced || sync < 0) return;
        const models = diskModels.filter((model) => model.commits === "any-sync");
        for (const state of sweep(
          journal,
          pointsOf(journal).filter((at) => at > sync),
          models,
          20,
        )) {
          expect(state.entries.map((entry) => entry.path)).to.include(record.path);
        }
      });
    });
  });
});

const isContent = (record: JournalRecord) =>
  record.kind === "write" || record.kind === "truncate" || record.kind === "fallocate";

function liveBytes(journal: Journal, inode: number): string {
  const { durable, pending } = settle(journal, journal.records.length, "any-sync", "new");
  const ops = [...durable, ...pending].filter((op) => op.inode === inode && op.kind !== "name");
  const made = { kind: "create", type: "file", inode, path: "it", parent: 1, tid: 0, stampNs: 0 } as const;
  return plainTree(journal, [nameOf(-1, made)], ops).get("it") as string;
}

function writesOnly({ ops, kept }: SurvivorSet): SurvivorSet {
  const at = ops.flatMap((op, position) => (op.kind === "write" ? [position] : []));
  return { ops: at.map((each) => ops[each] as DiskOp), kept: at.map((each) => kept[each] as boolean) };
}

const bytesOf = (op: WriteOp): WriteOp[] =>
  Array.from({ length: op.to - op.from }, (_, at) => ({ ...op, from: op.from + at, to: op.from + at + 1 }));
