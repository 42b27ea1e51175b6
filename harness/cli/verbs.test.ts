import { expect } from "chai";
import { fakeSurroundings } from "../../tests/fake-surroundings.ts";
import { ownVersion } from "../package.ts";
import { checkMachine } from "./machine.ts";
import { main } from "./program.ts";
import { verbs } from "./verbs.ts";

describe("the command line", () => {
  const said = async (...words: string[]) => {
    const around = fakeSurroundings();
    const code = await main(words, around);
    return { code, stdout: around.stdout(), stderr: around.stderr() };
  };

  it("without a verb shows what there is", async () => {
    const { code, stdout } = await said();
    expect(code).to.equal(0);
    for (const { name } of verbs) expect(stdout).to.match(new RegExp(`^ {2}${name} `, "m"));
    expect(stdout).to.contain("Exit codes: 0 held, 1 violated");
  });

  it("says its version", async () => {
    expect(await said("--version")).to.deep.equal({ code: 0, stdout: `${ownVersion()}\n`, stderr: "" });
  });

  it("answers a misspelt verb with the right one, and exit code 2", async () => {
    const { code, stderr } = await said("rum");
    expect(code).to.equal(2);
    expect(stderr).to.equal("error: unknown command 'rum'\n(Did you mean run?)\n");
  });

  for (const { name } of verbs) {
    it(`${name} explains itself, and refuses an option that it does not know`, async () => {
      const { code, stdout } = await said(name, "--help");
      expect(code).to.equal(0);
      expect(stdout).to.contain(`Usage: lossbound ${name}`);
      expect(stdout).to.match(/\nExamples:\n {2}lossbound /);
      expect((await said(name, "--no-such-thing")).code).to.equal(2);
    });
  }
});

describe("lossbound list", () => {
  const listed = async (...words: string[]) => {
    const around = fakeSurroundings();
    expect(await main(["list", ...words], around)).to.equal(0);
    return around.stdout();
  };

  it("tells everything there is, with how it is used", async () => {
    const text = await listed();
    expect(text).to.match(/^presets {2}--preset NAME$/m);
    expect(text).to.match(/^ {2}kill\/saver +Only the child dies/m);
  });

  it("tells one kind of thing when it is named", async () => {
    const text = await listed("reporters");
    expect(text).to.contain("junit").and.to.not.contain("kill/saver");
  });

  it("gives every kind as JSON, each entry with a name and a sentence", async () => {
    const document = JSON.parse(await listed("--json")) as Record<string, { name: string; what: string }[]>;
    expect(Object.keys(document)).to.include.members(["scenarios", "presets", "targets", "faults", "reporters"]);
    for (const entries of Object.values(document)) {
      expect(entries).to.not.be.empty;
      for (const { name, what } of entries) expect(`${name}: ${what}`).to.match(/^\S[^:]*(:[^:]+)?: \S.{10,}$/);
    }
  });

  it("answers a kind that is not there with those that are", async () => {
    const around = fakeSurroundings();
    expect(await main(["list", "presents"], around)).to.equal(2);
    expect(around.stderr()).to.contain("presets");
  });
});

describe("lossbound doctor", () => {
  it("looks at everything that some part needs, and for what is missing says what to do", async () => {
    const checks = await checkMachine();
    const names = checks.map(({ name }) => name);
    const asked = ["node", "cores", "redis-server", "docker engine", "FUSE", "mount namespaces", "loop devices"];
    expect(names).to.include.members(asked);
    for (const { state, remedy, found, neededFor } of checks) {
      expect(found).to.not.equal("");
      expect(neededFor).to.not.equal("");
      expect(remedy === "").to.equal(state === "ok");
    }
  });

  it("measures a disk when it is asked to, and leaves nothing there", async () => {
    const around = fakeSurroundings();
    expect(await main(["doctor", "--json", "--disk", "."], around)).to.equal(0);
    const { disk } = JSON.parse(around.stdout()) as { disk: { syncs: number; msMedian: number; msMax: number } };
    expect(disk.syncs).to.be.greaterThan(0);
    expect(disk.msMax).to.be.at.least(disk.msMedian);
  });

  it("says so when it cannot", async () => {
    const around = fakeSurroundings();
    expect(await main(["doctor", "--disk", "/nowhere"], around)).to.equal(2);
    expect(around.stderr()).to.contain("/nowhere cannot be measured: ENOENT");
  });

  it("finds nothing where there is nothing, and says how to get it", async () => {
    const path = process.env.PATH;
    process.env.PATH = "/nowhere";
    try {
      const checks = await checkMachine();
      const missing = checks.filter(({ state }) => state === "missing").map(({ name }) => name);
      expect(missing).to.include.members(["redis-server", "docker engine", "mount namespaces"]);
    } finally {
      process.env.PATH = path;
    }
  });
});
