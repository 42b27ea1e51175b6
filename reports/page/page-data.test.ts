import { expect } from "chai";
import { sampleDetail, sampleRunDetail } from "../../tests/sample-detail.ts";
import { sampleOutcome, sampleReport, violatedRun } from "../../tests/sample-outcome.ts";
import { pageData } from "./page-data.ts";

describe("what the page is given", () => {
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
