/** Where a backup is struck, drawn from the seed and written down. */
import type { BackupFault } from "../scenarios/backup.ts";
import type { Range } from "../scenarios/fields.ts";
import { type Stage, stages } from "./backup/backup-world.ts";
import type { Random } from "./random.ts";

export interface PlannedBackup {
  readonly kind: "backup";
  readonly takes: "snapshot" | "log";
  readonly method: "rotation" | "copy";
  /** The first backup is taken after so many acks, the one that is struck after as many more. */
  readonly acks: number;
  readonly dies: "backup" | "store" | "nobody";
  readonly stage: Stage;
  /** Counted from 1 within the stage; a stage that has fewer is struck where it ends. */
  readonly step: number;
  /** `midway`: of a copy or a text, half of it is there. */
  readonly side: "before" | "midway" | "after";
  readonly pauseMs: number;
}

const stagesOf: Readonly<Record<PlannedBackup["takes"], readonly Stage[]>> = {
  snapshot: stages.filter((stage) => !["hold", "wait", "link", "release"].includes(stage)),
  log: stages.filter((stage) => stage !== "save"),
};

export function planBackup(fault: BackupFault, random: Random): PlannedBackup {
  const { takes, method, dies } = fault;
  return {
    kind: "backup",
    takes,
    method,
    acks: drawFrom(fault.acks, random),
    dies: dies === "either" ? random.pick(["backup", "store"]) : dies,
    stage: random.pick(stagesOf[takes]),
    step: drawFrom(fault.step, random),
    side: random.pick(["before", "midway", "after"]),
    pauseMs: drawFrom(fault.pauseMs, random),
  };
}

function drawFrom({ least, most }: Range, random: Random): number {
  return least + random.below(most - least + 1);
}
