import { expect } from "chai";
import { type ClaimRow, claimsText } from "./claims-table.ts";

const row: ClaimRow = {
  name: "claims/c15",
  said: "A log of 10 MB that has grown to 20 MB is rewritten.",
  by: "somebody",
  verdict: "false",
  figure: "640 KB grown to 1330 KB: not rewritten",
  expected: "false",
  tookMs: 12,
};

describe("the table of claims", () => {
  it("shows what is said, the verdict and what was measured", () => {
    const text = claimsText([row], 120);
    expect(text).to.include("claims/c15");
    expect(text).to.include("A log of 10 MB");
    expect(text).to.include("not rewritten");
    expect(text).to.include("0 true, 1 false, 0 depends, 0 not known");
  });

  it("says when a verdict is not the one that the source makes us expect", () => {
    expect(claimsText([{ ...row, verdict: "true" }], 120)).to.match(/true,\s+│?.*expected|true, expected/s);
    expect(claimsText([{ ...row, verdict: "unknown" }], 120)).to.not.include("expected");
  });
});
