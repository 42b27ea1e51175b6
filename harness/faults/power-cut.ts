/**
 * The power goes. That is not done to the store: it runs on a recorded volume, is killed when its clients are done, and
 * afterwards the power is cut at every moment of the recording (`harness/explore.ts`). What is left to do here is to let
 * the run have what power cuts are about: rewrites and snapshots while clients write.
 *
 *     clients   ▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮✗        ✗ SIGKILL, to all of it: the recording ends here
 *     harness        └ BGREWRITEAOF   └ BGREWRITEAOF
 *     journal   ·w··w▷w··◁·w·w·▷···◁·w··w··▷··
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { PlannedPowerCut } from "../plan.ts";
import { type CrashState, type Fault, type LiveRun, StoreEndedEarly } from "./fault.ts";

type PowerCutRun = LiveRun<PlannedPowerCut>;

const commandOf = { rewrite: "BGREWRITEAOF", bgsave: "BGSAVE" } as const;

export const powerCut: Fault<PlannedPowerCut> = {
  name: "power-cut",

  refuses(_, target): string | undefined {
    if (target.volumes.has("recorded") || target.volumes.has("simulated")) return undefined;
    return `${target.name} cannot live on a recorded volume, and on no other disk can its power be cut`;
  },

  volume: () => "recorded",

  prepare: () => ({}),

  async crash(live: PowerCutRun): Promise<CrashState> {
    const { instance, driver, clock, link } = live;
    const over = Promise.race([sleep(link.fault.lastsMs, undefined, { ref: false }), instance.ended]);
    await Promise.all([over, askForJobs(live)]);
    const ending = instance.ending();
    if (ending !== undefined) {
      const how = ending.signal ?? `exit code ${ending.exitCode}`;
      throw new StoreEndedEarly(`the store ended by itself with ${how}: ${instance.lastLogLines(3).join(" ⏎ ")}`);
    }
    driver.stop();
    // Before the signal is sent: what was recorded after it is no part of the run.
    const endNs = clock.now();
    await instance.kill("tree");
    await driver.settle();
    return {
      cut: { startNs: endNs, endNs },
      point: { place: "end", operation: "SIGKILL", path: "", journalIndex: -1, stampNs: endNs },
      fault: "power-cut",
      windows: [],
      image: await live.volume.image(),
    };
  },
};

/** A refusal (one runs already) is no trouble: then one runs. */
async function askForJobs({ instance, link }: PowerCutRun): Promise<void> {
  const { jobsAtMs, job } = link.fault;
  const begunMs = performance.now();
  for (const atMs of jobsAtMs) {
    const inMs = Math.max(0, begunMs + atMs - performance.now());
    await Promise.race([sleep(inMs, undefined, { ref: false }), instance.ended]);
    const client = await instance.connect().catch(() => undefined);
    // The store is gone, and the run with it.
    if (client === undefined) return;
    await Promise.race([client.send([commandOf[job]]).catch(() => undefined), instance.ended]);
    client.close();
  }
}
