import { expect } from "chai";
import { sampleFinding } from "../tests/sample-outcome.ts";
import { exposureInWords } from "./exposure.ts";
import { paintOf } from "./paint.ts";
import { story } from "./text-failure.ts";

describe("how likely a power cut is to hit a finding", () => {
  const exposed = { exposureMs: 37, exposureShare: 0.0123 };

  it("is told as the time and the chance, and not at all where nobody measured it", () => {
    expect(exposureInWords(exposed)).to.contain("37 ms").and.contain("1.3 %");
    expect(exposureInWords({ exposureMs: 0 })).to.equal("");
  });

  it("is told without a chance where an older outcome has none", () => {
    expect(exposureInWords({ exposureMs: 37 }))
      .to.contain("37 ms")
      .and.not.contain("%");
  });

  it("stands in the story of a finding in the terminal", () => {
    const lines = (changes: Parameters<typeof sampleFinding>[0]) => story(sampleFinding(changes), paintOf(false), 100);
    expect(lines(exposed).join(" ").replaceAll(/\s+/g, " ")).to.contain(exposureInWords(exposed));
    expect(lines({})).to.not.include("    how likely");
  });
});
