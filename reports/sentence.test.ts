import { expect } from "chai";
import { sampleFinding, sampleOutcome, sampleRun } from "../tests/sample-outcome.ts";
import { verdictSentence } from "./sentence.ts";

describe("the sentence of a verdict", () => {
  const broken = (level: "documented" | "source") => {
    return { level, text: "one second", boundMs: 1_000, ageMs: 2_000, spanMs: 0, verdict: "violated" } as const;
  };
  const sentence = (...runs: ReturnType<typeof sampleRun>[]) =>
    verdictSentence({ outcome: sampleOutcome(runs), expectations: [] });

  it("says that all came back only where no finding is known", () => {
    expect(sentence(sampleRun())).to.include("came back, every time");
    const known = sentence(sampleRun({ findings: [sampleFinding({ known: true })] }));
    expect(known).to.include("1 known finding did not fail it").and.not.include("came back");
  });

  it("says that the source permits a loss only where it does", () => {
    expect(sentence(sampleRun({ promises: [broken("documented")] }))).to.include("not more than its source permits");
    const both = sentence(sampleRun({ promises: [broken("documented"), broken("source")] }));
    expect(both).to.not.include("its source permits");
  });
});
