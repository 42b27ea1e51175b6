/**
 * Which survivor sets of a disk model are tried at a crash point: all of them when they are few, else a sample.
 *
 * A sample is drawn in strata, because uniform ones miss what matters: nothing, everything, all but one thing, one thing
 * alone, a cut beside a change of names (where stores switch from one file to the next), and then anything at all.
 */
import type { DiskModel } from "../disk-model.ts";
import { crossSets } from "./cross-sets.ts";
import { metadataFirstSets, zeroFilledSets } from "./lagging-sets.ts";
import { nameSets } from "./name-sets.ts";
import { pageSets } from "./page-sets.ts";
import { prefixSets, tornSets } from "./prefix-sets.ts";
import { type Draw, everything, nothing, type Scene } from "./scene.ts";
import type { Survivors } from "./survivors.ts";

type SurvivorSets = (scene: Scene, draw: Draw) => Iterable<Survivors>;

const setsByModel: ReadonlyMap<string, SurvivorSets> = new Map<string, SurvivorSets>([
  ["process-crash", (scene) => [everything(scene)]],
  ["ordered", (scene) => [nothing(scene)]],
  ["prefix", prefixSets],
  ["torn", tornSets],
  ["cross", crossSets],
  ["metadata-first", metadataFirstSets],
  ["strict", ({ reading }) => [{ commits: "own-sync", reading, names: [], data: false }]],
  ["random-metadata", nameSets],
  ["zero-filled", zeroFilledSets],
  ["pages", pageSets],
]);

/** The same set may come twice. @throws RangeError for a model whose sets nobody has written. */
export function survivorSets(model: DiskModel, scene: Scene, draw: Draw): Iterable<Survivors> {
  const sets = setsByModel.get(model.name);
  if (sets === undefined) throw new RangeError(`nobody knows the survivor sets of the disk model ${model.name}`);
  return sets(scene, draw);
}
