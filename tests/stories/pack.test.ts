/** What users get: the package, packed, installed into an empty folder, and run there. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { missing } from "../needs.ts";

const root = path.resolve(import.meta.dirname, "../../..");

describe("the package", function () {
  this.timeout(300_000);
  let folder: string;

  before(async function () {
    folder = mkdtempSync(path.join(tmpdir(), "lossbound-pack-"));
    // `npm test` has just built what is packed here.
    await execa("npm", ["pack", "--ignore-scripts", "--pack-destination", folder], { cwd: root });
    const [archive] = readdirSync(folder);
    writeFileSync(path.join(folder, "package.json"), '{ "name": "empty", "private": true }\n');
    const install = ["install", "--prefer-offline", "--no-audit", "--no-fund", "--omit=dev", `./${archive}`];
    const { failed, stderr } = await execa("npm", install, { cwd: folder, reject: false });
    if (!failed) return;
    if (/E(NOTFOUND|AI_AGAIN|CONNREFUSED|CONNRESET|TIMEDOUT)/.test(stderr))
      missing(this, "no package registry answers");
    throw new Error(stderr);
  });

  after(() => {
    rmSync(folder, { recursive: true });
  });

  const npx = (...words: string[]) =>
    execa("npx", ["--no-install", ...words], { cwd: folder, reject: false, env: { NO_COLOR: "1" } });

  it("brings a lossbound that lists what ships with it", async () => {
    const { stdout, exitCode } = await npx("lossbound", "list", "scenarios");
    expect(stdout).to.match(/^ {2}kill\/random +The plain question/m);
    expect(exitCode).to.equal(0);
  });

  it("runs a scenario on the bundled store, and leaves the outcome in the folder where it was called", async () => {
    const words = ["run", "kill/random", "--preset", "always", "--runs", "2", "--json"];
    const { stdout, stderr } = await npx("lossbound", ...words);
    const outcome = JSON.parse(stdout) as { runs: { crashStates: { judged: number } }[] };
    expect(outcome.runs[0]?.crashStates.judged, stderr).to.equal(2);
    expect(readdirSync(path.join(folder, "results/latest"))).to.include("outcome.json");
  });

  it("can be imported into a test: the run is typed, its result is a verdict, and a held one passes", async () => {
    const test = `import { assertHeld, type Outcome, run, type RunOutcome } from "lossbound";

const result: RunOutcome = await run({ scenarios: "mine.yaml", preset: "always", runs: 1, seed: "quiet-harbour" });
assertHeld(result);
const outcome: Outcome = result.outcome;
const verdict: "held" | "violated" | "unknown" = outcome.verdict;
// @ts-expect-error: a misspelt wish is told by the compiler
if (verdict !== "held") await run({ presets: "always" });
console.log(JSON.stringify([verdict, outcome.seed, outcome.runs[0]?.crashStates.judged]));
`;
    writeFileSync(path.join(folder, "durability.mts"), test);
    const fault = "fault: { kind: kill, trigger: { kind: after-acks, acks: 50 } }";
    const scenario = `name: mine\nwhy: to see\npresets: [always]\n${fault}\nbudget: { runs: 1 }\n`;
    writeFileSync(path.join(folder, "mine.yaml"), scenario);
    const compiler = path.join(root, "node_modules/typescript/bin/tsc");
    const types = ["--types", "node", "--typeRoots", path.join(root, "node_modules/@types")];
    const strict = ["--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2023"];
    const built = await execa("node", [compiler, ...strict, ...types, "durability.mts"], {
      cwd: folder,
      reject: false,
    });
    expect(built.stdout).to.equal("");
    const { stdout, stderr } = await execa("node", ["durability.mjs"], { cwd: folder, reject: false });
    expect(stdout, stderr).to.equal('["held","quiet-harbour",1]');
  });

  it("holds no tests, no sources and nothing of the build", () => {
    const own = path.join(folder, "node_modules/lossbound");
    const files = readdirSync(own, { recursive: true, encoding: "utf8" });
    const foreign = /\.test\.|(?<!\.d)\.ts$|\.map$|tsbuildinfo|^dist\/(tests|bench)/;
    expect(files.filter((file) => foreign.test(file))).to.deep.equal([]);
    expect(files).to.include.members(["LICENSE", "README.md", "CHANGELOG.md", "reports/outcome.schema.json"]);
  });
});
