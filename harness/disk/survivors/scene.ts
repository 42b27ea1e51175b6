/** What is pending at a crash point, in the form in which survivor sets are drawn from it. */
import type { Random } from "../../random.ts";
import type { Reading } from "../disk-model.ts";
import type { FileWrite, NameOp } from "../disk-op.ts";
import { isResize } from "../file-track.ts";
import type { Frontier, PendingFile } from "../timeline.ts";
import type { OrderedSurvivors } from "./survivors.ts";

export interface Scene {
  readonly pointIndex: number;
  readonly reading: Reading;
  readonly names: readonly NameOp[];
  readonly files: readonly PendingFile[];
  /** Record indexes of pending names and resizes, rising. */
  readonly metadata: readonly number[];
  /** How many writes are pending. */
  readonly writeCount: number;
}

export interface Draw {
  readonly random: Random;
  /** Up to so many sets are tried, or a few more; when there are no more than that, all of them. */
  readonly setsMax: number;
}

export function sceneOf(frontier: Frontier, reading: Reading): Scene {
  const files = frontier.pendingFiles(reading);
  const names = frontier.pendingNames();
  const metadata = names.map((op) => op.index);
  let writeCount = 0;
  for (const { track, from, to } of files) {
    const resizes = track.resizesBetween(from, to);
    writeCount += to - from - resizes.length;
    for (const at of resizes) {
      const index = track.indexes[at] as number;
      if (index >= frontier.metadataTo) metadata.push(index);
    }
  }
  metadata.sort((a, b) => a - b);
  return { pointIndex: frontier.pointIndex, reading, names, files, metadata, writeCount };
}

/** All metadata before one record, all writes before another; torn, sorted and split further by whoever needs to. */
export function cutAt(scene: Scene, metadataTo: number, writesTo = metadataTo): OrderedSurvivors {
  return { commits: "any-sync", reading: scene.reading, metadataTo, writesTo };
}

export const everything = (scene: Scene): OrderedSurvivors => cutAt(scene, scene.pointIndex);
export const nothing = (scene: Scene): OrderedSurvivors => cutAt(scene, 0);

// ── Pending writes ────────────────────────────────────────────────────────────────────────────────────────────────

export function writesOf({ track, from, to }: PendingFile): FileWrite[] {
  return track.ops.slice(from, to).flatMap((op) => (isResize(op) ? [] : [op]));
}

export function newestWriteOf({ track, from, to }: PendingFile): FileWrite[] {
  for (let at = to - 1; at >= from; at--) {
    const op = track.ops[at];
    if (op !== undefined && !isResize(op)) return [op];
  }
  return [];
}

/** Over all files, in the order of time. */
export function allWrites(scene: Scene): FileWrite[] {
  return scene.files.flatMap(writesOf).sort((a, b) => a.index - b.index);
}

/** One of them, each as likely as any other. There must be one. */
export function anyWrite(scene: Scene, random: Random): FileWrite {
  let at = random.below(scene.writeCount);
  for (const { track, from, to } of scene.files) {
    const resizes = track.resizesBetween(from, to);
    const count = to - from - resizes.length;
    if (at < count) {
      let position = from + at;
      for (const resize of resizes) if (resize <= position) position++;
      return track.ops[position] as FileWrite;
    }
    at -= count;
  }
  throw new Error("a pending write was counted that is not there");
}

// ── Cuts: record indexes before which something survives ──────────────────────────────────────────────────────────

/** Before each pending name or resize, and at the end. */
export const metadataCuts = (scene: Scene): number[] => [...scene.metadata, scene.pointIndex];

/** Before each pending operation, and at the end. */
export function allCuts(scene: Scene): number[] {
  const writes = allWrites(scene).map((write) => write.index);
  return [...scene.metadata, ...writes, scene.pointIndex].sort((a, b) => a - b);
}

/** Nothing, everything, beside changes of names, the ends of each file's writes, then anywhere. */
export function someCuts(scene: Scene, { random, setsMax }: Draw): number[] {
  const cuts = new Set([0, scene.pointIndex]);
  for (const index of random.shuffled(scene.metadata).slice(0, Math.ceil(setsMax / 4))) cuts.add(index).add(index + 1);
  if (scene.writeCount > 0) {
    for (const { track, from, to } of random.shuffled(scene.files).slice(0, Math.ceil(setsMax / 8))) {
      cuts.add((track.indexes[from] as number) + 1).add(track.indexes[to - 1] as number);
    }
    for (let tries = cuts.size; tries < setsMax; tries++) cuts.add(anyWrite(scene, random).index);
  }
  return [...cuts];
}
