import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { type Outcome, outcomeSchema } from "../../reports/outcome.ts";
import { type FakeSurroundings, fakeSurroundings, heldEngine, resultOf } from "../../tests/fake-surroundings.ts";
import { sampleFinding, violatedRun } from "../../tests/sample-outcome.ts";
import { VolumeUnavailable } from "../disk/volume.ts";
import type { RunScenario } from "../run-request.ts";
import { TargetUnavailable } from "../targets/target.ts";
import { main } from "./program.ts";

const violatedEngine: RunScenario = (request) => {
  const { promises, loss, findings } = violatedRun();
  return Promise.resolve(resultOf(request, { verdict: "violated", promises, loss, findings }));
};
const unknownEngine: RunScenario = (request) =>
  Promise.resolve(resultOf(request, { verdict: "unknown", why: "2 acks, the scenario needs 100" }));

describe("lossbound run", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "lossbound-cli-"));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const lossbound = (around: FakeSurroundings, words: string) =>
    main(["run", ...words.split(" ").filter((word) => word !== ""), "--out", path.join(folder, "results")], around);

  const latest = (): Outcome =>
    outcomeSchema.parse(JSON.parse(readFileSync(path.join(folder, "results/latest/outcome.json"), "utf8")));

  const scenarioFile = (rest = "", name = "mine.yaml"): string => {
    const file = path.join(folder, name);
    const fault = "fault: { kind: kill, trigger: { kind: after-acks, acks: 100 } }";
    writeFileSync(file, `name: mine\nwhy: to see\npresets: [always]\n${fault}\nbudget: { runs: 2 }\n${rest}`);
    return file;
  };

  describe("without names", () => {
    it("runs the group smoke on the bundled store, and holds", async () => {
      const around = fakeSurroundings();
      expect(await lossbound(around, "")).to.equal(0);
      const { runs, statistics, verdict } = latest();
      expect(verdict).to.equal("held");
      expect(statistics.kills).to.be.at.least(100);
      expect(new Set(runs.map(({ target }) => target))).to.deep.equal(new Set(["bundled"]));
      expect(around.stdout()).to.contain("Held:");
    });
  });

  describe("exit codes", () => {
    it("0 when everything held, and the report is on stdout", async () => {
      const around = fakeSurroundings();
      expect(await lossbound(around, "kill/random --preset always")).to.equal(0);
      expect(around.stdout()).to.match(/✓ always .*\n\nHeld: /);
    });

    it("1 when a promise was broken", async () => {
      const around = fakeSurroundings(violatedEngine);
      expect(await lossbound(around, "kill/random --preset always")).to.equal(1);
      expect(latest().verdict).to.equal("violated");
      expect(around.stdout()).to.contain("Violated: a promise was broken in kill/random with always.");
    });

    it("1 when everything held and an expectation of the scenario was missed", async () => {
      const around = fakeSurroundings();
      expect(await lossbound(around, scenarioFile("expect: { judgedMin: 50, recoveryMsMax: 500 }\n"))).to.equal(1);
      expect(around.stdout()).to.contain("✗ mine · always  judgedMin 50: 2");
      expect(around.stdout()).to.contain("✓ mine · always  recoveryMsMax 500: 120 ms");
    });

    it("0 when all that was found is known", async () => {
      const known: RunScenario = (request) =>
        Promise.resolve(resultOf(request, { findings: [sampleFinding({ known: true })] }));
      expect(await lossbound(fakeSurroundings(known), "kill/random --preset always")).to.equal(0);
    });

    it("5 when something is not known and nothing is violated; 1 when both", async () => {
      expect(await lossbound(fakeSurroundings(unknownEngine), "kill/random --preset always")).to.equal(5);
      const mixed: RunScenario = (request, watch) =>
        request.preset.name === "always" ? violatedEngine(request, watch) : unknownEngine(request, watch);
      expect(await lossbound(fakeSurroundings(mixed), "kill/random --preset always --preset everysec")).to.equal(1);
    });

    it("5 when the engine breaks: unknown with its reason, and the other runs go on", async () => {
      const broken: RunScenario = (request, watch) =>
        request.preset.name === "always" ? Promise.reject(new Error("no more pids")) : heldEngine(request, watch);
      const around = fakeSurroundings(broken);
      expect(await lossbound(around, "kill/random --preset always --preset everysec")).to.equal(5);
      const [first, second] = latest().runs;
      expect(first?.why).to.equal("the harness could not do its work: no more pids");
      expect(second?.verdict).to.equal("held");
    });

    it("3 when this machine cannot run the target, with the reason and no result", async () => {
      const unable: RunScenario = () => Promise.reject(new TargetUnavailable("there is no executable /nowhere"));
      const around = fakeSurroundings(unable);
      expect(await lossbound(around, "kill/random --target /nowhere")).to.equal(3);
      expect(around.stderr()).to.contain("there is no executable /nowhere\n");
      expect(readdirSync(path.join(folder, "results/kill-random"))).to.deep.equal([]);
    });

    it("130 when it was interrupted, and what was found so far is written and shown", async () => {
      const around: FakeSurroundings = fakeSurroundings((request, watch) => {
        if (request.preset.name === "always") around.interrupt();
        return heldEngine(request, watch);
      });
      expect(await lossbound(around, "kill/random")).to.equal(130);
      expect(around.requests.map(({ preset }) => preset.name)).to.deep.equal(["everysec", "always"]);
      expect(latest().runs).to.have.length(2);
      expect(latest().verdict, "what was not run is not known").to.equal("unknown");
      expect(around.stdout()).to.contain("Interrupted: this is what was found so far.");
    });
  });

  describe("what is wrong is told before anything is started", () => {
    const refused = async (words: string, code: number, message: RegExp): Promise<string> => {
      const around = fakeSurroundings();
      expect(await lossbound(around, words), words).to.equal(code);
      expect(around.stderr()).to.match(message);
      expect(around.stdout()).to.equal("");
      expect(around.requests).to.deep.equal([]);
      expect(existsSync(path.join(folder, "results"))).to.equal(false);
      return around.stderr();
    };

    it("an unknown option, and a value that is none", async () => {
      await refused("--targett bundled", 2, /unknown option '--targett'\n\(Did you mean --target\?\)/);
      await refused("--runs many", 2, /Expected a whole number of 1 or more/);
      await refused("--runs 0", 2, /Expected a whole number of 1 or more/);
      await refused("--time -5s", 2, /--time <length>' argument '-5s' is invalid. Expected a length of time/);
      await refused("--scope everyone", 2, /Allowed choices are process, tree/);
      await refused("--seed", 2, /'--seed <text>' argument '--out' is invalid/);
    });

    it("an unknown scenario, preset or reporter", async () => {
      await refused("kill/randon", 2, /there is no scenario, group or file kill\/randon: did you mean kill\/random\?/);
      await refused("smok", 2, /did you mean smoke\?/);
      await refused("kill/random --preset allways", 2, /there is no preset allways: did you mean always\?/);
      await refused("kill/random --reporter junitt=a.xml", 2, /there is no reporter junitt: did you mean junit\?/);
    });

    it("two reports that both want stdout, or a report without a file name", async () => {
      await refused("kill/random --json --reporter junit", 2, /only one report can go to stdout/);
      await refused("kill/random --reporter junit=", 2, /expected a file after junit=/);
    });

    describe("a scenario with", () => {
      const good = [
        "name: mine",
        "why: to see",
        "presets: [always]",
        "fault: { kind: kill, trigger: { kind: after-acks, acks: 100 } }",
        "budget: { time: 60s }",
        "",
      ].join("\n");
      /** Written to mine.yaml and run; the message begins with the name of the file. */
      const bad: Record<string, { readonly text: string; readonly told: string }> = {
        "an unknown key": {
          text: `${good}workloadd: {}\n`,
          told: "6:1: unknown key workloadd: did you mean workload?\n    6 │ workloadd: {}\n      │ ^^^^^^^^^",
        },
        "a wrong type": {
          text: `${good}workload: { clients: many }\n`,
          told: '6:22: expected a whole number from 1 to 1000, found "many"\n    6 │ workload: { clients: many }\n      │                      ^^^^',
        },
        "an unknown preset": {
          text: good.replace("[always]", "[allways]"),
          told: "3:11: there is no preset allways: did you mean always?\n    3 │ presets: [allways]\n      │           ^^^^^^^",
        },
        "a negative time": {
          text: good.replace("60s", "-60s"),
          told: '5:17: expected a length of time above zero, like 500ms, 60s, 2m or 1h, found "-60s"\n    5 │ budget: { time: -60s }\n      │                 ^^^^',
        },
        "a YAML error": { text: "name: a\nname: b\n", told: "2:1: not valid YAML: Map keys must be unique" },
        "nothing in it": { text: "", told: "1:1: expected a YAML document, found an empty file" },
      };
      for (const [what, { text, told }] of Object.entries(bad)) {
        it(`${what} is told once, at its place`, async () => {
          const file = path.join(folder, "mine.yaml");
          writeFileSync(file, text);
          const said = await refused(file, 2, literally(`${file}:${told}`));
          expect(said.split(file), "messages").to.have.length(2);
        });
      }

      it("100 MB is refused without being read", async () => {
        const file = path.join(folder, "mine.yaml");
        writeFileSync(file, "");
        truncateSync(file, 100 * 1024 * 1024);
        await refused(file, 2, literally(`${file}:1:1: expected a YAML file of at most 256 KB, found 104857600 bytes`));
      });

      it("a folder in its place, or nothing at all, is told so", async () => {
        const file = path.join(folder, "mine.yaml");
        await refused(file, 2, literally(`${file}:1:1: there is no such file`));
        mkdirSync(file);
        await refused(file, 2, literally(`${file}:1:1: expected a YAML file, found a folder`));
      });
    });

    it("a preset that does not suit the scenario that was named: 2, with the place that says so", async () => {
      await refused(
        "kill/random --preset rdb-only",
        2,
        /kill\/random.yaml:\d+:\d+: kill\/random does not suit preset rdb-only/,
      );
    });

    it("a target that cannot do what the scenario that was named needs: 3", async () => {
      await refused(
        "kill/before-fsync --target /usr/bin/redis-server",
        3,
        /kill\/before-fsync with preset always: it needs a target that is bundled/,
      );
    });

    it("a real file system for anything but a power cut: 2", async () => {
      await refused("kill/random --filesystem ext4", 2, /--filesystem is for power cuts, and kill\/random is a kill/);
      await refused("kill/random --filesystem zfs", 2, /There is ext4, xfs, btrfs/);
    });

    it("a group of which nothing is left: 4", async () => {
      const group = "smoke --preset stock --preset everysec-timestamps --target bundled";
      expect(await lossbound(fakeSurroundings(), group)).to.equal(0);
      rmSync(path.join(folder, "results"), { recursive: true });
      writeFileSync(
        path.join(folder, "bundled-only.yaml"),
        "name: night\nwhy: a\ntargets: [bundled]\nextends: always\npromise: { row: always, killed: a, powerLost: b }\n",
      );
      const nothing = `smoke --preset ${path.join(folder, "bundled-only.yaml")} --target /bin/true`;
      await refused(
        nothing,
        4,
        /nothing is left to run:\n {2}kill\/random with night: it needs a target that is bundled/,
      );
    });

    it("a folder for results that cannot be made", async () => {
      writeFileSync(path.join(folder, "results"), "a file");
      const around = fakeSurroundings();
      expect(await lossbound(around, "kill/random")).to.equal(2);
      expect(around.stderr()).to.match(/results cannot be written to .*results: /);
      expect(around.requests).to.deep.equal([]);
    });
  });

  describe("a group on a target that some of it does not suit", () => {
    it("leaves those pairs out, and says which and why", async () => {
      const around = fakeSurroundings();
      expect(await lossbound(around, "smoke --target /usr/bin/redis-server")).to.equal(0);
      expect(around.requests.map(({ scenario }) => scenario.name)).to.not.include("kill/before-fsync");
      expect(around.stderr()).to.contain(
        "left out: kill/before-fsync with everysec, always: it needs a target that is bundled",
      );
    });
  });

  describe("a group on a machine without FUSE", () => {
    const noFuse = new VolumeUnavailable("recorded", "there is no /dev/fuse", "Load the module.");

    it("leaves out what needs it before anything is started, and says which and why", async () => {
      const around = fakeSurroundings(heldEngine, {}, noFuse);
      expect(await lossbound(around, "nightly --target /usr/bin/redis-server")).to.equal(0);
      const played = new Set(around.requests.map(({ scenario }) => scenario.name));
      expect(played).to.include("kill/random").and.not.include("power-cut/everysec");
      expect(around.stderr()).to.match(/left out: .*power-cut\/everysec.*there is no \/dev\/fuse\. Load the module\./);
    });

    it("plays all of it where there is FUSE", async () => {
      const around = fakeSurroundings();
      expect(await lossbound(around, "nightly --target /usr/bin/redis-server")).to.equal(0);
      expect(around.requests.map(({ scenario }) => scenario.name)).to.include("power-cut/everysec");
      expect(around.stderr()).to.not.contain("/dev/fuse");
    });

    it("hands a scenario that was named to the engine, which refuses it", async () => {
      const around = fakeSurroundings(heldEngine, {}, noFuse);
      await lossbound(around, "power-cut/everysec");
      expect(around.requests.map(({ scenario }) => scenario.name)).to.deep.equal(["power-cut/everysec"]);
    });
  });

  describe("what the command line says comes before what the scenario says", () => {
    it("seed, budget, target, scope, recovery, chain", async () => {
      const around = fakeSurroundings();
      const words = "kill/random --preset always --seed quiet --runs 7 --target /usr/bin/redis-server --jobs 3";
      await lossbound(around, `${words} --scope process --recovery in-place --chain 4 --max-failures 2 --keep`);
      const [request] = around.requests;
      expect(request).to.deep.include({ seed: "quiet", budget: { runs: 7 }, target: "/usr/bin/redis-server" });
      expect(request).to.deep.include({ jobs: 3, failuresMax: 2, keep: true });
      expect(request?.scenario).to.deep.include({ recovery: "in-place", chain: 4 });
      expect(request?.scenario.fault).to.deep.include({ scope: "process" });
    });

    it("a scenario's scope gives way to that of a container, the command line's does not", async () => {
      const scopesWith = async (words: string) => {
        const around = fakeSurroundings();
        await lossbound(around, `kill/during-aof-rewrite --preset always ${words}`);
        return around.requests.map(({ scenario: { fault } }) => (fault.kind === "kill" ? fault.scope : undefined));
      };
      expect(await scopesWith("--target bundled")).to.deep.equal(["process"]);
      expect(await scopesWith("--target docker:local/redis")).to.deep.equal(["tree"]);
      expect(await scopesWith("--target docker:local/redis --scope process")).to.deep.equal(["process"]);
    });

    it("a time in place of a number of cycles", async () => {
      const around = fakeSurroundings();
      await lossbound(around, "kill/random --preset always --time 90s");
      expect(around.requests[0]?.budget).to.deep.equal({ timeMs: 90_000 });
    });

    it("else the group's, and else the scenario's own", async () => {
      const around = fakeSurroundings();
      await lossbound(around, "smoke kill/random");
      const budgets = around.requests.map(({ budget }) => budget.runs);
      expect(new Set(budgets)).to.deep.equal(new Set([8]));
      await lossbound(around, "kill/random");
      expect(around.requests.at(-1)?.budget).to.deep.equal({ runs: 20 });
    });
  });

  it("runs a pair once that was named twice", async () => {
    const around = fakeSurroundings();
    await lossbound(around, "kill/random kill/random --preset always");
    expect(around.requests).to.have.length(1);
  });

  it("takes a preset of the user for the scenarios whose presets promise the same", async () => {
    const file = path.join(folder, "mine.yaml");
    writeFileSync(file, "name: mine\nwhy: a\nextends: always\npromise: { row: always, killed: a, powerLost: b }\n");
    const around = fakeSurroundings();
    expect(await lossbound(around, `kill/random --preset ${file}`)).to.equal(0);
    expect(around.requests[0]?.preset.name).to.equal("mine");
    expect(await lossbound(around, `kill/during-bgsave --preset ${file}`)).to.equal(0);
  });

  it("draws a seed when none is given, and prints it before and after", async () => {
    const around = fakeSurroundings();
    await lossbound(around, "kill/random");
    const [seed] = new Set(around.requests.map((request) => request.seed));
    expect(seed).to.match(/^[0-9a-f]{12}$/);
    expect(around.stderr().split("\n")[0]).to.contain(`seed ${seed}`);
    expect(around.stdout()).to.contain(`seed     ${seed}`);
    expect(latest().seed).to.equal(seed);
    const second = fakeSurroundings();
    await lossbound(second, "kill/random");
    expect(second.requests[0]?.seed).to.not.equal(seed);
  });

  it("with --json prints the outcome, and nothing else, on stdout", async () => {
    const around = fakeSurroundings(violatedEngine);
    await lossbound(around, "kill/random --preset always --json");
    const printed: unknown = JSON.parse(around.stdout());
    expect(outcomeSchema.parse(printed)).to.deep.equal(latest());
  });

  it("gives each reporter its file, and the text to stdout", async () => {
    const xml = path.join(folder, "night.xml");
    const document = path.join(folder, "night.json");
    const around = fakeSurroundings();
    await lossbound(around, `kill/random --reporter junit=${xml} --reporter json=${document}`);
    expect(readFileSync(xml, "utf8")).to.contain("<testsuites");
    expect(outcomeSchema.safeParse(JSON.parse(readFileSync(document, "utf8"))).success).to.equal(true);
    expect(around.stdout()).to.contain("Held:");
  });

  it("keeps the verdict when a report cannot be written, and says so", async () => {
    const around = fakeSurroundings();
    expect(await lossbound(around, "kill/random --reporter junit=/nowhere/night.xml")).to.equal(0);
    expect(around.stderr()).to.contain("/nowhere/night.xml was not written: ENOENT");
  });

  it("writes plain lines about its progress to stderr where there is no terminal", async () => {
    const around = fakeSurroundings();
    await lossbound(around, "kill/random --preset always --runs 5");
    expect(around.stderr().split("\n")[1]).to.equal(
      "[   0 ms] 1/1 kill/random · always · bundled: held, 5 cycles, 500 acked calls",
    );
  });

  it("colours stdout when FORCE_COLOR asks for it, and not when NO_COLOR forbids it", async () => {
    const forced = fakeSurroundings(heldEngine, { FORCE_COLOR: "1" });
    await lossbound(forced, "kill/random");
    expect(forced.stdout()).to.contain("\u001b[32m✓");
    const forbidden = fakeSurroundings(heldEngine, { NO_COLOR: "1", FORCE_COLOR: "1" });
    await lossbound(forbidden, "kill/random");
    expect(forbidden.stdout()).to.not.contain("\u001b");
  });

  it("tells GitHub by itself when it runs there: the summary is added to the step's, stdout stays what was asked for", async () => {
    const summary = path.join(folder, "summary.md");
    writeFileSync(summary, "of an earlier command\n");
    const violated: RunScenario = (request) => {
      const { promises, loss, findings } = violatedRun();
      return Promise.resolve(resultOf(request, { verdict: "violated", promises, loss, findings }));
    };
    const around = fakeSurroundings(violated, { GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: summary, CI: "true" });
    expect(await lossbound(around, "kill/random --preset always --json")).to.equal(1);
    expect(readFileSync(summary, "utf8")).to.match(/^of an earlier command\n## ❌ lossbound: /);
    expect(around.stderr()).to.match(/^::error title=loss-beyond-bound in kill\/random with always::/m);
    expect(() => JSON.parse(around.stdout()) as unknown).to.not.throw();
  });

  describe("results", () => {
    it("are kept by what was run and when, with a link to the latest", async () => {
      await lossbound(fakeSurroundings(), "kill/random");
      const results = path.join(folder, "results");
      expect(readlinkSync(path.join(results, "latest"))).to.equal("kill-random/2026-11-22T09-00-00Z");
      expect(readlinkSync(path.join(results, "kill-random/latest"))).to.equal("2026-11-22T09-00-00Z");
      expect(readdirSync(path.join(results, "latest")).sort()).to.deep.equal([
        "bundles",
        "detail.json",
        "outcome.json",
      ]);
    });

    it("of the same second do not meet", async () => {
      await lossbound(fakeSurroundings(), "kill/random");
      await lossbound(fakeSurroundings(), "kill/random");
      expect(readdirSync(path.join(folder, "results/kill-random")).sort()).to.deep.equal([
        "2026-11-22T09-00-00Z",
        "2026-11-22T09-00-00Z-2",
        "latest",
      ]);
    });

    it("are thinned out to the newest ones with --retain, and nothing else is touched", async () => {
      const own = path.join(folder, "results/kill-random/notes");
      mkdirSync(own, { recursive: true });
      for (let count = 0; count < 12; count++) await lossbound(fakeSurroundings(), "kill/random");
      await lossbound(fakeSurroundings(), "kill/random --retain 2");
      expect(readdirSync(path.join(folder, "results/kill-random")).sort()).to.deep.equal([
        "2026-11-22T09-00-00Z-12",
        "2026-11-22T09-00-00Z-13",
        "latest",
        "notes",
      ]);
    });

    it("are written after every run, so that a killed night leaves what it had", async () => {
      const seen: number[] = [];
      const around = fakeSurroundings((request, watch) => {
        if (existsSync(path.join(folder, "results/latest"))) seen.push(latest().runs.length);
        return heldEngine(request, watch);
      });
      await lossbound(around, "kill/random");
      expect(seen).to.deep.equal([1, 2]);
    });
  });
});

/** From the beginning of what was said; more may follow. */
function literally(text: string): RegExp {
  return new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`);
}
