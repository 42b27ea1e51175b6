/**
 * What the simulated world costs: recordings, and crash states judged through real loads of the bundled store, with
 * workloads of 200 commands. Explored as the scenarios are, but without the index: every distinct state is started, some
 * of them twice. The first recordings are not counted, as in index.ts. One core; the time is this process's own, so that
 * a busy machine does not count.
 *
 *     node dist/bench/simulated.js [SEED] [PRESET]
 */
import { diskModels } from "../harness/disk/disk-models.ts";
import { exploreRecording } from "../harness/explore/exploration.ts";
import { promiseOf } from "../harness/preparation.ts";
import { randomFrom } from "../harness/random.ts";
import { SimulatedWorld } from "../harness/simulated/simulated-world.ts";
import { simulatedIdentity } from "../harness/targets/simulated.ts";
import { Catalogue } from "../scenarios/catalogue.ts";
import { simulatedPlan } from "../tests/simulated/simulated-plan.ts";

const [seed = "bench", presetName = "everysec"] = process.argv.slice(2);
const warmingUp = 8;
const recordings = 32;

const preset = new Catalogue().preset(presetName);
const world = new SimulatedWorld();
const models = diskModels.filter(({ grade }) => grade !== "adversarial");

const spent = { record: 0, explore: 0 };
const counts = { records: 0, states: 0, boots: 0, starts: 0 };
const verdicts = new Map<string, number>();

const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};

for (let cycle = 1; cycle <= warmingUp + recordings; cycle++) {
  if (cycle === warmingUp + 1) {
    for (const figures of [spent, counts])
      for (const name of Object.keys(figures)) Object.assign(figures, { [name]: 0 });
    verdicts.clear();
  }
  const plan = simulatedPlan({ seed, preset: presetName, cycle, calls: 200, lastsMs: 2_500 });
  let beganMs = cpuMs();
  const { recording } = await world.record(plan);
  spent.record += cpuMs() - beganMs;
  counts.records += recording.journal.records.length;
  beganMs = cpuMs();
  const explored = await exploreRecording(
    {
      recording,
      config: plan.config,
      store: simulatedIdentity,
      promise: promiseOf(preset.promise.row, simulatedIdentity, plan.config),
      documentedCounts: false,
      models,
      setsMax: 8,
      failsUpTo: "realistic",
      sampleMax: 0,
      random: randomFrom(seed).fork(`explore ${cycle}`),
      recoverer: await world.recoverer(plan.config),
      jobs: 1,
      deadlineMs: Number.POSITIVE_INFINITY,
      signal: new AbortController().signal,
    },
    ({ judgement }) => verdicts.set(judgement.verdict, (verdicts.get(judgement.verdict) ?? 0) + 1),
  );
  spent.explore += cpuMs() - beganMs;
  counts.states += explored.judged;
  counts.boots += explored.bootedStates;
  counts.starts += explored.starts;
}

const rate = (count: number, ms: number) => `${Math.round((count * 1_000) / ms).toLocaleString("en")}/s`;
const { states, boots, starts, records } = counts;
console.log(
  `recordings               ${rate(recordings, spent.record)} (${Math.round(records / recordings)} records each)`,
);
console.log(`crash states judged      ${rate(states, spent.explore)} (${states} states, ${boots} distinct)`);
console.log(`  of real starts         ${rate(starts, spent.explore)} (${starts}), each read back and stopped`);
console.log(`verdicts                 ${[...verdicts].map(([name, count]) => `${name} ${count}`).join(", ")}`);
