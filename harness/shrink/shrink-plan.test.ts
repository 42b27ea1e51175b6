import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { Catalogue } from "../../scenarios/catalogue.ts";
import { correctParts, type Parts } from "../../server/parts.ts";
import { forgetfulParts } from "../../tests/simulated/forgetful-store.ts";
import { simulatedPlan } from "../../tests/simulated/simulated-plan.ts";
import { readBundle } from "../bundle/read-bundle.ts";
import { writeBundle } from "../bundle/write-bundle.ts";
import { diskModels } from "../disk/disk-models.ts";
import type { FindingKind } from "../oracle/checker.ts";
import { transactionSplit } from "../planted/transaction-split.ts";
import { runScenario } from "../run.ts";
import { RunFolder } from "../run-folder.ts";
import { SimulatedWorld } from "../simulated/simulated-world.ts";
import { simulatedIdentity } from "../targets/simulated.ts";
import { ExploredPlayer } from "./explored-player.ts";
import type { Failure } from "./player.ts";
import { shrinkPlan, sizeOf } from "./shrink-plan.ts";
import type { Trouble } from "./trouble.ts";

const main = fileURLToPath(new URL("../cli/main.js", import.meta.url));
const always = { row: "always", store: simulatedIdentity, savePoints: [] } as const;

