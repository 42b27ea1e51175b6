/**
 * The bundled store with a bug planted in it (see harness/planted/). To the harness it is a store as any other: that its
 * scenarios find the bug, and find nothing without it, is what they are measured by (N3).
 */
import { plantedBug } from "../planted/planted.ts";
import type { RunFolder } from "../run-folder.ts";
import { SimulatedTarget } from "../simulated/simulated-target.ts";
import { bundledProcess } from "./bundled.ts";
import type { ProcessTarget } from "./process.ts";
import type { Spawn } from "./spawn.ts";

/** @throws UnknownName, TargetUnavailable */
export function plantedTarget(bug: string, run: RunFolder, spawn?: Spawn): ProcessTarget {
  const { name } = plantedBug(bug);
  return bundledProcess(`planted:${name}`, ["harness", "planted", "planted-main.js"], [name], run, spawn);
}

/** The same in the simulated world. @throws UnknownName */
export function simulatedPlantedTarget(bug: string): SimulatedTarget {
  const planted = plantedBug(bug);
  return new SimulatedTarget(`simulated:${planted.name}`, planted);
}
