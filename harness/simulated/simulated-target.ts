/**
 * The bundled store in a simulated world, as a target: it has no process that could be killed, and no folder. It is
 * recorded and recovered, thousands of times a second, and the same for the same seed on any machine.
 */
import type { Explorable } from "../explore/explorable.ts";
import { type Exchanged, simulatedIdentity } from "../targets/simulated.ts";
import { type Config, type Instance, RefusedToStart, type Target, TargetUnavailable } from "../targets/target.ts";
import { SimulatedWorld } from "./simulated-world.ts";

export class SimulatedTarget implements Target {
  readonly name: string;
  readonly kind = "simulated";
  readonly volumes = new Set(["simulated"] as const);
  readonly diesAtDiskOperation = false;
  readonly #exchanged: Exchanged;

  constructor(name = "simulated", exchanged: Exchanged = {}) {
    this.name = name;
    this.#exchanged = exchanged;
  }

  async identify(config: Config = []): Promise<typeof simulatedIdentity> {
    const recoverer = await new SimulatedWorld(this.#exchanged).recoverer(config);
    const { starts } = await recoverer.recover(new Map(), 1);
    await recoverer.close();
    const [start] = starts;
    if (start?.kind === "served") return simulatedIdentity;
    const exitCode = start?.kind === "refused" ? start.exitCode : null;
    throw new RefusedToStart({ exitCode, signal: null }, start?.lastLogLines ?? []);
  }

  start(): Promise<Instance> {
    return Promise.reject(noProcess());
  }

  launch(): Promise<Instance> {
    return Promise.reject(noProcess());
  }

  explorable(): Explorable {
    return new SimulatedWorld(this.#exchanged);
  }

  async close(): Promise<void> {
    // Nothing was started.
  }
}

function noProcess(): TargetUnavailable {
  return new TargetUnavailable(
    "a simulated store has no process: the power can be cut of it, --target bundled is killed",
  );
}
