import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { Catalogue } from "../../scenarios/catalogue.ts";

import { missing, needExecutable } from "../../tests/needs.ts";
import { simulatedPlan } from "../../tests/simulated/simulated-plan.ts";
import { crashPoints, replacements } from "../disk/crash-points.ts";
import { type CrashState, crashStates, type SurvivingFile } from "../disk/crash-states.ts";
import { diskModels } from "../disk/disk-models.ts";
import { Timeline } from "../disk/timeline.ts";
import { VolumeUnavailable } from "../disk/volume.ts";
import type { Recoverer } from "../explore/explorable.ts";
import { RecordedProcess } from "../explore/recorded-process.ts";
import type { ServedStart } from "../oracle/evidence.ts";
import { explain, type LengthRanges } from "../oracle/explain.ts";
import { completeLanes, type Lanes, readLanes } from "../oracle/lanes.ts";
import { readState } from "../oracle/reading.ts";
import { makePlan, type Plan } from "../plan.ts";
import { plantedBug } from "../planted/planted.ts";
import { randomFrom } from "../random.ts";
import type { Recording } from "../recording/recording.ts";
import { RunFolder } from "../run-folder.ts";
import { SimulatedWorld } from "../simulated/simulated-world.ts";
import { simulatedIdentity } from "../targets/simulated.ts";
import type { StoreIdentity } from "../targets/target.ts";
import { openTarget } from "../targets/targets.ts";
import { makeStateIndex } from "./index.ts";
import type { StateIndex } from "./state-index.ts";

interface Ground {
  readonly recording: Recording;
  readonly timeline: Timeline;
  readonly lanes: Lanes;
}

function groundOf(recording: Recording): Ground {
  const lanes = readLanes(recording.history, { initial: recording.initial ?? new Map(), trouble: false });
  return { recording, timeline: new Timeline(recording.journal), lanes };
}

function indexOf(ground: Ground, { config }: Plan, store: StoreIdentity = simulatedIdentity): StateIndex {
  const index = makeStateIndex({ ...ground, config, store });
  if (index === undefined) throw new Error("this log can be read");
  return index;
}

/** Distinct states of all models, adversarial ones too. */
function statesOf({ recording, timeline }: Ground, seed: string): CrashState[] {
  const random = randomFrom(seed);
  const points = crashPoints(recording.journal, {
    random: random.fork("points"),
    endNs: recording.endNs,
    firstIndex: timeline.firstPointIndex,
    windows: replacements(recording.journal),
    perRunMax: 4,
    perWindowRunMax: 16,
  });
  const all = [...crashStates(timeline, points, { models: diskModels, random: random.fork("sets"), setsMax: 4 })];
  return [...new Map(all.map((state) => [state.signature, state])).values()];
}

/** What a boot says, up to the calls that had been invoked by then. */
function bootedLengths({ lanes }: Ground, served: ServedStart, state: CrashState): number[][] {
  const { endNs } = state.point.interval;
  const complete = completeLanes(lanes, served, endNs);
  return clipped(explain(complete, readState(complete, served)).lengths, lanes, endNs);
}

function clipped(lengths: readonly LengthRanges[], { lanes }: Lanes, endNs: number): number[][] {
  return lengths.map((ranges, lane) => {
    const each: number[] = [];
    for (let at = 0; at < ranges.length; at += 2) {
      for (let length = ranges[at] as number; length <= (ranges[at + 1] as number); length++) each.push(length);
    }
    return each.filter((length) => length <= (lanes[lane]?.lengthAt(endNs) ?? 0));
  });
}

/** Every answer is held against a boot. Resolves with how many there were. */
async function holdAgainstBoots(ground: Ground, index: StateIndex, states: readonly CrashState[], boots: Recoverer) {
  let answered = 0;
  for (const state of states) {
    const predicted = index.explain(state);
    if (predicted === undefined) continue;
    answered++;
    const [start] = (await boots.recover(state.image(), 1)).starts;
    expect(start?.kind, `state ${state.signature}`).to.equal("served");
    const { endNs } = state.point.interval;
    const booted = bootedLengths(ground, start as ServedStart, state);
    expect(clipped(predicted, ground.lanes, endNs), `state ${state.signature}`).to.deep.equal(booted);
  }
  return answered;
}

