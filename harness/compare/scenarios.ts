/**
 * What presets are compared by: the same clients, the same calls and the same crashes for each. Scenarios of their own,
 * because those that ship are made to hit where it hurts, and these to be fair.
 */
import { type Scenario, scenarioSchema } from "../../scenarios/scenario.ts";

const workload = { profile: "mixed", clients: 4, calls: 20_000, valueBytes: [4, 200] };

/** Killed at a moment drawn from the seed, long enough after the start that a second may count. */
export const killCompared: Scenario = scenarioSchema.parse({
  name: "compare/kill",
  why: "The process dies under load: what was acked and is gone, how fast it was until then, how long it needs after.",
  presets: ["everysec"],
  workload,
  fault: { kind: "kill", trigger: { kind: "at-random-time", withinMs: [700, 1_400] } },
  budget: { runs: 2 },
});

/** The same with much more data: how recovery grows with it. */
export const bigKillCompared: Scenario = scenarioSchema.parse({
  name: "compare/kill-big",
  why: "The process dies with much data: how long it needs until it serves again.",
  presets: ["everysec"],
  workload: { ...workload, calls: 2_000, valueBytes: [4_000, 12_000] },
  fault: { kind: "kill", trigger: { kind: "at-random-time", withinMs: [1_500, 2_000] } },
  budget: { runs: 1 },
});

/** Power lost at every moment of a run, on an honest disk whose syncs take a while: what it loses then is the preset's doing. */
export const powerCutCompared: Scenario = scenarioSchema.parse({
  name: "compare/power-cut",
  why: "The power goes at every moment of one recorded run: what was acked and is gone, each moment by its length.",
  suits: { volumes: ["recorded"] },
  presets: ["everysec"],
  workload: { ...workload, calls: 3_000 },
  fault: {
    kind: "power-cut",
    lastsMs: [3_000, 4_000],
    syncs: { kind: "uniform", fromMs: 1, toMs: 20 },
    rewrites: [1, 2],
    models: ["ordered"],
  },
  budget: { runs: 1 },
  needs: { booted: 5 },
});
