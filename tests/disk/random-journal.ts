/** Small journals at random: few files and folders, so that the same places are hit again and again. */
import type { Random } from "../../harness/random.ts";
import { ScriptedDisk } from "./scripted-disk.ts";

export interface JournalShape {
  /** Records before the point up to which all is settled, and behind it. */
  readonly laidCount: number;
  readonly count: number;
  /** How long a write may be. Beyond 512 it can tear, beyond 4096 it covers pages. */
  readonly writeBytesMax: number;
  readonly failingSyncs: boolean;
  /** Fewer of them are hit more often. */
  readonly paths: readonly string[];
}

export function randomJournal(random: Random, shape: JournalShape): ScriptedDisk {
  const disk = new ScriptedDisk();
  disk.mkdir("d");
  for (let count = 0; count < shape.laidCount; count++) step(disk, random, shape);
  disk.settled();
  for (let count = 0; count < shape.count; count++) step(disk, random, shape);
  return disk;
}

export const somePaths = ["a", "b", "c", "d/a", "d/b"];

function step(disk: ScriptedDisk, random: Random, shape: JournalShape): void {
  const path = random.pick(shape.paths);
  if (!disk.paths.includes(path)) {
    if (random.chance(0.15) && disk.paths.length > 0) disk.link(random.pick(disk.paths), path);
    else disk.create(path);
    return;
  }
  const size = disk.sizeOf(path);
  const action = random.weighted([
    ["append", 6],
    ["overwrite", 2],
    ["resize", 1.5],
    ["sync", 4],
    ["syncFolder", 2],
    ["rename", 3],
    ["unlink", 1],
  ] as const);
  if (action === "append") {
    disk.write(path, text(random, shape));
  } else if (action === "overwrite") {
    disk.write(path, text(random, shape), random.below(size + 3));
  } else if (action === "resize") {
    if (random.chance(0.6)) disk.truncate(path, random.below(size + 4));
    else
      disk.fallocate(
        path,
        random.pick(["allocate", "reserve", "punch", "zero"]),
        random.below(size + 1),
        1 + random.below(6),
      );
  } else if (action === "sync") {
    if (disk.isSyncing(path)) disk.syncEnd(path, !shape.failingSyncs || random.chance(0.6));
    else if (random.chance(0.4)) disk.syncStart(path);
    else disk.sync(path, !shape.failingSyncs || random.chance(0.6));
  } else if (action === "syncFolder") {
    disk.sync(random.pick(["", "d"]));
  } else if (action === "rename") {
    const to = random.pick(somePaths.filter((other) => other !== path));
    // A rename ends a sync under the old name: the scripted disk finds syncs by path.
    if (!disk.isSyncing(path) && !disk.isSyncing(to)) disk.rename(path, to);
  } else if (!disk.isSyncing(path)) {
    disk.unlink(path);
  }
}

/** A letter drawn for each write, so that a byte tells where it came from. */
function text(random: Random, { writeBytesMax }: JournalShape): string {
  const length = random.chance(0.7) ? 1 + random.below(Math.min(4, writeBytesMax)) : 1 + random.below(writeBytesMax);
  return String.fromCharCode(0x61 + random.below(26)).repeat(length);
}
