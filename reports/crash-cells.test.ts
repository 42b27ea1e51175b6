import { expect } from "chai";
import { sampleCell } from "../tests/sample-detail.ts";
import { binned, verdictOfCell } from "./crash-cells.ts";

describe("cells of a crash map", () => {
  const sum = (cells: readonly { readonly held: number; readonly violated: number; readonly unknown: number }[]) =>
    cells.reduce((total, { held, violated, unknown }) => total + held + violated + unknown, 0);

  it("puts neighbouring crash points together and drops none", () => {
    const cells = Array.from({ length: 1_001 }, (_, index) =>
      sampleCell({ atMs: index, untilMs: index, held: 3, unknown: index % 2 }),
    );
    const bins = binned(cells, 100);
    expect(bins.length).to.be.at.most(100);
    expect(sum(bins)).to.equal(sum(cells));
    expect(bins.reduce((total, { points }) => total + points, 0)).to.equal(1_001);
    expect(bins.at(-1)?.untilMs).to.equal(1_000);
  });

  it("shows of cells put together the worst, with its place", () => {
    const cells = Array.from({ length: 64 }, (_, index) => sampleCell({ atMs: index, unknown: index === 3 ? 1 : 0 }));
    cells[20] = sampleCell({ atMs: 20, operation: "rename", violated: 1, ackedLost: 7, fingerprints: ["hole-1"] });
    const [bin] = binned(cells, 1);
    expect(bin && verdictOfCell(bin)).to.equal("violated");
    expect(bin).to.deep.include({ atMs: 20, operation: "rename", ackedLost: 7, held: 64 * 12 });
    expect(bin?.fingerprints).to.deep.equal(["hole-1"]);
  });

  it("leaves a cell for each crash point where there is room", () => {
    expect(binned([sampleCell({ atMs: 1 }), sampleCell({ atMs: 2 })], 320).map(({ points }) => points)).to.deep.equal([
      1, 1,
    ]);
  });

  it("are not put together with those of another recording", () => {
    const cells = Array.from({ length: 90 }, (_, index) =>
      sampleCell({ recording: Math.floor(index / 30), atMs: index }),
    );
    const bins = binned(cells, 12);
    expect(bins.map(({ recording, points }) => `${recording}: ${points}`)).to.deep.equal(
      [0, 1, 2].flatMap((recording) => [8, 8, 8, 6].map((points) => `${recording}: ${points}`)),
    );
  });

  it("are, where there are more recordings than cells", () => {
    const cells = Array.from({ length: 1_000 }, (_, index) => sampleCell({ recording: index }));
    expect(binned(cells, 100).map(({ points }) => points)).to.deep.equal(Array(100).fill(10));
  });

  it("say when there was no time to judge any of their states", () => {
    expect(verdictOfCell(sampleCell({ held: 0 }))).to.equal("unjudged");
  });
});
