import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { fakeSurroundings, resultOf } from "../../tests/fake-surroundings.ts";
import { sampleFinding, sampleOutcome, violatedRun } from "../../tests/sample-outcome.ts";
import type { RunScenario } from "../run-request.ts";
import { main } from "./program.ts";

describe("lossbound report", () => {
  let folder: string;
  let results: string;

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "lossbound-report-"));
    results = path.join(folder, "results");
    await main(["run", "kill/random", "--seed", "quiet-harbour", "--out", results], fakeSurroundings());
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const reported = async (...words: string[]) => {
    const around = fakeSurroundings();
    const code = await main(["report", ...words], around);
    return { code, stdout: around.stdout(), stderr: around.stderr() };
  };

  it("writes the page beside the outcome of the latest result, and says where", async () => {
    const file = path.join(results, "latest/report.html");
    expect(await reported(results)).to.deep.equal({ code: 0, stdout: `${file}\n`, stderr: "" });
    expect(readFileSync(file, "utf8")).to.contain('"seed":"quiet-harbour"');
  });

  it("takes the folder of one result, its outcome, and another place for the page", async () => {
    const to = path.join(folder, "night.html");
    for (const one of [path.join(results, "latest"), path.join(results, "latest/outcome.json")]) {
      expect((await reported(one, "--to", to)).stdout).to.equal(`${to}\n`);
      expect(existsSync(to)).to.equal(true);
      rmSync(to);
    }
  });

  it("says that a night which was killed is only a part", async () => {
    rmSync(path.join(results, "latest/detail.json"));
    expect((await reported(results)).code).to.equal(0);
    expect(readFileSync(path.join(results, "latest/report.html"), "utf8")).to.contain('"interrupted":true');
  });

  it("says of each finding what it is beside the nights before: new, then resolved", async () => {
    const night = async (hour: number, engine?: RunScenario) => {
      const around = { ...fakeSurroundings(engine), now: () => new Date(Date.UTC(2026, 10, 23, hour)) };
      await main(["run", "kill/random", "--preset", "always", "--out", results], around);
      return (await reported(results)).stdout.split("\n").slice(1, -1);
    };
    const planted: RunScenario = (request) => {
      const { promises, loss, findings } = violatedRun();
      return Promise.resolve(resultOf(request, { verdict: "violated", promises, loss, findings }));
    };
    const { fingerprint } = sampleFinding();
    expect(await night(1)).to.deep.equal([]);
    expect(await night(2, planted)).to.deep.equal([`new       ${fingerprint}  kill/random · always · bundled`]);
    expect(readFileSync(path.join(results, "latest/report.html"), "utf8")).to.contain('"triage":[{"state":"new"');
    expect(await night(3)).to.deep.equal([
      `resolved  ${fingerprint}  kill/random · always · bundled, first seen 2026-11-23`,
    ]);
  });

  it("answers what is no result with exit code 2 and a reason", async () => {
    expect(await reported(folder)).to.deep.include({
      code: 2,
      stderr: `there is no result in ${folder}: expected a folder with an outcome.json\n`,
    });
    const file = path.join(folder, "outcome.json");
    writeFileSync(file, "{");
    expect((await reported(file)).stderr).to.match(/outcome\.json cannot be read: .*JSON/);
    writeFileSync(file, JSON.stringify({ ...sampleOutcome(), schema: "lossbound/outcome@7" }));
    expect((await reported(file)).stderr).to.match(/outcome\.json is no document of this version: schema: /);
    expect((await reported(results, "--to", "/nowhere/night.html")).code).to.equal(2);
  });
});
