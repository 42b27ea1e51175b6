/** What README.md and docs/ say must be so: commands that exist, files that parse, models as they are in the code. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { Command } from "commander";
import { verbs } from "../harness/cli/verbs.ts";
import { laws } from "../harness/disk/disk-model.ts";
import { diskModels } from "../harness/disk/disk-models.ts";
import { packageFolder } from "../harness/package.ts";
import { targetFileSchema } from "../harness/targets/target-file.ts";
import { Catalogue } from "../scenarios/catalogue.ts";
import { parseText } from "../scenarios/parse.ts";
import { fakeSurroundings } from "./fake-surroundings.ts";

const root = packageFolder();
const pages = ["README.md", ...readdirSync(path.join(root, "docs")).map((name) => `docs/${name}`)];
const textOf = (page: string) => readFileSync(path.join(root, page), "utf8");
const blocks = (page: string, language: string) =>
  [...textOf(page).matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(
    ([, text = ""]) => text,
  );

describe("the documentation", () => {
  it("names no file that is not there", () => {
    for (const page of pages) {
      const links = [...textOf(page).matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, link = ""]) => link);
      for (const link of links)
        expect(existsSync(path.join(root, path.dirname(page), link)), `${page}: ${link}`).to.equal(true);
    }
  });

  it("gives no command that the command line does not know", () => {
    const program = new Command();
    for (const verb of verbs) verb.add(program, fakeSurroundings(), () => undefined);
    let commands = 0;
    for (const page of pages) {
      const lines = blocks(page, "sh").flatMap((text) => text.replaceAll("\\\n", " ").split("\n"));
      for (const line of lines) {
        const [, verb, rest = ""] = /^\s*lossbound ([a-z]+)(.*?)(?: {2,}#.*)?$/.exec(line) ?? [];
        if (verb === undefined) continue;
        commands++;
        const known = program.commands.find((command) => command.name() === verb);
        expect(known, `${page}: ${line}`).to.not.equal(undefined);
        for (const [, option] of rest.matchAll(/ (--[a-z-]+)/g)) {
          expect(
            known?.options.map(({ long }) => long),
            `${page}: ${line}`,
          ).to.include(option);
        }
      }
    }
    expect(commands).to.be.above(25);
  });

  it("shows scenarios, presets and target files that parse", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "lossbound-docs-"));
    const catalogue = new Catalogue();
    const kindsSeen = new Set<string>();
    const parsedName = (file: string, text: string): string => {
      const kind = /^(fault|promise|start):/m.exec(text)?.[1] ?? "none of them";
      kindsSeen.add(kind);
      if (kind === "fault") return catalogue.scenario(file).value.name;
      if (kind === "promise") return catalogue.preset(file).name;
      return parseText(file, text, targetFileSchema).value.name;
    };
    try {
      for (const [index, text] of pages.flatMap((page) => blocks(page, "yaml")).entries()) {
        const file = path.join(folder, `${index}.yaml`);
        writeFileSync(file, text);
        expect(parsedName(file, text)).to.equal(/^name: (.+)$/m.exec(text)?.[1]);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
    expect([...kindsSeen].sort()).to.deep.equal(["fault", "promise", "start"]);
  });

  it("has every disk model and every law as the code has it", () => {
    const text = textOf("docs/disk-models.md");
    for (const { name, grade, summary } of diskModels) expect(text).to.contain(`| ${name} | ${grade} | ${summary} |`);
    for (const [id, law] of Object.entries(laws)) expect(text).to.contain(`| ${id} | ${law} |`);
  });

  it("tells the promise of every preset that ships", () => {
    const text = textOf("docs/scenarios.md");
    for (const name of new Catalogue().presetNames()) if (name !== "stock") expect(text).to.contain(`\`${name}\``);
  });
});
