/**
 * Bits that rot: of each crash state one bit reads wrong by the time the store is started on it. It may refuse then; what
 * it serves all the same has to be right.
 */
import type { DiskFault } from "../disk/disk-fault.ts";
import type { Image } from "../disk/image.ts";
import type { Recoverer } from "../explore/explorable.ts";
import { rot } from "../faults/disk-fault.ts";
import type { RecoveryFacts } from "../oracle/evidence.ts";
import type { Plan } from "../plan.ts";

type Flip = Extract<DiskFault, { kind: "flip" }>;

/** What is to rot when the last link of a plan is over. */
export function rotIn({ links }: Plan): Flip[] {
  const fault = links.at(-1)?.fault;
  const faults = fault?.kind === "power-cut" ? (fault.diskFaults ?? []) : [];
  return faults.filter((each) => each.kind === "flip");
}

export class RotRecoverer implements Recoverer {
  readonly #honest: Recoverer;
  readonly #flips: readonly Flip[];
  readonly #seed: string;

  /** @param seed which bit it is follows from it and from the files. */
  constructor(honest: Recoverer, flips: readonly Flip[], seed: string) {
    this.#honest = honest;
    this.#flips = flips;
    this.#seed = seed;
  }

  async recover(image: Image, starts: 1 | 2): Promise<RecoveryFacts> {
    const sizes = [...image].map(([path, node]) => `${path} ${node.kind === "file" ? node.bytes.length : ""}`);
    const rotten = rot(image, this.#flips, `${this.#seed} ${sizes.join(" ")}`);
    const facts = await this.#honest.recover(rotten.image, starts);
    return { ...facts, ...(rotten.damage !== undefined && { damage: rotten.damage }) };
  }

  close(): Promise<void> {
    return this.#honest.close();
  }
}

/** As it is where nothing is to rot. */
export function rotting(honest: Recoverer, plan: Plan): Recoverer {
  const flips = rotIn(plan);
  return flips.length === 0 ? honest : new RotRecoverer(honest, flips, `${plan.seed}/${plan.cycle}`);
}
