/** The real world, whole. */
import { realClock } from "./real-clock.ts";
import { realDisk } from "./real-disk.ts";
import { withKillSwitch } from "./real-kill-switch.ts";
import { realNet } from "./real-net.ts";
import { realProcess } from "./real-process.ts";
import { realRandom } from "./real-random.ts";
import { realSavers } from "./real-savers.ts";
import type { World } from "./world.ts";

/** With the kill switch, where the environment arms it. @throws KillOrderError */
export function realWorld(environment: NodeJS.ProcessEnv): World {
  return {
    disk: withKillSwitch(realDisk, environment),
    clock: realClock,
    random: realRandom,
    net: realNet,
    savers: realSavers,
    process: realProcess,
  };
}
