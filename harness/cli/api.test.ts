import { mkdtempSync, readFileSync, rmSync } from "node:fs";
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
      scenarios: "kill/random",
      preset: "always",
      runs: 1,
      seed: "quiet-harbour",
      out,
      onProgress: (line) => told.push(line),
    });
    assertHeld(result);
    expect(outcomeSchema.parse(JSON.parse(readFileSync(result.outcomeFile, "utf8")))).to.deep.equal(result.outcome);
    expect(result.outcome.runs.map(({ scenario, preset }) => [scenario, preset])).to.deep.equal([
      ["kill/random", "always"],
    ]);
    expect(told[0]).to.match(/^lossbound \S+ {2}1 run, 1 cycle {2}seed quiet-harbour$/);
  });

  it("finds a planted bug, and says in the failure of the test what was lost", async () => {
    const result = await run({
      scenarios: "kill/random",
      preset: "always",
      target: "planted:unlink-not-logged",
      runs: 3,
      out,
    });
    expect(result.held).to.equal(false);
    expect(() => assertHeld(result)).to.throw(/Violated: a promise was broken in kill\/random with always/);
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
