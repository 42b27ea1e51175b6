/**
 * What the simulated world costs: recordings, and crash states judged through real loads of the bundled store, with
 * workloads of 200 commands. One core; the time is this process's own, so that a busy machine does not count.
 *
 *     node dist/bench/simulated.js [SEED] [PRESET]
 */
import { crashPoints, replacements } from "../harness/disk/crash-points.ts";
import { crashStates } from "../harness/disk/crash-states.ts";
import { diskModels } from "../harness/disk/disk-models.ts";
import { Timeline } from "../harness/disk/timeline.ts";
import type { RecoveryFacts } from "../harness/oracle/evidence.ts";
import { judge } from "../harness/oracle/judge.ts";
import { makePlan } from "../harness/plan.ts";
import { randomFrom } from "../harness/random.ts";
import { SimulatedWorld } from "../harness/simulated/simulated-world.ts";
import { simulatedIdentity } from "../harness/targets/simulated.ts";
import { Catalogue } from "../scenarios/catalogue.ts";
import { scenarioSchema } from "../scenarios/scenario.ts";

const [seed = "bench", presetName = "everysec"] = process.argv.slice(2);
const recordings = 12;

const preset = new Catalogue().preset(presetName);
const scenario = scenarioSchema.parse({
  name: "simulated/bench",
  why: "how fast it is",
  presets: [presetName],
  workload: { calls: 200, clients: 4 },
  fault: {
    kind: "power-cut",
    lastsMs: 2_500,
    rewrites: 1,
    syncs: { kind: "lognormal", medianMs: 4, sigma: 0.8, msMax: 200 },
  },
  budget: { runs: 1 },
});
const words = { redisVersion: simulatedIdentity.redisVersion, withoutCommands: simulatedIdentity.unknownCommands };
const world = new SimulatedWorld();

const spent = { record: 0, states: 0, boot: 0 };
let states = 0;
let boots = 0;
let records = 0;
const verdicts = new Map<string, number>();

const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};

for (let cycle = 1; cycle <= recordings; cycle++) {
  const plan = makePlan({ scenario, preset, seed, cycle, words });
  let beganMs = cpuMs();
  const { recording } = await world.record(plan);
  if (cycle > 2) spent.record += cpuMs() - beganMs;
  records += recording.journal.records.length;
  const timeline = new Timeline(recording.journal);
  const points = crashPoints(recording.journal, {
    random: randomFrom(seed),
    endNs: recording.endNs,
    firstIndex: timeline.firstPointIndex,
    windows: replacements(recording.journal),
  });
  const models = diskModels.filter(({ grade }) => grade !== "adversarial");
  const recoverer = await world.recoverer(plan.config);
  const known = new Map<string, RecoveryFacts>();
  const wholeMs = cpuMs();
  for (const state of crashStates(timeline, points, { models, random: randomFrom(seed), setsMax: 8 })) {
    let facts = known.get(state.signature);
    if (facts === undefined) {
      beganMs = cpuMs();
      facts = await recoverer.recover(state.image(), 2);
      if (cycle > 2) spent.boot += cpuMs() - beganMs;
      if (cycle > 2) boots++;
      known.set(state.signature, facts);
    }
    const judgement = judge({
      history: recording.history,
      cut: state.point.interval,
      crash: {
        fault: "power-cut",
        longestSyncMs: 200,
        longestStallMs: 0,
        saves: [],
        suspensions: [],
        place: "",
      },
      promise: { row: preset.promise.row, store: simulatedIdentity, savePoints: [] },
      recovery: facts,
    });
    if (cycle > 2) states++;
    verdicts.set(judgement.verdict, (verdicts.get(judgement.verdict) ?? 0) + 1);
  }
  if (cycle > 2) spent.states += cpuMs() - wholeMs;
}

const rate = (count: number, ms: number) => `${Math.round((count * 1_000) / ms).toLocaleString("en")}/s`;
console.log(
  `recordings               ${rate(recordings - 2, spent.record)} (${Math.round(records / recordings)} records each)`,
);
console.log(`crash states judged      ${rate(states, spent.states)} (${states} states, ${boots} distinct)`);
console.log(`  real loads, two each   ${rate(boots, spent.boot)}`);
console.log(`  all but the loads      ${rate(states, spent.states - spent.boot)}`);
console.log(`verdicts                 ${[...verdicts].map(([name, count]) => `${name} ${count}`).join(", ")}`);
