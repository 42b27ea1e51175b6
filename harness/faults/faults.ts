/** The table of faults. */
import type { Fault } from "./fault.ts";
import { kill } from "./kill.ts";

export const faults: Readonly<Record<Fault["name"], Fault>> = { kill };
