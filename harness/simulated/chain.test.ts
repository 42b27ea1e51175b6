import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import type { Run } from "../../reports/outcome.ts";
import { Catalogue } from "../../scenarios/catalogue.ts";
import { simulatedPlan, simulatedScenario } from "../../tests/simulated/simulated-plan.ts";
import { crashPoints } from "../disk/crash-points.ts";
import { crashStates } from "../disk/crash-states.ts";
import { diskModelNamed, diskModels } from "../disk/disk-models.ts";
import type { Image } from "../disk/image.ts";
import { Timeline } from "../disk/timeline.ts";
import { drawCrash, type ExplorationOrder } from "../explore/exploration.ts";
import type { LinkPlan, Plan } from "../plan.ts";
import { randomFrom } from "../random.ts";
import { firstCallNs, type Request } from "../recording/history.ts";
import type { Recording } from "../recording/recording.ts";
import { runScenario } from "../run.ts";
import { simulatedIdentity } from "../targets/simulated.ts";
import { SimulatedWorld } from "./simulated-world.ts";
import { readToken } from "./token.ts";

const main = fileURLToPath(new URL("../cli/main.js", import.meta.url));

describe("a chain of crashes in a simulated world", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "chain test "));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function chained(preset: string, seed: string, runs: number): Promise<Run> {
    const { run } = await runScenario(
      {
        scenario: {
          ...simulatedScenario({ seed, preset, calls: 40, lastsMs: 800 }),
          name: "simulated/swarm",
          chain: 3,
        },
        preset: new Catalogue().preset(preset),
        target: "simulated",
        seed,
        budget: { runs },
        jobs: 1,
        bundlesDir: folder,
        keep: false,
        signal: new AbortController().signal,
      },
      { cycleEnded: () => undefined },
    );
    return run;
  }

  for (const preset of ["always", "rdb-only", "hardened"]) {
    it(`of three is made, judged and held: ${preset}`, async function () {
      this.timeout(0);
      const run = await chained(preset, "three", 1);
      expect(run.verdict, run.why).to.equal("held");
      expect(run.crashStates.judged).to.be.greaterThan(20);
    });
  }

  it("goes on from a write that was torn, where the disk tears writes", async function () {
    this.timeout(0);
    const world = new SimulatedWorld();
    const plan = simulatedPlan({ seed: "torn", preset: "everysec", calls: 200 });
    const { recording } = await world.record(plan);
    const recoverer = await world.recoverer(plan.config);
    const models = diskModels.filter(({ name }) => name === "torn");
    for (let draw = 0; draw < 10; draw++) {
      const random = randomFrom(`draw ${draw}`);
      const crash = await drawCrash({ ...orderOf(plan, recording, recoverer), models, random }, () => undefined);
      expect(crash?.pair.state.survivors, `draw ${draw}`).to.have.property("tornTo").that.is.a("number");
    }
  });

  it("may strike a store that is starting again after the one before, and goes on from there", async function () {
    this.timeout(0);
    const world = new SimulatedWorld();
    const plan = simulatedPlan({ seed: "during recovery", preset: "everysec", calls: 60, chain: 3 });
    const recoverer = await world.recoverer(plan.config);
    const first = await world.record(plan);
    const order = orderOf(plan, first.recording, recoverer);
    const crash = await drawCrash({ ...order, random: randomFrom("first") }, () => undefined);
    const image = crash?.pair.state.image();
    if (image === undefined) throw new Error("the first link left no crash");
    const { recording } = await world.record(plan, { link: 1, image });
    const loadedNs = firstCallNs(recording.history);
    for (let draw = 0; draw < 20; draw++) {
      const random = randomFrom(`second ${draw}`);
      const second = await drawCrash({ ...orderOf(plan, recording, recoverer), random }, () => undefined);
      if (second === undefined || second.pair.state.point.interval.startNs >= loadedNs) continue;
      expect(second.pair.judgement.verdict, JSON.stringify(second.pair.judgement.findings)).to.equal("held");
      const third = await world.record(plan, { link: 2, image: second.pair.state.image() });
      expect(third.recording.history.clients.flat()).to.not.have.length(0);
      return;
    }
    throw new Error("of 20 crashes of a later link none struck its recovery");
  });

  it("goes on when what was to expire has: the next link's store has as little of it as whoever judges it", async () => {
    const world = new SimulatedWorld();
    const asking = (...requests: Request[]) => [
      {
        protocol: 2 as const,
        batches: [{ pauseMs: 1, calls: requests.map((request) => ({ requests: [request], transaction: false })) }],
      },
    ];
    const drawn = simulatedPlan({ seed: "expired", preset: "always", lastsMs: 300, rewrites: 0, chain: 2 });
    const [first, second] = drawn.links as [LinkPlan, LinkPlan];
    const links = [
      { ...first, clients: asking(["SET", "c0:string:0", "soon", "PX", "1500"], ["SET", "c0:string:1", "kept"]) },
      { ...second, clients: asking(["APPEND", "c0:string:0", "x"], ["APPEND", "c0:string:1", "x"]) },
    ];
    const plan = { ...drawn, links };
    const { recording } = await world.record(plan);
    const later = await world.record(plan, { link: 1, image: imageAtItsEnd(recording) });
    expect([...(later.recording.initial?.get(0)?.keys() ?? [])]).to.deep.equal(["c0:string:1"]);
    const replies = later.recording.history.clients.flat().map(({ completed }) => completed?.reply);
    expect(replies).to.deep.equal([
      { kind: "integer", value: 1 },
      { kind: "integer", value: 5 },
    ]);
  });

  it("is found again from its token, in another folder and another process", async function () {
    this.timeout(0);
    const catalogue = new Catalogue();
    const scenario = { ...catalogue.scenario("simulated/swarm").value, chain: 3 };
    const request = {
      scenario,
      preset: catalogue.preset("everysec"),
      target: "simulated",
      jobs: 1,
      bundlesDir: folder,
      keep: false,
      signal: new AbortController().signal,
    };
    // A slow disk may keep less than the documentation says: such a finding is on the correct store too.
    for (let attempt = 1; attempt <= 20; attempt++) {
      const watch = { cycleEnded: () => undefined };
      const { run } = await runScenario({ ...request, seed: `again-${attempt}`, budget: { runs: 1 } }, watch);
      for (const { replay, fingerprint } of run.findings) {
        const token = /sim~\S+/.exec(replay)?.[0];
        if (token === undefined || readToken(token).crashes.length < 2) continue;
        const again = await elsewhere(token, folder);
        expect(again.code).to.equal(1);
        expect(again.findings.map((finding) => finding.fingerprint)).to.include(fingerprint);
        return;
      }
    }
    throw new Error("no chain of 20 lost more than a second");
  });
});

