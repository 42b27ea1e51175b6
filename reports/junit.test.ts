import { expect } from "chai";
import { SaxesParser } from "saxes";
import { sampleFinding, sampleOutcome, sampleReport, sampleRun, violatedRun } from "../tests/sample-outcome.ts";
import { junit } from "./junit.ts";
import { plain } from "./reporter.ts";

interface Element {
  readonly name: string;
  readonly attributes: Record<string, string>;
  readonly children: Element[];
  text: string;
}

/** Reads with a parser that accepts well-formed XML and nothing else. */
function parse(xml: string): Element {
  const top: Element = { name: "", attributes: {}, children: [], text: "" };
  const open = [top];
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ name, attributes }) => {
    const element = { name, attributes, children: [], text: "" };
    open.at(-1)?.children.push(element);
    open.push(element);
  });
  parser.on("text", (text) => {
    const element = open.at(-1);
    if (element !== undefined) element.text += text;
  });
  parser.on("closetag", () => {
    open.pop();
  });
  parser.write(xml).close();
  const [root] = top.children;
  if (root === undefined) throw new Error("no element");
  return root;
}

const named = (element: Element, name: string): Element[] => element.children.filter((child) => child.name === name);

describe("the junit reporter", () => {
  const unknown = sampleRun({ preset: "hybrid", verdict: "unknown", why: "2 acks, the scenario needs 100" });
  const held = sampleRun();
  const report = sampleReport(sampleOutcome([held, violatedRun(), unknown, sampleRun({ scenario: "kill/saver" })]), {
    expectations: [{ met: false, of: held, wanted: "lossAgeMsMax 1000", found: "2.18 s" }],
  });
  const root = parse(junit.render(report, plain));

  it("makes a suite of each scenario on a target and a case of each preset", () => {
    const suites = named(root, "testsuite");
    expect(suites.map(({ attributes }) => attributes.name)).to.deep.equal([
      "kill/random on bundled",
      "kill/saver on bundled",
    ]);
    const cases = suites.map((suite) => named(suite, "testcase").map(({ attributes }) => attributes.name));
    expect(cases).to.deep.equal([["everysec", "always", "hybrid"], ["everysec"]]);
  });

  it("counts what failed and what is not known, and an expectation that was missed as failed", () => {
    expect(root.attributes).to.include({ tests: "4", failures: "2", errors: "1", time: "133.000" });
    expect(named(root, "testsuite")[0]?.attributes).to.include({ tests: "3", failures: "2", errors: "1" });
  });

  it("tells the story of a violation and how to see it again", () => {
    const [failure] = root.children[0]?.children.filter(({ name }) => name === "testcase")[1]?.children ?? [];
    expect(failure?.name).to.equal("failure");
    expect(failure?.attributes.type).to.equal("loss-beyond-bound");
    expect(failure?.attributes.message).to.contain("2 acked calls were lost");
    expect(failure?.text).to.contain("lossbound replay results/");
  });

  it("makes an error of what is not known: a test that tested nothing has not passed", () => {
    const [error] = root.children[0]?.children.filter(({ name }) => name === "testcase")[2]?.children ?? [];
    expect(error?.name).to.equal("error");
    expect(error?.attributes.message).to.equal("2 acks, the scenario needs 100");
  });

  it("leaves out a finding that is known", () => {
    const run = violatedRun({ verdict: "held", findings: [sampleFinding({ known: true })] });
    const xml = junit.render(sampleReport(sampleOutcome([run])), plain);
    expect(xml).to.not.contain("<failure");
    expect(parse(xml).attributes.failures).to.equal("0");
  });

  it("stays well-formed whatever a key, a value or a log line holds", () => {
    const hostile = `]]>&amp;<x a="1'\u0000\u0008\u001b\uffff\ud800 ü日本\r\n\t🙂`;
    const finding = sampleFinding({ message: hostile, evidence: { key: hostile, [hostile]: 1 }, replay: hostile });
    const run = violatedRun({ scenario: hostile, preset: hostile, target: hostile, findings: [finding] });
    const parsed = parse(junit.render(sampleReport(sampleOutcome([run])), plain));
    const message = parsed.children[0]?.children.at(-1)?.children[0]?.attributes.message;
    expect(message).to.contain(`]]>&amp;<x a="1'\\u0000\\u0008\\u001b\\uffff\\ud800 ü日本\r\n\t🙂`);
  });
});
