import { expect } from "chai";
import { sampleCell, sampleDetail, sampleRunDetail } from "../../tests/sample-detail.ts";
import { sampleOutcome, sampleReport, violatedRun } from "../../tests/sample-outcome.ts";
import { binned, pageData } from "./page-data.ts";

describe("what the page is given", () => {
  const sum = (cells: readonly { readonly held: number; readonly violated: number; readonly unknown: number }[]) =>
    cells.reduce((total, { held, violated, unknown }) => total + held + violated + unknown, 0);

  it("puts neighbouring crash points together and drops none", () => {
    const cells = Array.from({ length: 1_001 }, (_, index) => sampleCell({ atMs: index, held: 3, unknown: index % 2 }));
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
    expect(bin).to.deep.include({ verdict: "violated", atMs: 20, operation: "rename", ackedLost: 7, held: 64 * 12 });
    expect(bin?.fingerprints).to.deep.equal(["hole-1"]);
  });

  it("leaves a cell for each crash point where there is room", () => {
    expect(binned([sampleCell({ atMs: 1 }), sampleCell({ atMs: 2 })], 320).map(({ points }) => points)).to.deep.equal([
      1, 1,
    ]);
  });

  it("counts every crash in the distribution of losses", () => {
    const detail = sampleDetail([sampleRunDetail(999)]);
    const run = pageData(sampleReport(sampleOutcome(), { detail })).runs[0];
    const { nothing = 0, bins = [] } = run?.detail?.losses ?? {};
    expect(nothing + bins.reduce((total, { weight }) => total + weight, 0)).to.equal(999);
    expect(bins.length).to.be.at.most(40);
  });

  it("keeps of a finding's evidence its story, and nothing else", () => {
    const [run] = pageData(sampleReport(sampleOutcome([violatedRun()]))).runs;
    const [finding] = run?.findings ?? [];
    expect(finding?.story.calls).to.have.length(4);
    expect(finding).to.not.have.property("evidence");
  });
});
