/**
 * The simulated world as something that can be explored: it makes a recording of a plan, and recovers crash states, both
 * without a process or a file. Same plan, same recording, byte for byte, in any process.
 */
import type { Explorable, KeptRecording, LaterLink, Recoverer } from "../explore/explorable.ts";
import type { Model } from "../operations/model.ts";
import type { LinkPlan, Plan, PlannedPowerCut } from "../plan.ts";
import type { Exchanged } from "../targets/simulated.ts";
import type { Config } from "../targets/target.ts";
import { withDeadPromises } from "./drive.ts";
import { guarded } from "./guard.ts";
import { linkAtWallMs, recordSimulated } from "./record.ts";
import { SimulatedRecoverer } from "./simulated-recoverer.ts";

export class SimulatedWorld implements Explorable {
  readonly engine = "simulated";
  readonly readsLogWrongly: boolean;
  readonly #exchanged: Exchanged;

  /** @param exchanged of a store with a planted bug. */
  constructor(exchanged: Exchanged = {}) {
    this.#exchanged = exchanged;
    this.readsLogWrongly = Object.keys(exchanged).length > 0;
  }

  async record({ seed, cycle, config, links }: Plan, later?: LaterLink): Promise<KeptRecording> {
    const index = later?.link ?? 0;
    const link = links[index];
    if (!isPowerCut(link)) throw new RangeError("a simulated world records what the power is to be cut of");
    const { clients, fault } = link;
    const initial = later && (await this.#served(config, later));
    const order = {
      seed: `${seed}/cycle ${cycle}/link ${index}/world`,
      wallAtStartMs: linkAtWallMs(index),
      config,
      clients,
      fault,
      exchanged: this.#exchanged,
      ...(later !== undefined && { image: later.image }),
    };
    const recording = await guarded(() => withDeadPromises(() => recordSimulated(order)));
    return {
      recording: { ...recording, ...(initial !== undefined && { initial }) },
      close: () => Promise.resolve(),
    };
  }

  /** What the store serves on these files: where a later link of a chain begins. */
  async #served(config: Config, { link, image }: LaterLink): Promise<Model> {
    const recoverer = new SimulatedRecoverer(config, this.#exchanged, linkAtWallMs(link));
    const { starts } = await recoverer.recover(image, 1);
    const [start] = starts;
    if (start?.kind !== "served") throw new Error("a chain goes on only from what a store serves");
    return start.state;
  }

  /** One thread does all of them, one after the other: `jobs` would change nothing. */
  async recoverer(config: Config): Promise<Recoverer> {
    return new SimulatedRecoverer(config, this.#exchanged);
  }
}

function isPowerCut(link: LinkPlan | undefined): link is LinkPlan<PlannedPowerCut> {
  return link?.fault.kind === "power-cut";
}
