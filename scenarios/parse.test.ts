import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { Catalogue } from "./catalogue.ts";
import { parseText } from "./parse.ts";
import { presetSchema } from "./preset.ts";
import { BadFile } from "./problem.ts";

const good = `name: mine/first
why: to see it work
presets: [always]
fault: { kind: kill, trigger: { kind: after-acks, acks: [100, 900] } }
budget: { runs: 5, time: 60s }
`;

describe("a scenario file", () => {
  let folder: string;
  const catalogue = new Catalogue();

  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), "lossbound-parse-"));
  });

  after(() => {
    rmSync(folder, { recursive: true });
  });

  const write = (text: string | Uint8Array): string => {
    const file = path.join(folder, "mine.yaml");
    writeFileSync(file, text);
    return file;
  };

  const read = (text: string) => catalogue.scenario(write(text)).value;

  /** `line:column message` of every problem, in order. */
  const problemsOf = (text: string | Uint8Array): string[] => {
    const file = write(text);
    try {
      catalogue.scenario(file);
    } catch (error) {
      if (!(error instanceof BadFile)) throw error;
      return error.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
    }
    throw new Error("this file was accepted");
  };

  const with_ = (line: string): string => `${good}${line}\n`;

  it("that is right comes out with every default filled in", () => {
    const scenario = read(good);
    expect(scenario.budget).to.deep.equal({ runs: 5, timeMs: 60_000 });
    expect(scenario.workload).to.deep.include({ profile: "mixed", clients: 4, weights: {} });
    expect(scenario.fault).to.deep.equal({
      kind: "kill",
      scope: "tree",
      trigger: { kind: "after-acks", acks: { least: 100, most: 900 } },
    });
    expect(scenario).to.deep.include({ target: "bundled", recovery: "copy", chain: 1, directives: [] });
    expect(scenario.expect).to.deep.equal({ documented: false, known: [] });
  });

  it("keeps `yes` a text: a directive is not turned into true", () => {
    expect(read(with_("directives: [aof-load-truncated yes]")).directives).to.deep.equal(["aof-load-truncated yes"]);
  });

  it("with an unknown key is told which key was meant, wherever it stands", () => {
    expect(problemsOf(with_("workloadd: {}"))).to.deep.equal(["6:1 unknown key workloadd: did you mean workload?"]);
    expect(problemsOf(with_("workload: { client: 4 }"))).to.deep.equal([
      "6:13 unknown key client: did you mean clients?",
    ]);
    expect(problemsOf(with_("workload: { weights: { string: 4 } }"))).to.deep.equal([
      "6:24 unknown key string: did you mean strings?",
    ]);
    expect(problemsOf(good.replace("acks:", "acs:"))).to.deep.equal([
      "4:22 acks is missing: expected a whole number from 0 to 10000000, or [from, to]",
      "4:51 unknown key acs: did you mean acks?",
    ]);
  });

  it("with an unknown key that is like no other is told which there are", () => {
    expect(problemsOf(with_("budgets: { xyz: 1 }"))[0]).to.contain("did you mean budget?");
    expect(problemsOf(with_("needs: { xyz: 1 }"))).to.deep.equal([
      "6:10 unknown key xyz: expected one of acks, booted, windows",
    ]);
  });

  it("with a value of the wrong type is told what was expected and what was found", () => {
    expect(problemsOf(good.replace("[always]", "always"))).to.deep.equal(['3:10 expected a list, found "always"']);
    expect(problemsOf(with_("workload: { clients: many }"))).to.deep.equal([
      '6:22 expected a whole number from 1 to 1000, found "many"',
    ]);
    expect(problemsOf(with_("recovery: inplace"))).to.deep.equal([
      '6:11 expected one of copy, in-place (did you mean in-place?), found "inplace"',
    ]);
    expect(problemsOf("- a list\n")).to.deep.equal(['1:1 expected keys and values, found ["a list"]']);
  });

  it("with an unknown trigger is told which there are", () => {
    const [problem] = problemsOf(good.replace("after-acks", "after-ack"));
    expect(problem).to.match(/^4:39 expected one of after-acks, at-random-time, .*\(did you mean after-acks\?\)/);
  });

  it("with an unknown preset is told so at the name, in both places where presets are named", () => {
    expect(problemsOf(good.replace("[always]", "[always, everysek]"))).to.deep.equal([
      "3:19 there is no preset everysek: did you mean everysec?",
    ]);
    expect(problemsOf(with_("suits: { presets: [always, nome] }"))).to.deep.equal([
      "6:28 there is no preset nome: did you mean none?",
    ]);
  });

  it("that runs with a preset which does not suit it is refused", () => {
    expect(problemsOf(with_("suits: { presets: [everysec] }"))).to.deep.equal([
      "3:11 always is not among suits.presets",
    ]);
  });

  it("with a time below zero, or without a unit, is refused", () => {
    const expected = "expected a length of time above zero, like 500ms, 60s, 2m or 1h";
    expect(problemsOf(good.replace("60s", "-60s"))).to.deep.equal([`5:26 ${expected}, found "-60s"`]);
    expect(problemsOf(good.replace("60s", "60"))).to.deep.equal([`5:26 ${expected}, found 60`]);
  });

  it("without a budget is refused", () => {
    expect(problemsOf(good.replace("{ runs: 5, time: 60s }", "{}"))).to.deep.equal([
      "5:9 expected runs, time or both, found {}",
    ]);
  });

  it("with a directive that no store could read is refused", () => {
    expect(problemsOf(with_('directives: [save, "save \\"900"]'))).to.have.length(2);
  });

  it("with several mistakes is told all of them in one go, in order", () => {
    const places = problemsOf(
      "name: A\nwhy: ''\npresets: []\nfault: { kind: kill, trigger: {} }\nbudget: { runs: 0 }\nextra: 1\n",
    ).map((problem) => problem.split(" ")[0]);
    expect(places).to.deep.equal(["1:7", "2:6", "3:10", "4:22", "5:17", "6:1"]);
  });

  it("that is not YAML is told where", () => {
    expect(problemsOf("name: a\n  why: b\n")[0]).to.match(/^1:7 not valid YAML: /);
    expect(problemsOf("name: a\nname: b\n")).to.deep.equal(["2:1 not valid YAML: Map keys must be unique"]);
    expect(problemsOf("a: 1\n---\nb: 2\n")).to.deep.equal(["2:1 expected one YAML document, found several"]);
    expect(problemsOf("a: *nobody\n")[0]).to.match(/^1:\d not valid YAML|^1:1 this cannot be read/);
  });

  it("that is empty, or holds only comments, is refused", () => {
    expect(problemsOf("")).to.deep.equal(["1:1 expected a YAML document, found an empty file"]);
    expect(problemsOf(" \n\n")).to.deep.equal(["1:1 expected a YAML document, found an empty file"]);
    expect(problemsOf("# later\n")).to.deep.equal(["1:1 expected keys and values, found nothing"]);
  });

  it("of 100 MB is refused without being read", () => {
    const file = write("");
    truncateSync(file, 100 * 1024 * 1024);
    expect(() => catalogue.scenario(file)).to.throw(BadFile, "expected a YAML file of at most 256 KB, found 104857600");
  });

  it("that is a folder, or not there, is refused", () => {
    expect(() => catalogue.scenario(folder)).to.throw(BadFile, "expected a YAML file, found a folder");
    expect(() => catalogue.scenario(path.join(folder, "gone.yaml"))).to.throw(BadFile, "there is no such file");
  });

  it("that is not text, nested without end, or grows without end is refused and not a crash", () => {
    expect(problemsOf(Uint8Array.of(0xff, 0xfe, 0x00, 0x41))).to.deep.equal([
      "1:1 expected a YAML file, but it is not UTF-8 text",
    ]);
    expect(problemsOf("[".repeat(200_000))[0]).to.contain("not valid YAML");
    const bomb = [..."abcdef"].map(
      (name, i) => `${name}: &${name} [${`${i === 0 ? "x" : `*${"abcdef"[i - 1]}`},`.repeat(9)}]`,
    );
    expect(problemsOf(bomb.join("\n"))[0]).to.contain("this cannot be read as YAML");
  });

  it("is shown with the line and a caret under the place", () => {
    const file = write(with_("workload: { clients: -5 }"));
    expect(() => catalogue.scenario(file)).to.throw(
      BadFile,
      [
        `${file}:6:22: expected a whole number from 1 to 1000, found -5`,
        "    6 │ workload: { clients: -5 }",
        "      │                      ^^",
      ].join("\n"),
    );
  });

  it("with a very long line shows the part that matters", () => {
    const file = write(with_(`workload: { ${" ".repeat(5_000)}clients: -5 }`));
    expect(() => catalogue.scenario(file)).to.throw(BadFile, /clients: -5 \}\n {6}│ +\^\^$/);
  });
});

describe("a preset file", () => {
  it("names what is wrong like a scenario file does", () => {
    const text = "name: mine\nwhy: a\npromise: { row: evrysec, killed: a, powerLost: b }\n";
    expect(() => parseText("mine.yaml", text, presetSchema)).to.throw(
      BadFile,
      /^mine.yaml:3:17: expected one of always, everysec, .*\(did you mean everysec\?\), found "evrysec"/,
    );
  });
});