describe("shrinking a plan", () => {
  let folder: string;
  let run: RunFolder;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "shrink test "));
    run = new RunFolder(folder);
  });
  afterEach(async () => {
    await run.dispose();
    rmSync(folder, { recursive: true });
  });

  function playerFor(parts: Parts, trouble: Trouble): ExploredPlayer {
    return new ExploredPlayer({
      ...{ world: new SimulatedWorld({ parts }), run, store: simulatedIdentity, promise: always, trouble },
      ...{ documentedCounts: false, models: diskModels.filter(({ grade }) => grade !== "adversarial"), setsMax: 6 },
      ...{ jobs: 1, signal: new AbortController().signal },
    });
  }

  /** The first plan of some on which a bug shows. */
  async function firstFailure(player: ExploredPlayer, calls = 60): Promise<Failure> {
    for (let cycle = 1; cycle <= 40; cycle++) {
      const plan = simulatedPlan({ seed: "to be shrunk", preset: "always", cycle, calls });
      const failure = await player.play(plan, Number.POSITIVE_INFINITY);
      if (failure !== undefined) return failure;
    }
    throw new Error("the planted bug was not found");
  }

  const bugs: readonly [string, Parts, FindingKind, number][] = [
    ["a store that never syncs its log to one call", forgetfulParts, "loss-beyond-bound", 1],
    [
      "a store that splits transactions to one of them",
      { ...correctParts, ...transactionSplit.parts },
      "half-transaction",
      1,
    ],
  ];
  for (const [what, parts, kind, callsMax] of bugs) {
    it(`brings ${what}, of one client, with an early crash`, async function () {
      this.timeout(0);
      const level = kind === "loss-beyond-bound" ? "source" : "consistency";
      const checker = kind === "loss-beyond-bound" ? "loss" : "atomicity";
      const player = playerFor(parts, { kind, level, checker });
      const failure = await firstFailure(player);
      const before = sizeOf(failure.plan);
      let steps = 0;
      const shrunk = await shrinkPlan(failure, player, {
        untilMs: Number.POSITIVE_INFINITY,
        playMsMax: Number.POSITIVE_INFINITY,
        signal: new AbortController().signal,
        onSmaller: () => steps++,
      });
      await player.close();
      const after = sizeOf(shrunk.failure.plan);
      expect(before.calls).to.be.greaterThan(50);
      expect(after).to.deep.include({ links: 1, clients: 1, events: 0 });
      expect(after.calls).to.be.lessThanOrEqual(callsMax);
      expect(after.valueBytesMax).to.be.lessThanOrEqual(before.valueBytesMax);
      expect(after.directives).to.be.lessThanOrEqual(before.directives);
      expect(steps).to.be.greaterThan(2);
      expect(shrunk.failure.finding).to.deep.include({ kind, level, checker });
      // What is left of it fails again, and is silent on the correct store.
      expect(await player.play(shrunk.failure.plan, Number.POSITIVE_INFINITY)).to.not.equal(undefined);
      const correct = playerFor(correctParts, { kind, level, checker });
      expect(await correct.play(shrunk.failure.plan, Number.POSITIVE_INFINITY)).to.equal(undefined);
    });
  }

  it("ends with the best so far when the time is over, in a bundle that holds the smaller plan", async function () {
    this.timeout(0);
    const trouble = { kind: "loss-beyond-bound", level: "source", checker: "loss" } as const;
    const player = playerFor(forgetfulParts, trouble);
    const first = await firstFailure(player);
    const over = new AbortController();
    let smaller = 0;
    const { failure, isCutShort } = await shrinkPlan(first, player, {
      untilMs: Number.POSITIVE_INFINITY,
      playMsMax: Number.POSITIVE_INFINITY,
      signal: over.signal,
      onSmaller: () => {
        if (++smaller === 3) over.abort();
      },
    });
    expect(sizeOf(failure.plan).calls).to.be.lessThan(sizeOf(first.plan).calls);
    expect(isCutShort).to.equal(true);
    const { plan, result, finding } = failure;
    const target = { name: "simulated", kind: "simulated" } as never;
    const room = { target, store: simulatedIdentity, documentedCounts: false };
    const file = await writeBundle({ plan, result, findings: [finding], room, dir: folder });
    const bundle = await readBundle(file);
    expect(bundle.plan).to.deep.equal(plan);
    expect(bundle.header.findings).to.deep.equal([finding]);
  });

  it("is a verb: of a token it makes a bundle that another process confirms", async function () {
    this.timeout(0);
    const cli = (...words: string[]) => {
      try {
        return {
          code: 0,
          out: execFileSync(process.execPath, [main, ...words], { cwd: folder, encoding: "utf8", stdio: "pipe" }),
        };
      } catch (error) {
        const { status, stdout } = error as { status: number; stdout: string };
        return { code: status, out: stdout };
      }
    };
    const shrunk = cli("shrink", await tokenOfAFinding(folder), "--time", "10s", "--json");
    const { stillFails, before, after, bundle } = JSON.parse(shrunk.out);
    expect(shrunk.code).to.equal(1);
    expect(stillFails).to.equal(true);
    expect(after.size.calls).to.be.lessThan(before.size.calls);
    expect(cli("replay", bundle).code).to.equal(1);
  });

  it("refuses a token of another version, as replay does", function () {
    this.timeout(0);
    const token = "sim~0.0.0~simulated/swarm~everysec~0123456789abcdef~s~1~3~torn~new_m1_w1";
    expect(() => execFileSync(process.execPath, [main, "shrink", token], { cwd: folder, stdio: "pipe" })).to.throw(
      /the token is of lossbound 0\.0\.0/,
    );
  });
});

/** More than a second is lost here and there on a slow disk, which the source permits and the documentation does not. */
async function tokenOfAFinding(bundlesDir: string): Promise<string> {
  const catalogue = new Catalogue();
  const request = {
    scenario: catalogue.scenario("simulated/swarm").value,
    preset: catalogue.preset("everysec"),
    ...{ target: "simulated", budget: { runs: 1 }, jobs: 1, keep: false, bundlesDir },
    signal: new AbortController().signal,
  };
  for (const seed of ["x", ...Array.from({ length: 20 }, (_, index) => `verb-${index}`)]) {
    const { run } = await runScenario({ ...request, seed }, { cycleEnded: () => undefined });
    for (const { replay } of run.findings) {
      const token = /sim~\S+/.exec(replay)?.[0];
      if (token !== undefined) return token;
    }
  }
  throw new Error("no seed of 20 lost more than a second");
}