/** All that was written: what a kill leaves. */
function imageAtItsEnd({ journal, endNs }: Recording): Image {
  const timeline = new Timeline(journal);
  const random = randomFrom("end");
  const points = crashPoints(journal, { random, endNs, firstIndex: timeline.firstPointIndex, windows: [] });
  const models = [diskModelNamed("process-crash")];
  const last = [...crashStates(timeline, points, { models, random, setsMax: 1 })].at(-1);
  if (last === undefined) throw new Error("the recording left no crash");
  return last.image();
}

function orderOf(plan: Plan, recording: Recording, recoverer: ExplorationOrder["recoverer"]): ExplorationOrder {
  return {
    recording,
    config: plan.config,
    store: simulatedIdentity,
    promise: { row: "everysec", store: simulatedIdentity, savePoints: [] },
    documentedCounts: false,
    failsUpTo: "realistic",
    sampleMax: 0,
    models: diskModels.filter(({ grade }) => grade !== "adversarial"),
    setsMax: 6,
    random: randomFrom("chain"),
    recoverer,
    jobs: 1,
    deadlineMs: Number.POSITIVE_INFINITY,
    signal: new AbortController().signal,
  };
}

function elsewhere(token: string, cwd: string): Promise<{ code: number; findings: { fingerprint: string }[] }> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [main, "replay", token, "--json"], { cwd, encoding: "utf8" }, (error, stdout) => {
      if (stdout === "") reject(error ?? new Error("replay said nothing"));
      else resolve({ code: Number(error?.code ?? 0), findings: JSON.parse(stdout).findings });
    });
  });
}
