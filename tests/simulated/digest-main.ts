/**
 * Prints the digests of recordings, a line each: another process, another Node, must make the same.
 *
 *     node digest-main.js SEED PRESET …            a plan for tests
 *     node digest-main.js SEED PRESET:CYCLE …      a world of the swarm
 */
import { makePlan } from "../../harness/plan.ts";
import { SimulatedWorld } from "../../harness/simulated/simulated-world.ts";
import { simulatedIdentity } from "../../harness/targets/simulated.ts";
import { Catalogue } from "../../scenarios/catalogue.ts";
import { simulatedPlan } from "./simulated-plan.ts";

const [seed = "", ...words] = process.argv.slice(2);
for (const word of words) {
  const [preset = "", cycle] = word.split(":");
  const plan = cycle === undefined ? simulatedPlan({ seed, preset }) : swarmPlan(preset, Number(cycle));
  const { recording } = await new SimulatedWorld().record(plan);
  console.log(recording.digest);
}

function swarmPlan(preset: string, cycle: number) {
  const catalogue = new Catalogue();
  const { redisVersion, unknownCommands } = simulatedIdentity;
  return makePlan({
    scenario: catalogue.scenario("simulated/swarm").value,
    preset: catalogue.preset(preset),
    seed,
    cycle,
    words: { redisVersion, withoutCommands: unknownCommands },
  });
}
