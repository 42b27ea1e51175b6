import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { outcomeSchema } from "../../reports/outcome.ts";
import { assertHeld, run } from "./api.ts";

describe("lossbound in somebody's own tests", function () {
  this.timeout(60_000);
  let out: string;
  before(() => {
    out = mkdtempSync(path.join(tmpdir(), "lossbound-api-"));
  });
  after(() => rmSync(out, { recursive: true }));

  /** Killed after so many acks, however busy the machine is. */
  function scenarioFile(rest = ""): string {
    const file = path.join(out, "mine.yaml");
    const fault = "fault: { kind: kill, trigger: { kind: after-acks, acks: 50 } }";
    writeFileSync(file, `name: mine\nwhy: to see\npresets: [always]\n${fault}\nbudget: { runs: 1 }\n${rest}`);
    return file;
  }

  async function reasonOf(running: Promise<unknown>): Promise<string> {
    const reason: unknown = await running.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(reason).to.be.instanceOf(Error);
    return (reason as Error).message;
  }

  it("runs what the words say, prints nothing, and gives the outcome that was written", async () => {
    const told: string[] = [];
    const result = await run({
      scenarios: scenarioFile(),
      preset: "always",
      runs: 1,
      seed: "quiet-harbour",
      out,
      onProgress: (line) => told.push(line),
    });
    assertHeld(result);
    expect(outcomeSchema.parse(JSON.parse(readFileSync(result.outcomeFile, "utf8")))).to.deep.equal(result.outcome);
    expect(result.outcome.runs.map(({ scenario, preset }) => [scenario, preset])).to.deep.equal([["mine", "always"]]);
    expect(told[0]).to.match(/^lossbound \S+ {2}1 run, 1 cycle {2}seed quiet-harbour$/);
  });

  it("has not held when an expectation of the scenario was missed, and the failure of the test says which", async () => {
    const result = await run({ scenarios: scenarioFile("expect: { judgedMin: 1000 }\n"), out });
    expect(result.held).to.equal(false);
    expect(result.expectations.map(({ met, wanted, found }) => ({ met, wanted, found }))).to.deep.equal([
      { met: false, wanted: "judgedMin 1000", found: "1" },
    ]);
    expect(() => assertHeld(result)).to.throw(/✗ mine · always {2}judgedMin 1000: 1/);
  });

  it("throws for a mistake in the words, with the message of the command line", async () => {
    expect(await reasonOf(run({ scenarios: "kill/randon", out }))).to.match(/there is no scenario.*kill\/random/);
    expect(await reasonOf(run({ preset: "allways", out }))).to.contain("always");
    expect(await reasonOf(run({ time: "soon", out }))).to.contain("soon is no length of time");
    expect(await reasonOf(run({ scenarios: "kill/random", target: "/nowhere/store", out }))).to.contain(
      "/nowhere/store",
    );
  });
});
