import { expect } from "chai";
import { sampleFinding, sampleOutcome, sampleReport, sampleRun, violatedRun } from "../tests/sample-outcome.ts";
import { annotations, annotationsOfAKindMax, github, summaryBytesMax } from "./github.ts";
import { plain } from "./reporter.ts";

describe("the summary for GitHub", () => {
  it("has the verdict first, a row for each run, and each finding with its history and its command", () => {
    const summary = github.render(sampleReport(sampleOutcome([sampleRun(), violatedRun()])), plain);
    expect(summary).to.match(/^## ❌ lossbound: Violated: a promise was broken in kill\/random with always\.\n/);
    expect(summary).to.match(/^\| ✅ held \| kill\/random \| everysec \| bundled \|/m);
    expect(summary).to.contain("<summary>loss-beyond-bound in kill/random with always (source)</summary>");
    expect(summary).to.contain(`\`\`\`sh\n${sampleFinding().replay}\n\`\`\``);
  });

  it("stays within the limit however much was found, and says how much it left out", () => {
    const finding = sampleFinding({ message: "x".repeat(2_000) });
    const runs = Array.from({ length: 900 }, (_, index) => violatedRun({ preset: `p${index}`, findings: [finding] }));
    const summary = github.render(sampleReport(sampleOutcome(runs)), plain);
    expect(Buffer.byteLength(summary))
      .to.be.at.most(summaryBytesMax)
      .and.above(summaryBytesMax / 2);
    expect(summary).to.match(/… \d+ parts left out to stay within GitHub's limit; the outcome has all of it\.\n$/);
    expect(summary).to.contain("| p899 |");
  });

  it("ends no fold and mentions nobody, whatever a key or a message says", () => {
    const hostile = "</details></summary> @everybody ``` **x**";
    const finding = sampleFinding({
      message: hostile,
      replay: hostile,
      evidence: { calls: [{ id: 1, client: 0, request: hostile, sentMs: 1, repliedMs: 2, reply: "OK", fate: "lost" }] },
    });
    const summary = github.render(
      sampleReport(sampleOutcome([violatedRun({ preset: hostile, findings: [finding] })])),
      plain,
    );
    const outsideOfCode = summary.replace(/^(`{3,})[a-z]*\n[\s\S]*?\n\1$/gm, "");
    expect(outsideOfCode.match(/(?<!\\)<\/details(?!\\)>/g)).to.have.length(1);
    expect(outsideOfCode).to.not.contain("@everybody");
  });
});

describe("annotations for GitHub", () => {
  it("are an error for what fails, a warning for what is not known, a notice for what is known", () => {
    const runs = [
      violatedRun(),
      sampleRun({ verdict: "unknown", why: "too few acks" }),
      violatedRun({ verdict: "held", findings: [sampleFinding({ known: true })] }),
    ];
    const lines = annotations(sampleReport(sampleOutcome(runs)))
      .trimEnd()
      .split("\n");
    expect(lines.map((line) => line.split(" ")[0])).to.deep.equal(["::error", "::warning", "::notice"]);
    expect(lines[0]).to.match(/^::error title=loss-beyond-bound in kill\/random with always::.*%0Alossbound replay /);
    expect(lines[1]).to.equal("::warning title=not known%3A kill/random with everysec::too few acks");
  });

  it("are no more than GitHub shows, and the last one counts the rest", () => {
    const findings = Array.from({ length: 25 }, (_, index) => sampleFinding({ fingerprint: `f${index}` }));
    const lines = annotations(sampleReport(sampleOutcome([violatedRun({ findings })])))
      .trimEnd()
      .split("\n");
    expect(lines).to.have.length(annotationsOfAKindMax);
    expect(lines.at(-1)).to.equal("::error title=16 more::the outcome has all of them");
  });

  it("cannot be made to hold a command of a stranger", () => {
    const finding = sampleFinding({ message: "x\n::set-env name=A::b\r\n::error::c" });
    const text = annotations(sampleReport(sampleOutcome([violatedRun({ findings: [finding] })])));
    expect(text.trimEnd().split("\n")).to.have.length(1);
    expect(text).to.not.contain("\r");
  });

  it("are none when all held", () => {
    expect(annotations(sampleReport())).to.equal("");
  });
});
