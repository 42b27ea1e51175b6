/** One cut through everything (`prefix`), and through one write (`torn`). */
import type { Random } from "../../random.ts";
import type { FileWrite } from "../disk-op.ts";
import { pageBytes, sectorBytes } from "../units.ts";
import {
  allCuts,
  anyWrite,
  cutAt,
  type Draw,
  everything,
  newestWriteOf,
  nothing,
  type Scene,
  someCuts,
  writesOf,
} from "./scene.ts";
import type { Survivors } from "./survivors.ts";

export function prefixSets(scene: Scene, draw: Draw): Survivors[] {
  const isFew = scene.metadata.length + scene.writeCount < draw.setsMax;
  return (isFew ? allCuts(scene) : someCuts(scene, draw)).map((cut) => cutAt(scene, cut));
}

export function* tornSets(scene: Scene, draw: Draw): Generator<Survivors> {
  if (scene.metadata.length + scene.writeCount < draw.setsMax) {
    const writes = scene.files.flatMap(writesOf);
    const sets = scene.metadata.length + writes.reduce((sum, write) => sum + 1 + boundaryCount(write), 0);
    if (sets < draw.setsMax) {
      yield* prefixSets(scene, draw);
      for (const write of writes) for (const tornTo of boundaries(write)) yield tornAt(scene, write, tornTo);
      return;
    }
  }
  yield everything(scene);
  yield nothing(scene);
  if (scene.writeCount === 0) return;
  // The newest write of a file is the one that a disk is most likely to be busy with.
  const newest = scene.files.flatMap(newestWriteOf);
  for (let tries = 2; tries < draw.setsMax; tries++) {
    const write = newest.pop() ?? anyWrite(scene, draw.random);
    const tornTo = boundaryWithin(write, draw.random);
    yield tornTo === undefined ? cutAt(scene, write.index) : tornAt(scene, write, tornTo);
  }
}

function tornAt(scene: Scene, write: FileWrite, tornTo: number): Survivors {
  return { ...cutAt(scene, write.index), tornTo };
}

const firstBoundary = ({ from }: FileWrite) => (Math.floor(from / sectorBytes) + 1) * sectorBytes;

/** Offsets in the file at which this write may be cut (L13). */
const boundaryCount = (write: FileWrite) => Math.max(0, Math.ceil((write.to - firstBoundary(write)) / sectorBytes));

const boundaries = (write: FileWrite) =>
  Array.from({ length: boundaryCount(write) }, (_, at) => firstBoundary(write) + at * sectorBytes);

/** The first, the last, or any; often one between pages. Undefined when the write lies within one sector. */
function boundaryWithin(write: FileWrite, random: Random): number | undefined {
  const count = boundaryCount(write);
  if (count === 0) return undefined;
  const at = random.pick([0, count - 1, random.below(count), random.below(count)]);
  const tornTo = firstBoundary(write) + at * sectorBytes;
  const betweenPages = Math.floor(tornTo / pageBytes) * pageBytes;
  return random.chance(0.25) && betweenPages > write.from ? betweenPages : tornTo;
}
