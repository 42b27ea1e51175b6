import { expect } from "chai";
import { simulatedPlan } from "../../tests/simulated/simulated-plan.ts";
import { crashPoints, replacements } from "../disk/crash-points.ts";
import { type CrashState, crashStates } from "../disk/crash-states.ts";
import { diskModels } from "../disk/disk-models.ts";
import { Timeline } from "../disk/timeline.ts";
import type { ServedStart } from "../oracle/evidence.ts";
import { explain, type LengthRanges } from "../oracle/explain.ts";
import { completeLanes, type Lanes, readLanes } from "../oracle/lanes.ts";
import { readState } from "../oracle/reading.ts";
import type { Plan } from "../plan.ts";
import { randomFrom } from "../random.ts";
import type { Recording } from "../recording/recording.ts";
import { SimulatedWorld } from "../simulated/simulated-world.ts";
import { simulatedIdentity } from "../targets/simulated.ts";
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

function indexOf(ground: Ground, { config }: Plan): StateIndex {
  const index = makeStateIndex({ ...ground, config, store: simulatedIdentity });
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
  const complete = completeLanes(lanes, served.state, endNs);
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

describe("the index", function () {
  this.timeout(60_000);

  for (const preset of ["everysec", "everysec-resp", "always", "everysec-timestamps"]) {
    it(`says what the store serves where it answers, over every kind of crash state: ${preset} [J1] [J2]`, async () => {
      const world = new SimulatedWorld();
      const seed = `index ${Math.random()}`;
      const plan = simulatedPlan({ seed, preset, rewrites: 2 });
      const ground = groundOf((await world.record(plan)).recording);
      const index = indexOf(ground, plan);
      const recoverer = await world.recoverer(plan.config);
      let answered = 0;
      const states = randomFrom(seed).shuffled(statesOf(ground, seed)).slice(0, 250);
      for (const state of states) {
        const predicted = index.explain(state);
        if (predicted === undefined) continue;
        answered++;
        const [start] = (await recoverer.recover(state.image(), 1)).starts;
        expect(start?.kind, `seed ${seed}, state ${state.signature}`).to.equal("served");
        expect(
          clipped(predicted, ground.lanes, state.point.interval.endNs),
          `seed ${seed}, state ${state.signature}`,
        ).to.deep.equal(bootedLengths(ground, start as ServedStart, state));
      }
      expect(answered, `seed ${seed}: answers for ${states.length} states`).to.be.greaterThan(states.length / 3);
    });
  }
});
