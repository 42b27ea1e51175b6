/** Each file by itself (`cross`): what became of an older one says nothing of a newer one, but for renames (L15). */
import type { PendingFile } from "../timeline.ts";
import { cutAt, type Draw, everything, metadataCuts, nothing, type Scene, someCuts } from "./scene.ts";
import type { Survivors } from "./survivors.ts";

export function* crossSets(scene: Scene, draw: Draw): Generator<Survivors> {
  const few = fewSets(scene, draw.setsMax);
  if (few !== undefined) {
    yield* few;
    return;
  }
  const { files, pointIndex } = scene;
  yield everything(scene);
  yield nothing(scene);
  const ranges = files.map((file) => cutRange(scene, file, pointIndex));
  for (const at of draw.random.shuffled([...files.keys()]).slice(0, Math.ceil(draw.setsMax / 4))) {
    yield filesCutAt(
      scene,
      pointIndex,
      ranges.map((range, other) => (other === at ? range.to : range.from)),
    );
    yield filesCutAt(
      scene,
      pointIndex,
      ranges.map((range, other) => (other === at ? range.from : range.to)),
    );
  }
  const cuts = someCuts(scene, draw);
  for (let tries = 2 + 2 * files.length; tries < draw.setsMax; tries++) {
    const metadataTo = draw.random.chance(0.75) ? pointIndex : draw.random.pick(cuts);
    const counts = files.map((file) => {
      const { from, to } = cutRange(scene, file, metadataTo);
      return draw.random.chance(0.3) ? draw.random.pick([from, to]) : from + draw.random.below(to - from + 1);
    });
    yield filesCutAt(scene, metadataTo, counts);
  }
}

/** All of them, or undefined when they are too many. */
function fewSets(scene: Scene, setsMax: number): Survivors[] | undefined {
  if (scene.metadata.length >= setsMax) return undefined;
  const sets: Survivors[] = [];
  for (const metadataTo of metadataCuts(scene)) {
    const ranges = scene.files.map((file) => cutRange(scene, file, metadataTo));
    const product = ranges.reduce((sum, { from, to }) => sum * (to - from + 1), 1);
    if (sets.length + product > setsMax) return undefined;
    for (const counts of combinations(ranges)) sets.push(filesCutAt(scene, metadataTo, counts));
  }
  return sets;
}

/** How many of a file's operations may survive when metadata does up to a record (L10), no fewer than L15 demands. */
function cutRange(scene: Scene, { track, from, to }: PendingFile, metadataTo: number): { from: number; to: number } {
  const moved = scene.names.findLast(
    ({ inode, index, record }) =>
      inode === track.inode && index < metadataTo && (record.kind === "rename" || record.kind === "link"),
  );
  const least = moved === undefined ? from : Math.max(from, track.countBefore(moved.index));
  return { from: least, to: Math.max(least, Math.min(to, track.countBefore(metadataTo))) };
}

function* combinations(ranges: readonly { from: number; to: number }[]): Generator<number[]> {
  const [first, ...rest] = ranges;
  if (first === undefined) {
    yield [];
    return;
  }
  for (const others of combinations(rest)) {
    for (let count = first.from; count <= first.to; count++) yield [count, ...others];
  }
}

function filesCutAt(scene: Scene, metadataTo: number, counts: readonly number[]): Survivors {
  const files = new Map<number, number>();
  scene.files.forEach(({ track }, at) => {
    const count = counts[at] as number;
    if (count < track.countBefore(metadataTo)) files.set(track.inode, track.indexes[count] as number);
  });
  return files.size === 0 ? cutAt(scene, metadataTo) : { ...cutAt(scene, metadataTo), files };
}
