import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { diskModelNamed } from "../../harness/disk/disk-models.ts";
import { notationOf, parseCases } from "./case-file.ts";
import { plainStates } from "./plain-states.ts";
import { sweep, treeOf } from "./swept-states.ts";

// From the sources as from dist/: the text is not compiled.
const casesDir = path.resolve(import.meta.dirname.replace(/\/dist\/tests\//, "/tests/"), "cases");

for (const file of readdirSync(casesDir).sort()) {
  describe(`what the disk models say of ${path.basename(file, ".txt").replace("-", " ")}`, () => {
    for (const { title, disk, cuts, expectations } of parseCases(readFileSync(path.join(casesDir, file), "utf8"))) {
      it(title, () => {
        expect(expectations).not.to.have.length(0);
        for (const { cut, model: name, states } of expectations) {
          const model = diskModelNamed(name);
          const pointIndex = cuts.get(cut) as number;
          const found = new Set(sweep(disk.journal, [pointIndex], [model]).map((state) => notationOf(treeOf(state))));
          expect([...found].sort(), `${name} at ${cut}`).to.deep.equal([...states].sort());
          const byDefinition = plainStates(disk.journal, pointIndex, model);
          if (byDefinition !== undefined) expect(byDefinition.size, `${name} by definition`).to.equal(states.length);
        }
      });
    }
  });
}

describe("the language of the cases", () => {
  it("says which verb it does not know", () => {
    expect(() => parseCases("== odd\n  explode a\n")).to.throw("explode");
  });

  it("has no state too many and none too few", () => {
    const cases = parseCases("== few\n  have a\n  write a x\n  --- here\nhere\n  prefix  a\n");
    expect(cases.map(({ expectations }) => expectations)).to.deep.equal([
      [{ cut: "here", model: "prefix", states: ["a"] }],
    ]);
    const found = cases.flatMap(({ disk }) =>
      sweep(disk.journal, [disk.journal.records.length], [diskModelNamed("prefix")]),
    );
    expect(found.map((state) => notationOf(treeOf(state)))).to.have.members(["a", "a=x"]);
  });
});
