/** A swarm's recording, explored to its end, for tests of the simulated world. */
import { diskModelNamed } from "../../harness/disk/disk-models.ts";
import { exploreRecording, type JudgedPair } from "../../harness/explore/exploration.ts";
import { makePlan, type Plan } from "../../harness/plan.ts";
import { randomFrom } from "../../harness/random.ts";
import { SimulatedWorld } from "../../harness/simulated/simulated-world.ts";
import { savePointsOf } from "../../harness/targets/config-file.ts";
import { simulatedIdentity } from "../../harness/targets/simulated.ts";
import { Catalogue } from "../../scenarios/catalogue.ts";
import type { Scenario } from "../../scenarios/scenario.ts";

const catalogue = new Catalogue();
export const swarmScenario = catalogue.scenario("simulated/swarm").value as Scenario;

export interface Explored {
  readonly plan: Plan;
  readonly digest: string;
  readonly judged: number;
  /** What did not hold: pairs with a finding that timing or the documentation does not excuse, or without a verdict. */
  readonly broken: readonly JudgedPair[];
  readonly somethingPending: boolean;
  readonly stretches: readonly string[];
}

export async function exploreSwarm(
  seed: string,
  presetName: string,
  cycle: number,
  world = new SimulatedWorld(),
  scenario = swarmScenario,
): Promise<Explored> {
  const { fault } = scenario;
  if (fault.kind !== "power-cut") throw new RangeError("a swarm is a power cut");
  const preset = catalogue.preset(presetName);
  const { redisVersion, unknownCommands } = simulatedIdentity;
  const words = { redisVersion, withoutCommands: unknownCommands };
  const plan = makePlan({ scenario, preset, seed, cycle, words });
  const { recording } = await world.record(plan);
  const recoverer = await world.recoverer(plan.config);
  const broken: JudgedPair[] = [];
  const explored = await exploreRecording(
    {
      recording,
      config: plan.config,
      store: simulatedIdentity,
      promise: { row: preset.promise.row, store: simulatedIdentity, savePoints: savePointsOf(plan.config) },
      documentedCounts: false,
      models: fault.models.map(diskModelNamed),
      setsMax: fault.setsMax,
      failsUpTo: fault.failsUpTo,
      sampleMax: 0,
      random: randomFrom(seed).fork(`explore ${cycle}`),
      recoverer,
      jobs: 1,
      deadlineMs: Number.POSITIVE_INFINITY,
      signal: new AbortController().signal,
    },
    (pair) => {
      if (pair.judgement.verdict !== "held") broken.push(pair);
    },
  );
  await recoverer.close();
  const { judged, somethingPending, stretches } = explored;
  return { plan, digest: recording.digest, judged, broken, somethingPending, stretches: [...stretches.keys()] };
}
