import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { Catalogue, UnknownName } from "./catalogue.ts";
import { splitDirective } from "./cross-check.ts";
import { BadFile } from "./problem.ts";
import { jsonSchemas } from "./schemas.ts";

const source = path.resolve(import.meta.dirname, "../../scenarios");
const catalogue = new Catalogue();

const everysec = [
  ["save", ""],
  ["appendonly", "yes"],
  ["appendfsync", "everysec"],
];
const savePoints = [
  ["save", "900", "1"],
  ["save", "300", "10"],
  ["save", "60", "10000"],
];

describe("what ships", () => {
  it("is the presets of the contract, directive for directive", () => {
    const shipped = Object.fromEntries(
      catalogue.presetNames().map((name) => {
        const { directives, promise } = catalogue.preset(name);
        return [name, { row: promise.row, directives }];
      }),
    );
    expect(shipped).to.deep.equal({
      stock: { row: "as-documented", directives: [] },
      hybrid: {
        row: "everysec",
        directives: [
          ...savePoints,
          ["appendonly", "yes"],
          ["appendfsync", "everysec"],
          ["auto-aof-rewrite-percentage", "100"],
          ["auto-aof-rewrite-min-size", "64mb"],
          ["aof-use-rdb-preamble", "yes"],
        ],
      },
      everysec: { row: "everysec", directives: [...everysec, ["aof-use-rdb-preamble", "yes"]] },
      "everysec-resp": { row: "everysec", directives: [...everysec, ["aof-use-rdb-preamble", "no"]] },
      "everysec-no-fsync-on-rewrite": {
        row: "everysec-no-fsync-on-rewrite",
        directives: [...everysec, ["aof-use-rdb-preamble", "yes"], ["no-appendfsync-on-rewrite", "yes"]],
      },
      "everysec-timestamps": {
        row: "everysec",
        directives: [...everysec, ["aof-use-rdb-preamble", "yes"], ["aof-timestamp-enabled", "yes"]],
      },
      hardened: {
        row: "everysec",
        directives: [
          ...everysec,
          ["aof-use-rdb-preamble", "yes"],
          ["lossbound-aof-batch-checksum", "yes"],
          ["lossbound-rewrite-unsynced", "yes"],
          ["lossbound-write-before-reply", "yes"],
        ],
      },
      always: {
        row: "always",
        directives: [
          ["save", ""],
          ["appendonly", "yes"],
          ["appendfsync", "always"],
        ],
      },
      "os-decides": {
        row: "os-decides",
        directives: [
          ["save", ""],
          ["appendonly", "yes"],
          ["appendfsync", "no"],
        ],
      },
      "rdb-only": { row: "rdb-only", directives: [...savePoints, ["appendonly", "no"]] },
      none: {
        row: "none",
        directives: [
          ["save", ""],
          ["appendonly", "no"],
        ],
      },
    });
  });

  it("is every way to be killed, and to lose power, that the contract names and this version can do", () => {
    const named = {
      kill: [
        "after-pause",
        "at-rename",
        "before-fsync",
        "during-aof-rewrite",
        "during-bgsave",
        "during-recovery",
        "manifest-switch",
        "on-stop",
        "out-of-memory",
        "random",
        "saver",
        "sigterm",
        "slow-disk",
      ],
      "disk-fault": ["bit-rot", "fsync-error", "full", "read-only", "short-write", "slow", "write-error"],
      "power-cut": [
        "after-failed-sync",
        "always",
        "chain",
        "during-aof-rewrite",
        "everysec",
        "million-keys",
        "rdb-only",
        "slow-disk",
      ],
    };
    for (const [folder, names] of Object.entries(named)) {
      const shipped = catalogue.scenarioNames().filter((name) => name.startsWith(`${folder}/`));
      expect(shipped).to.deep.equal(names.map((name) => `${folder}/${name}`));
    }
  });

  for (const name of catalogue.scenarioNames()) {
    it(`${name} is named as its file, teaches something, and has a budget and needs`, () => {
      const { value } = catalogue.scenario(name);
      expect(value.name).to.equal(name);
      expect(value.why.split(/\s+/).length, "words of its why").to.be.greaterThan(40);
      expect(value.needs.acks).to.be.greaterThan(0);
      expect(value.needs.windows).to.have.length.greaterThan(0);
    });
  }

  it("each that cuts the power or breaks a disk says what it is known to show, of the bundled store and of redis-server", () => {
    const disks = catalogue.scenarioNames().filter((name) => /^(power-cut|disk-fault)\/|slow-disk$/.test(name));
    expect(disks).to.have.length.greaterThan(13);
    for (const name of disks) {
      const { foreseen } = catalogue.scenario(name).value;
      expect(Object.keys(foreseen ?? {}), name).to.deep.equal(["bundled", "redis-server"]);
    }
  });

  for (const name of catalogue.presetNames()) {
    it(`preset ${name} is named as its file and says who would choose it`, () => {
      const preset = catalogue.preset(name);
      expect(preset.name).to.equal(name);
      expect(preset.why.split(/\s+/).length, "words of its why").to.be.greaterThan(15);
    });
  }

  it("every preset suits at least one scenario, so that none is a promise nobody asks about", () => {
    const suited = catalogue.scenarioNames().flatMap((name) => {
      const { presets } = catalogue.scenario(name).value.suits;
      return presets ?? catalogue.presetNames();
    });
    expect([...new Set(suited)].sort()).to.deep.equal(catalogue.presetNames());
  });

  it("group smoke asks for at least 100 cycles and runs every scenario that kills on an ordinary disk", () => {
    const { members } = catalogue.group("smoke").value;
    const cycles = members.map(({ scenario, presets, runs }) => {
      const { value } = catalogue.scenario(scenario);
      return (presets ?? value.presets).length * (runs ?? value.budget.runs ?? 0);
    });
    expect(cycles.reduce((sum, each) => sum + each, 0)).to.be.at.least(100);
    const kills = catalogue.scenarioNames().filter((name) => {
      const { value } = catalogue.scenario(name);
      const { fault } = value;
      const { volumes, targets } = value.suits;
      return (
        fault.kind === "kill" &&
        fault.syncs === undefined &&
        volumes.includes("directory") &&
        targets.includes("bundled")
      );
    });
    expect(members.map(({ scenario }) => scenario).sort()).to.deep.equal(kills);
  });

  it("group nightly runs every scenario but the careless backups, which every store violates", () => {
    const wanted = catalogue.scenarioNames().filter((name) => !name.startsWith("backup/copied-"));
    const members = new Set(catalogue.group("nightly").value.members.map(({ scenario }) => scenario));
    expect([...members].sort()).to.deep.equal(wanted);
  });

  it("a group names no preset that its scenario does not suit", () => {
    for (const name of catalogue.groupNames()) {
      for (const { scenario, presets = [] } of catalogue.group(name).value.members) {
        const { suits } = catalogue.scenario(scenario).value;
        expect(suits.presets ?? presets, `${name}: ${scenario}`).to.include.members(presets);
      }
    }
  });

  it("has JSON schemas that are made from the code as it is", () => {
    for (const [file, text] of jsonSchemas()) {
      expect(readFileSync(path.join(source, file), "utf8"), `${file}: run npm run schemas`).to.equal(text);
    }
  });

  it("names its schema in every file, so that an editor helps", () => {
    const files = [
      ...catalogue.scenarioNames().map((name) => [name, "scenario"] as const),
      ...catalogue.presetNames().map((name) => [`presets/${name}`, "preset"] as const),
      ...catalogue.groupNames().map((name) => [`groups/${name}`, "group"] as const),
      ...catalogue.claimNames().map((name) => [name, "claim"] as const),
    ];
    for (const [name, kind] of files) {
      const [line] = readFileSync(path.join(source, `${name}.yaml`), "utf8").split("\n");
      expect(line, name).to.equal(`# yaml-language-server: $schema=../${kind}.schema.json`);
    }
  });
});

