/** The table of faults. */
import type { LinkPlan, PlannedFault } from "../plan.ts";
import { backup } from "./backup.ts";
import { diskFault } from "./disk-fault.ts";
import type { Fault } from "./fault.ts";
import { kill } from "./kill.ts";
import { powerCut } from "./power-cut.ts";

export const faults: { readonly [Kind in PlannedFault["kind"]]: Fault<Extract<PlannedFault, { kind: Kind }>> } = {
  kill,
  "power-cut": powerCut,
  "disk-fault": diskFault,
  backup,
};

/** The one that a link plans: it takes that link, and no other. */
export function faultOf(link: LinkPlan): Fault {
  return faults[link.fault.kind] as unknown as Fault;
}
