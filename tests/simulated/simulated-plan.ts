/** Plans for tests of the simulated world. */
import { makePlan, type Plan } from "../../harness/plan.ts";
import { simulatedIdentity } from "../../harness/targets/simulated.ts";
import { Catalogue } from "../../scenarios/catalogue.ts";
import { type Scenario, scenarioSchema } from "../../scenarios/scenario.ts";

export interface Wanted {
  readonly seed: string;
  readonly preset: string;
  readonly cycle?: number;
  readonly calls?: number;
  readonly lastsMs?: number;
  readonly rewrites?: number;
  readonly chain?: number;
}

export function simulatedScenario({ preset, calls = 200, lastsMs = 2_500, rewrites = 1, chain = 1 }: Wanted): Scenario {
  return scenarioSchema.parse({
    name: "simulated/test",
    why: "for a test",
    target: "bundled",
    presets: [preset],
    workload: { calls, clients: 3 },
    fault: {
      kind: "power-cut",
      lastsMs,
      rewrites,
      syncs: { kind: "lognormal", medianMs: 4, sigma: 0.8, msMax: 200 },
    },
    budget: { runs: 1 },
    chain,
  });
}

export function simulatedPlan(wanted: Wanted): Plan {
  const { redisVersion, unknownCommands } = simulatedIdentity;
  return makePlan({
    scenario: simulatedScenario(wanted),
    preset: new Catalogue().preset(wanted.preset),
    seed: wanted.seed,
    cycle: wanted.cycle ?? 1,
    words: { redisVersion, withoutCommands: unknownCommands },
  });
}
