import { expect } from "chai";
import type { LawId } from "../../disk/disk-model.ts";
import { diskModelNamed } from "../../disk/disk-models.ts";
import type { Image, ImageNode } from "../../disk/image.ts";
import { needs } from "./calibrate.ts";
import { type Drill, fillOf, imageBefore, journalOf, type StepTimes } from "./drill.ts";
import { type Answer, questions, verdictOn } from "./questions.ts";
import { Sighting } from "./sighting.ts";

const drill: Drill = {
  name: "test",
  why: "a log is synced, a file is renamed, another file is synced",
  before: { c: 10, log: 10, old: 10 },
  steps: [
    { do: "append", file: "log", bytes: 5_000 },
    { do: "sync", path: "log" },
    { do: "rename", from: "old", to: "new" },
    { do: "create", path: "n" },
    { do: "append", file: "n", bytes: 9_000 },
    { do: "append", file: "c", bytes: 10 },
    { do: "sync", path: "c" },
    { do: "append", file: "log", bytes: 5_000 },
  ],
};

const times: StepTimes[] = drill.steps.map((_, step) => ({
  step,
  part: "step",
  startNs: 100 + step * 10,
  endNs: 105 + step * 10,
  ok: true,
}));
const asked = journalOf(drill, times);

describe("a law, asked of what a power cut left", () => {
  const before = 0xee;
  const bytes = (...runs: readonly (readonly [fill: number, count: number])[]): ImageNode => ({
    kind: "file",
    bytes: Buffer.concat(runs.map(([fill, count]) => Buffer.alloc(count, fill))),
  });
  const log = (...more: readonly (readonly [number, number])[]) => bytes([before, 10], [fillOf(0), 5_000], ...more);
  const c = bytes([before, 10], [fillOf(5), 10]);
  const empty: ImageNode = { kind: "file", bytes: new Uint8Array() };

  const sightingOf = (files: Readonly<Record<string, ImageNode>>, pointIndex = asked.records.length): Sighting =>
    new Sighting(asked, pointIndex, new Map(Object.entries(files)) as Image);
  const answer = (law: LawId, sighting: Sighting): Answer =>
    questions.find((question) => question.law === law)?.ask(sighting);

  /** Nothing but what was synced, and the names before that. */
  const honest = () => sightingOf({ c, log: log(), n: empty, new: bytes([before, 10]) });

  it("is kept by a disk that loses only what was not synced", () => {
    const sighting = honest();
    for (const law of ["L1", "L4", "L5", "L6"] as const) expect(answer(law, sighting), law).to.equal("yes");
    expect(answer("L9", sighting)).to.equal("yes");
    expect(answer("L7", sighting)).to.equal("no");
    expect(sighting.isAdmittedBy(diskModelNamed("ordered"))).to.equal(true);
  });

  it("L1 is broken by a disk that lies: synced bytes are gone", () => {
    const sighting = sightingOf({ c, log: bytes([before, 10]), n: empty, new: bytes([before, 10]) });
    expect(answer("L1", sighting)).to.equal("no");
    expect(sighting.isAdmittedBy(diskModelNamed("pages"))).to.equal(false);
  });

  it("L4 is broken by a file that has both its names, or neither", () => {
    const old = bytes([before, 10]);
    expect(answer("L4", sightingOf({ c, log: log(), n: empty, new: old, old }))).to.equal("no");
    expect(answer("L4", sightingOf({ c, log: log(), n: empty }))).to.equal("no");
  });

  it("L5 is broken by bytes that nobody wrote there", () => {
    const stale = sightingOf({ c, log: log([0x77, 100]), n: empty, new: bytes([before, 10]) });
    expect(answer("L5", stale)).to.equal("no");
  });

  it("L6 is broken, and L7 seen, where a name is lost that came before another file's sync", () => {
    const sighting = sightingOf({ c, log: log(), old: bytes([before, 10]) });
    expect(answer("L6", sighting)).to.equal("no");
    expect(answer("L7", sighting)).to.equal("yes");
    expect(sighting.isAdmittedBy(diskModelNamed("ordered"))).to.equal(false);
    expect(needs(diskModelNamed("strict"))(sighting)).to.equal(true);
  });

  it("L11 and L12 are broken by names and newer writes that come before older bytes", () => {
    const newerLog = sightingOf({ c, log: log([fillOf(7), 5_000]), n: empty, new: bytes([before, 10]) });
    expect(answer("L11", newerLog)).to.equal("no");
    expect(needs(diskModelNamed("cross"))(newerLog)).to.equal(true);
  });

  it("L13 is seen where the last write ends at the end of a sector, and L17 where a page within it is missing", () => {
    const n = (...runs: readonly (readonly [number, number])[]) =>
      sightingOf({ c, log: log(), n: bytes(...runs), new: bytes([before, 10]) });
    expect(answer("L13", n([fillOf(4), 4_096]))).to.equal("yes");
    expect(answer("L17", n([fillOf(4), 4_096]))).to.equal("no");
    expect(answer("L17", n([0, 4_096], [fillOf(4), 4_904]))).to.equal("yes");
    expect(answer("L16", n([0, 9_000]))).to.equal("yes");
  });

  it("L18 is seen where a later name is there and an earlier one is not", () => {
    const sighting = sightingOf({ c, log: log(), n: empty, old: bytes([before, 10]) });
    expect(answer("L18", sighting)).to.equal("yes");
    expect(answer("L10", honest())).to.equal(undefined);
  });

  it("L3 is seen where a sync ended well and the bytes of the failed one before it are gone", () => {
    const failing: Drill = {
      ...drill,
      before: { log: 10 },
      steps: [
        { do: "append", file: "log", bytes: 100 },
        { do: "sync-badly", path: "log" },
        { do: "sync", path: "log" },
      ],
    };
    const journal = journalOf(
      failing,
      times.slice(0, 3).map((time) => ({ ...time, ok: time.step !== 1 })),
    );
    const gone = new Sighting(journal, journal.records.length, imageBefore(failing));
    expect(answer("L3", gone)).to.equal("yes");
    expect(answer("L1", gone)).to.equal(undefined);
  });

  it("is confirmed only where it was at stake", () => {
    const [l1] = questions;
    if (l1 === undefined) throw new Error("no questions");
    const nothingDone = new Sighting(
      asked,
      asked.records.findIndex(({ kind }) => kind === "settled") + 1,
      imageBefore(drill),
    );
    expect(verdictOn(l1, [nothingDone])).to.deep.equal({ confirmed: false, asked: 0, decisive: 0 });
    expect(verdictOn(l1, [nothingDone, honest()])).to.deep.equal({ confirmed: true, asked: 1, decisive: 0 });
  });
});
