/** The real world, whole. */
import { realClock } from "./real-clock.ts";
import { realDisk } from "./real-disk.ts";
import { withKillSwitch } from "./real-kill-switch.ts";
import { realNet } from "./real-net.ts";
import { realProcess } from "./real-process.ts";
import { realRandom } from "./real-random.ts";
import { realSavers } from "./real-savers.ts";
import type { World } from "./world.ts";

/**
 * With the kill switch, where the environment arms it.
 *
 * @param saverProgram the file that a saver runs: saver-main.js
 * @throws KillOrderError
 */
export function realWorld(environment: NodeJS.ProcessEnv, saverProgram: string): World {
  return {
    disk: withKillSwitch(realDisk, environment),
    clock: realClock,
    random: realRandom,
    net: realNet,
    savers: realSavers(saverProgram),
    process: realProcess,
  };
}
