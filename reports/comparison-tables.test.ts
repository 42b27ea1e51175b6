import { expect } from "chai";
import { sampleComparison, sampleEntry } from "../tests/sample-comparison.ts";
import { comparisonSchema } from "./comparison.ts";
import { comparisonCsv, comparisonMarkdown, comparisonText } from "./comparison-tables.ts";

describe("a comparison", () => {
  it("as text shows each preset beside the others, and what was not measured with its reason", () => {
    const text = comparisonText(sampleComparison());
    expect(comparisonSchema.parse(sampleComparison())).to.deep.equal(sampleComparison());
    expect(text).to.match(/preset .* always .* everysec .* os-decides .* rdb-only/);
    expect(text).to.match(/lost at power loss .* nothing .* 490 ms, p99 980 ms, worst 980 ms .* not measured/);
    expect(text).to.contain("power loss was not measured: there is no /dev/fuse");
    expect(text).to.match(/recovery .* 85 ms with 140 KB, 310 ms with 9 MB/);
    expect(text)
      .to.match(/written per acked byte .* 2\.90 /)
      .and.to.match(/memory .* 71 MB/);
    expect(text).to.not.contain("target");
    expect(text).to.contain("quiet-harbour");
  });

  it("names the targets when there are several", () => {
    const entries = [sampleEntry(), sampleEntry({ target: "/usr/bin/redis-server", against: "within noise" })];
    expect(comparisonText(sampleComparison({ entries }))).to.match(/target .* bundled .* \/usr\/bin\/redis-server/);
  });

  it("of one cycle claims no interval", () => {
    const entries = [sampleEntry({ cycles: 1, callsPerSecond: { mean: 5, low: 0, high: Number.MAX_VALUE } })];
    expect(comparisonText(sampleComparison({ entries }))).to.contain("one cycle says nothing");
    expect(comparisonCsv(sampleComparison({ entries }))).to.contain(",5,,,");
  });

  it("as Markdown is a table in which names of strangers are text", () => {
    const entries = [sampleEntry({ preset: "a|b <img>" })];
    const [head, rule, row] = comparisonMarkdown(sampleComparison({ entries })).split("\n");
    expect(head?.split("|")).to.have.length(rule?.split("|").length ?? 0);
    expect(row).to.contain("a\\|b \\<img\\>");
  });

  it("as CSV has a line for each entry, quoted where it must be, and no formula", () => {
    const entries = [sampleEntry({ preset: '=1+"2",3' }), sampleEntry()];
    const lines = comparisonCsv(sampleComparison({ entries })).trimEnd().split("\n");
    expect(lines).to.have.length(3);
    expect(lines[0]).to.match(/^preset,target,verdict,cycles,callsPerSecond,/);
    expect(lines[1]).to.match(/^"'=1\+""2"",3",bundled,held,6,2100,/);
  });
});
