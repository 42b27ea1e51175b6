import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { comparisonSchema } from "../../reports/comparison.ts";
import { fakeSurroundings, resultOf } from "../../tests/fake-surroundings.ts";
import type { RunScenario } from "../run-request.ts";
import { main } from "./program.ts";

describe("lossbound compare", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "lossbound-compare-"));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const held: RunScenario = (request) => Promise.resolve(resultOf(request));
  const compared = async (words: string, engine: RunScenario = held) => {
    const around = fakeSurroundings(engine);
    const code = await main(["compare", ...words.split(" "), "--time", "1ms", "--out", folder], around);
    return { code, stdout: around.stdout(), stderr: around.stderr(), requests: around.requests };
  };

  it("with --json prints the document alone on stdout, and keeps it with its page", async () => {
    const { code, stdout } = await compared("--preset always --preset everysec --json --seed quiet");
    expect(code).to.equal(0);
    const printed = comparisonSchema.parse(JSON.parse(stdout));
    expect(printed.entries.map(({ preset }) => preset)).to.deep.equal(["always", "everysec"]);
    const kept = path.join(folder, "compare/latest");
    expect(JSON.parse(readFileSync(path.join(kept, "comparison.json"), "utf8"))).to.deep.equal(printed);
    expect(readFileSync(path.join(kept, "report.html"), "utf8")).to.contain('"seed":"quiet"');
  });

  it("compares stores on the same presets, and gives each form its file", async () => {
    const csv = path.join(folder, "a.csv");
    const words = `--preset always --target bundled --target /bin/true --reporter csv=${csv} --reporter markdown`;
    const { code, stdout } = await compared(words);
    expect(code).to.equal(0);
    expect(stdout).to.match(/^\| preset \| target \|/);
    expect(readFileSync(csv, "utf8").trimEnd().split("\n")).to.have.length(3);
  });

  it("ends as its worst entry says", async () => {
    const violated: RunScenario = (request) => Promise.resolve(resultOf(request, { verdict: "violated" }));
    expect((await compared("--preset always", violated)).code).to.equal(1);
    const unknown: RunScenario = (request) =>
      Promise.resolve(resultOf(request, { verdict: "unknown", why: "too few" }));
    expect((await compared("--preset always", unknown)).code).to.equal(5);
  });

  it("refuses what it cannot compare before anything is started", async () => {
    for (const words of [
      "--preset allways",
      "--target bundled",
      "--preset always --reporter marcdown",
      "--preset always --json --reporter csv",
    ]) {
      const { code, requests } = await compared(words);
      expect(code, words).to.equal(2);
      expect(requests).to.deep.equal([]);
    }
    expect(existsSync(path.join(folder, "compare"))).to.equal(false);
  });
});
