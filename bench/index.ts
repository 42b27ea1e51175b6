/**
 * How fast the index answers: pairs of crash point and state a second and core, with the judgement that follows (the
 * recovery point at that point, and its loss), and what share of the states it answers for. Recordings are of the
 * simulated world; the first two of each size are not counted, as in simulated.ts: Node has not compiled anything yet, and
 * an exploration goes on for hundreds. One core; the time is this process's own, so that a busy machine does not count.
 *
 *     node dist/bench/index.js [SEED] [PRESET]
 */
import { crashPoints, replacements } from "../harness/disk/crash-points.ts";
import { type CrashState, crashStates } from "../harness/disk/crash-states.ts";
import { diskModels } from "../harness/disk/disk-models.ts";
import { Timeline } from "../harness/disk/timeline.ts";
import { greatestCut } from "../harness/oracle/explain.ts";
import { readLanes } from "../harness/oracle/lanes.ts";
import { lossAt, noLoss } from "../harness/oracle/loss.ts";
import { randomFrom } from "../harness/random.ts";
import { makeStateIndex } from "../harness/recover/index.ts";
import { SimulatedWorld } from "../harness/simulated/simulated-world.ts";
import { simulatedIdentity } from "../harness/targets/simulated.ts";
import { simulatedPlan } from "../tests/simulated/simulated-plan.ts";

const [seed = "bench", preset = "everysec"] = process.argv.slice(2);

const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};

interface Rates {
  pairs: number;
  answered: number;
  violated: number;
  buildMs: number;
  askMs: number;
  statesMs: number;
}

const warmingUp = 2;
const recordings = 7;

function nothingYet(): Rates {
  return { pairs: 0, answered: 0, violated: 0, buildMs: 0, askMs: 0, statesMs: 0 };
}

async function measure(calls: number, lastsMs: number): Promise<Rates> {
  const rates = nothingYet();
  for (let cycle = 1; cycle <= recordings; cycle++) {
    if (cycle === warmingUp + 1) Object.assign(rates, nothingYet());
    const plan = simulatedPlan({ seed, preset, cycle, calls, lastsMs, rewrites: 2 });
    const { recording } = await new SimulatedWorld().record(plan);
    const lanes = readLanes(recording.history, { initial: new Map(), trouble: false });
    const timeline = new Timeline(recording.journal);
    let beganMs = cpuMs();
    const states = allStates(timeline, recording.endNs);
    rates.statesMs += cpuMs() - beganMs;
    beganMs = cpuMs();
    const index = makeStateIndex({ recording, timeline, lanes, config: plan.config, store: simulatedIdentity });
    rates.buildMs += cpuMs() - beganMs;
    const loss = noLoss();
    beganMs = cpuMs();
    for (const state of states) {
      const { endNs } = state.point.interval;
      const lengths = index?.explain(state);
      if (lengths === undefined) continue;
      rates.answered++;
      const cut = greatestCut(lanes, { lengths }, endNs);
      if (cut.kind === "found") lossAt(lanes, cut.lengths, endNs, loss);
      else rates.violated++;
    }
    rates.askMs += cpuMs() - beganMs;
    rates.pairs += states.length;
  }
  return rates;
}

function allStates(timeline: Timeline, endNs: number): CrashState[] {
  const random = randomFrom(seed);
  const points = crashPoints(timeline.journal, {
    random: random.fork("points"),
    endNs,
    firstIndex: timeline.firstPointIndex,
    windows: replacements(timeline.journal),
  });
  const models = diskModels.filter(({ grade }) => grade !== "adversarial");
  return [...crashStates(timeline, points, { models, random: random.fork("sets"), setsMax: 64 })];
}

for (const [calls, lastsMs] of [
  [200, 2_500],
  [2_000, 5_000],
] as const) {
  const { pairs, answered, violated, buildMs, askMs, statesMs } = await measure(calls, lastsMs);
  const rate = (ms: number) => `${Math.round((pairs * 1_000) / ms).toLocaleString("en")}/s`;
  console.log(
    [
      `${calls} calls`.padStart(12),
      `${pairs} pairs, ${Math.round((100 * answered) / pairs)} % answered`.padEnd(30),
      `asked and judged ${rate(askMs)}`.padEnd(28),
      `with making the index ${rate(askMs + buildMs)}`.padEnd(34),
      `with making the states ${rate(askMs + buildMs + statesMs)}`.padEnd(34),
      `${violated} suspicious`,
    ].join("  "),
  );
}