describe("a name on the command line", () => {
  it("that is nearly right is answered with the right one", () => {
    expect(() => catalogue.scenario("kill/randon")).to.throw(UnknownName, "did you mean kill/random?");
    expect(() => catalogue.preset("allways")).to.throw(UnknownName, "did you mean always?");
    expect(() => catalogue.group("smok")).to.throw(UnknownName, "did you mean smoke?");
  });

  it("that is like nothing is answered with what there is", () => {
    expect(() => catalogue.group("zzzzzz")).to.throw(UnknownName, "expected one of nightly, smoke");
  });
});

describe("a preset that extends another", () => {
  let root: string;

  before(() => {
    root = mkdtempSync(path.join(tmpdir(), "lossbound-presets-"));
    cpSync(path.join(source, "presets"), path.join(root, "presets"), { recursive: true });
  });

  after(() => {
    rmSync(root, { recursive: true });
  });

  const write = (name: string, body: string): void => {
    const rest = "why: a\npromise: { row: everysec, killed: a, powerLost: b }\n";
    writeFileSync(path.join(root, "presets", `${name}.yaml`), `name: ${name}\n${rest}${body}`);
  };

  it("keeps the other's directives and replaces whole those that it names", () => {
    write("mine", "extends: hybrid\ndirectives: [save 5 1, hz 100]\n");
    const { directives } = new Catalogue(root).preset("mine");
    expect(directives.filter(([name]) => name === "save")).to.deep.equal([["save", "5", "1"]]);
    expect(directives).to.deep.include(["appendfsync", "everysec"]);
    expect(directives.at(-1)).to.deep.equal(["hz", "100"]);
  });

  it("may be a file of the user that extends a shipped one", () => {
    const file = path.join(root, "elsewhere.yaml");
    writeFileSync(
      file,
      "name: night\nwhy: a\nextends: always\npromise: { row: always, killed: a, powerLost: b }\ndirectives: [HZ 50]\n",
    );
    expect(catalogue.preset(file).directives.at(-1)).to.deep.equal(["hz", "50"]);
  });

  it("in a circle is refused, and not followed for ever", () => {
    write("a", "extends: b\n");
    write("b", "extends: a\n");
    expect(() => new Catalogue(root).preset("a")).to.throw(BadFile, "circle: a → b → a");
  });

  it("and names one that is not there is told so at the name", () => {
    write("lost", "extends: hybird\n");
    expect(() => new Catalogue(root).preset("lost")).to.throw(
      BadFile,
      /:4:10: there is no preset hybird: did you mean hybrid\?/,
    );
  });
});

describe("a directive", () => {
  it("is split as a store splits it", () => {
    expect(splitDirective('save ""')).to.deep.equal(["save", ""]);
    expect(splitDirective("save 900 1  300 10")).to.deep.equal(["save", "900", "1", "300", "10"]);
    expect(splitDirective('dir "/with a space"')).to.deep.equal(["dir", "/with a space"]);
  });

  it("without a value, or with quotes that do not match, is not one", () => {
    for (const wrong of ["save", 'save "900', 'save "a"b', ""]) {
      expect(splitDirective(wrong), wrong).to.equal(undefined);
    }
  });
});
