/** The contract suite of reporters: every entry of the table must pass it. */
import { expect } from "chai";
import { outcomeSchema } from "../../reports/outcome.ts";
import { plain, type Reporter, render } from "../../reports/reporter.ts";
import { reporters } from "../../reports/reporters.ts";
import { sampleFinding, sampleOutcome, sampleReport, sampleRun, violatedRun } from "../sample-outcome.ts";

const reports = {
  "one that held": sampleReport(),
  "one that was violated": sampleReport(sampleOutcome([violatedRun()])),
  "one that is not known": sampleReport(sampleOutcome([sampleRun({ verdict: "unknown", why: "too few acks" })])),
  "one with a known finding": sampleReport(
    sampleOutcome([violatedRun({ verdict: "held", findings: [sampleFinding({ known: true })] })]),
  ),
  "one without a run": sampleReport(sampleOutcome([])),
  "one whose evidence has a form of its own": sampleReport(
    sampleOutcome([violatedRun({ findings: [sampleFinding({ evidence: { calls: "many", keys: null } })] })]),
  ),
  "one that was interrupted": sampleReport(sampleOutcome(), { interrupted: true }),
};

for (const reporter of reporters) {
  describe(`reporter ${reporter.name}`, () => {
    it("says in a line what it is for", () => {
      expect(reporter.what).to.match(/^\S.{10,}$/);
    });

    for (const [what, report] of Object.entries(reports)) {
      it(`renders ${what}, ending with a line end`, () => {
        expect(reporter.render(report, plain)).to.match(/\S\n$/);
      });
    }

    it("names every run, and changes nothing in the outcome", () => {
      const outcome = sampleOutcome([sampleRun({ preset: "zero" }), violatedRun({ preset: "one" })]);
      const before = structuredClone(outcome);
      const text = reporter.render(sampleReport(outcome), plain);
      expect(text).to.contain("zero").and.to.contain("one").and.to.contain("kill/random");
      expect(outcome).to.deep.equal(before);
      expect(outcomeSchema.safeParse(outcome).success).to.equal(true);
    });

    it("prints the seed, so that whoever reads it can do it again", () => {
      expect(reporter.render(sampleReport(), plain)).to.contain("quiet-harbour");
    });

    it("lets no control character of a stranger through", () => {
      const finding = sampleFinding({
        message: "key \u001b]0;owned\u0007",
        evidence: { keys: [] },
        replay: "\u001b[2J",
      });
      const run = violatedRun({ preset: "\u001b[31m", findings: [finding] });
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
      expect(reporter.render(sampleReport(sampleOutcome([run])), plain)).to.not.match(/[\u0007\u001b]/);
    });

    it("gives plain text when no colour is asked for", () => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
      expect(reporter.render(sampleReport(sampleOutcome([violatedRun()])), plain)).to.not.match(/\u001b/);
    });
  });
}

describe("the table of reporters", () => {
  it("has each name once", () => {
    const names = reporters.map(({ name }) => name);
    expect(names).to.deep.equal([...new Set(names)]);
  });
});

describe("a reporter that breaks", () => {
  const broken: Reporter = {
    name: "broken",
    what: "breaks",
    render: () => {
      throw new Error("no paper");
    },
  };

  it("does not take the run with it: its trouble comes back as a sentence", () => {
    expect(render(broken, sampleReport(), plain)).to.deep.equal({
      trouble: "the reporter broken broke, the verdict stands without it: no paper",
    });
  });
});
