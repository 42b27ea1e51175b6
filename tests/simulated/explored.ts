/** A swarm's recording, explored to its end, for tests of the simulated world. */
import { diskModelNamed } from "../../harness/disk/disk-models.ts";
import { exploreRecording, type JudgedPair } from "../../harness/explore/exploration.ts";
import { withoutWhatKillsTook } from "../../harness/explore/killed-calls.ts";
import { makePlan, type Plan } from "../../harness/plan.ts";
import { promiseOf } from "../../harness/preparation.ts";
import { randomFrom } from "../../harness/random.ts";
import { makeStateIndex } from "../../harness/recover/index.ts";
import { rotIn, rotting } from "../../harness/simulated/rot-recoverer.ts";
import { SimulatedWorld } from "../../harness/simulated/simulated-world.ts";
import { simulatedIdentity } from "../../harness/targets/simulated.ts";
import { Catalogue } from "../../scenarios/catalogue.ts";
import type { Scenario } from "../../scenarios/scenario.ts";

const catalogue = new Catalogue();
export const swarmScenario = catalogue.scenario("simulated/swarm").value as Scenario;

/** Of what the index acquits, so many states of each recording are booted all the same. */
const bootedMax = 25;

export interface Explored {
  readonly plan: Plan;
  readonly digest: string;
  readonly judged: number;
  /** Of those; the store was started on all others. */
  readonly judgedByIndex: number;
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
  const promise = promiseOf(preset.promise.row, simulatedIdentity, plan.config);
  const recording = withoutWhatKillsTook((await world.record(plan)).recording, promise);
  const recoverer = rotting(await world.recoverer(plan.config), plan);
  const broken: JudgedPair[] = [];
  const explored = await exploreRecording(
    {
      recording,
      config: plan.config,
      store: simulatedIdentity,
      promise,
      documentedCounts: false,
      models: fault.models.map(diskModelNamed),
      setsMax: fault.setsMax,
      failsUpTo: fault.failsUpTo,
      sampleMax: bootedMax,
      ...(rotIn(plan).length === 0 && { makeIndex: makeStateIndex }),
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
  const { judged, judgedByIndex, somethingPending, stretches, disagreements } = explored;
  // J2: then nothing that it said counts.
  if (disagreements.length > 0) {
    throw new Error(`the index is wrong, ${presetName}, seed ${seed}, cycle ${cycle}: ${disagreements[0]}`);
  }
  const { digest } = recording;
  return { plan, digest, judged, judgedByIndex, broken, somethingPending, stretches: [...stretches.keys()] };
}
