/** Prints the digest of the recording of a seed: another process must make the same. `node digest-main.js SEED PRESET` */
import { SimulatedWorld } from "../../harness/simulated/simulated-world.ts";
import { simulatedPlan } from "./simulated-plan.ts";

const [seed = "", preset = ""] = process.argv.slice(2);
const { recording } = await new SimulatedWorld().record(simulatedPlan({ seed, preset }));
console.log(recording.digest);