describe("the index", function () {
  this.timeout(60_000);
  // A simulated recording is the same every time; the bench asks for other seeds.
  const seed = "index";

  for (const preset of ["everysec", "everysec-resp", "always", "everysec-timestamps"]) {
    it(`says what the store serves, over every kind of crash state, where it says anything: ${preset} [J1]`, async () => {
      const world = new SimulatedWorld();
      const plan = simulatedPlan({ seed, preset, rewrites: 2 });
      const ground = groundOf((await world.record(plan)).recording);
      const states = randomFrom(seed).shuffled(statesOf(ground, seed)).slice(0, 200);
      const answered = await holdAgainstBoots(
        ground,
        indexOf(ground, plan),
        states,
        await world.recoverer(plan.config),
      );
      expect(answered).to.be.greaterThan(20);
    });
  }

  it("says what redis-server serves, too [J2]", async function () {
    const redis = needExecutable(this, "redis-server");
    const folder = mkdtempSync(path.join(tmpdir(), "index-"));
    const run = new RunFolder(folder);
    try {
      const target = await openTarget(redis, run);
      const store = await target.identify();
      const { redisVersion, unknownCommands } = store;
      const catalogue = new Catalogue();
      const scenario = catalogue.scenario("power-cut/during-aof-rewrite").value;
      const words = { redisVersion, withoutCommands: unknownCommands };
      const plan = makePlan({ scenario, preset: catalogue.preset("everysec"), seed, cycle: 1, words });
      const world = new RecordedProcess(target, run, folder);
      const kept = await world.record(plan);
      const ground = groundOf(kept.recording);
      const index = indexOf(ground, plan, store);
      const states = randomFrom(seed).shuffled(statesOf(ground, seed));
      const answers = states.filter((state) => index.explain(state) !== undefined).slice(0, 24);
      const boots = await world.recoverer(plan.config, 1);
      try {
        expect(await holdAgainstBoots(ground, index, answers, boots)).to.be.greaterThan(0);
      } finally {
        await boots.close();
        await kept.close();
      }
    } catch (error) {
      if (error instanceof VolumeUnavailable) missing(this, error.message);
      throw error;
    } finally {
      await run.dispose();
      rmSync(folder, { recursive: true });
    }
  });

  it("relies on no base that does not hold what the log had made", async () => {
    const world = new SimulatedWorld(plantedBug("ttl-dropped-by-rewrite"));
    // Keys had deadlines when this one was rewritten.
    const plan = simulatedPlan({ seed: "base a", preset: "everysec", rewrites: 2 });
    const ground = groundOf((await world.record(plan)).recording);
    const index = indexOf(ground, plan);
    const isRewritten = ({ files }: CrashState) => {
      const manifest = files.find(({ path: name }) => name.endsWith("/appendonly.aof.manifest"));
      return manifest !== undefined && /base\.rdb seq [2-9]/.test(textOf(manifest));
    };
    const states = statesOf(ground, seed);
    expect(states.filter(isRewritten)).to.not.be.empty;
    for (const state of states.filter(isRewritten)) expect(index.explain(state), state.signature).to.equal(undefined);
    expect(states.filter((state) => index.explain(state) !== undefined)).to.not.be.empty;
  });

  it("knows nothing of stores of another kind, nor of those without a log", async () => {
    const plan = simulatedPlan({ seed, preset: "everysec" });
    const ground = groundOf((await new SimulatedWorld().record(plan)).recording);
    const { config } = plan;
    const other = { ...simulatedIdentity, name: "dragonfly" };
    expect(makeStateIndex({ ...ground, config, store: other })).to.equal(undefined);
    expect(makeStateIndex({ ...ground, config: [["appendonly", "no"]], store: simulatedIdentity })).to.equal(undefined);
  });
});

function textOf({ sizeBytes, view }: SurvivingFile): string {
  return Buffer.from(view().read(0, sizeBytes)).toString("latin1");
}
