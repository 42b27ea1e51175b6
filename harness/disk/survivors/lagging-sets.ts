/** Writes that lag behind metadata: names survive before bytes (`metadata-first`), or sizes too (`zero-filled`). */
import {
  allCuts,
  allWrites,
  cutAt,
  type Draw,
  everything,
  metadataCuts,
  nothing,
  type Scene,
  someCuts,
} from "./scene.ts";
import type { OrderedSurvivors, Survivors } from "./survivors.ts";

export function metadataFirstSets(scene: Scene, draw: Draw): Iterable<Survivors> {
  return laggingSets(scene, draw, scene.metadata.length + 1, metadataCuts, {});
}

export function zeroFilledSets(scene: Scene, draw: Draw): Iterable<Survivors> {
  return laggingSets(scene, draw, scene.metadata.length + scene.writeCount + 1, allCuts, { sizes: true });
}

function* laggingSets(
  scene: Scene,
  draw: Draw,
  aheadCount: number,
  aheadCuts: (scene: Scene) => number[],
  mark: Pick<OrderedSurvivors, "sizes">,
): Generator<Survivors> {
  if (aheadCount * (scene.writeCount + 1) <= draw.setsMax) {
    const writes = allWrites(scene);
    for (const metadataTo of aheadCuts(scene)) {
      for (const { index } of writes) if (index < metadataTo) yield { ...cutAt(scene, metadataTo, index), ...mark };
      yield { ...cutAt(scene, metadataTo), ...mark };
    }
    return;
  }
  const cuts = someCuts(scene, draw);
  yield everything(scene);
  yield nothing(scene);
  yield { ...cutAt(scene, scene.pointIndex, 0), ...mark };
  for (let tries = 3; tries < draw.setsMax; tries++) {
    // Mostly all of the metadata: what lags behind is then everything.
    const metadataTo = draw.random.chance(0.6) ? scene.pointIndex : draw.random.pick(cuts);
    const writesTo = draw.random.chance(0.3) ? 0 : Math.min(metadataTo, draw.random.pick(cuts));
    yield { ...cutAt(scene, metadataTo, writesTo), ...mark };
  }
}
