/** What is left open in the disk troubles of a scenario, drawn from the seed and written down. */

import type { DiskFault as DiskFaultScenario, DiskTrouble } from "../scenarios/disk-fault.ts";
import type { Range } from "../scenarios/fields.ts";
import type { DiskFault, When, Window } from "./disk/disk-fault.ts";
import type { Random } from "./random.ts";
import { refusedLog } from "./swarm.ts";

/** While it lasts, `disk` is wrong with the store's disk. */
export interface PlannedDiskFault {
  readonly kind: "disk-fault";
  readonly acks: number;
  readonly lastsMs: number;
  readonly calmMs: number;
  readonly disk: PlannedDisk;
}

export interface PlannedDisk {
  readonly faults: readonly DiskFault[];
  /** What the disk itself leaves to chance is drawn from it: how long each sync takes, which bit is wrong. */
  readonly seed: string;
}

export function planDiskFault({ acks, lastsMs, calmMs, disk }: DiskFaultScenario, random: Random): PlannedDiskFault {
  return {
    kind: "disk-fault",
    acks: drawn(acks, random),
    lastsMs: drawn(lastsMs, random),
    calmMs: drawn(calmMs, random),
    disk: planDisk(disk, random.fork("disk")),
  };
}

function planDisk(troubles: readonly DiskTrouble[], random: Random): PlannedDisk {
  return {
    faults: troubles.map((trouble, index) => planTrouble(trouble, `${trouble.kind} ${index + 1}`, random)),
    seed: String(random.below(2 ** 31)),
  };
}

/** Beside a power cut: what refuses writes or syncs is known by its name, because promises hang on it (crash-facts.ts). */
export function planTroubles(troubles: readonly DiskTrouble[], random: Random): DiskFault[] {
  return troubles.map((trouble, index) => {
    const refuses = trouble.kind === "error" || trouble.kind === "full";
    return planTrouble(trouble, `${refuses ? refusedLog : trouble.kind} ${index + 1}`, random);
  });
}

function planTrouble(trouble: DiskTrouble, name: string, random: Random): DiskFault {
  switch (trouble.kind) {
    case "delay":
      return { kind: "delay", name, when: when(trouble, trouble.on, random), delays: trouble.delays };
    case "error":
      return { kind: "error", name, when: when(trouble, trouble.on, random), code: trouble.code };
    case "short":
      return { kind: "short", name, when: when(trouble, ["write"], random), bytes: drawn(trouble.bytes, random) };
    case "full":
      return { kind: "full", name, freeBytes: drawn(trouble.freeBytes, random), ...windowOf(trouble, random) };
    case "flip":
      return { kind: "flip", name, when: { on: ["read"], ...(trouble.path !== undefined && { path: trouble.path }) } };
  }
}

function when(
  trouble: Pick<Extract<DiskTrouble, { kind: "error" }>, "path" | "nth" | "times"> & Times,
  on: When["on"],
  random: Random,
): When {
  const { path, nth, times } = trouble;
  const first = drawn(nth, random);
  return {
    on,
    ...(path !== undefined && { path }),
    nth: { first, ...(times !== undefined && { last: first + times - 1 }) },
    ...windowOf(trouble, random),
  };
}

interface Times {
  readonly fromMs?: Range;
  readonly forMs?: Range;
}

function windowOf({ fromMs, forMs }: Times, random: Random): { window?: Window } {
  if (fromMs === undefined && forMs === undefined) return {};
  const from = fromMs === undefined ? 0 : drawn(fromMs, random);
  return { window: { fromMs: from, ...(forMs !== undefined && { toMs: from + drawn(forMs, random) }) } };
}

function drawn({ least, most }: Range, random: Random): number {
  return least + random.below(most - least + 1);
}
