/** Pages on their own (`pages`): each is as it was after some of the writes to it, or before them all. */
import type { FileWrite } from "../disk-op.ts";
import { pageBytes } from "../units.ts";
import {
  anyWrite,
  cutAt,
  type Draw,
  everything,
  metadataCuts,
  nothing,
  type Scene,
  someCuts,
  writesOf,
} from "./scene.ts";
import type { OlderPage, Survivors } from "./survivors.ts";

/** A page with the pending writes to it, by their indexes. */
interface DirtyPage {
  readonly inode: number;
  readonly page: number;
  readonly writes: readonly number[];
}

/** Beyond so many writes the pages are not counted: only a few are lost then, never all but a few. */
const writesCountedMax = 512;

export function* pageSets(scene: Scene, draw: Draw): Generator<Survivors> {
  const pages = scene.writeCount <= writesCountedMax ? dirtyPages(scene.files.flatMap(writesOf)) : undefined;
  const few = pages && fewSets(scene, pages, draw.setsMax);
  if (few !== undefined) {
    yield* few;
    return;
  }
  const { random, setsMax } = draw;
  yield everything(scene);
  yield nothing(scene);
  if (scene.writeCount === 0) return;
  const cuts = someCuts(scene, draw);
  for (let tries = 2; tries < setsMax; tries++) {
    const to = random.chance(0.6) ? scene.pointIndex : random.pick(cuts);
    if (pages === undefined || random.chance(0.5)) {
      const writes = Array.from({ length: 1 + random.below(3) }, () => anyWrite(scene, random));
      yield withOlder(
        scene,
        to,
        writes.map((write) => somePageOf(write, draw)),
      );
    } else {
      const lostShare = random.pick([0.1, 0.5, 0.9, 1]);
      const kept = random.pick(pages);
      const lost = pages.filter((page) => page !== kept && random.chance(lostShare));
      yield withOlder(
        scene,
        to,
        lost.map((page) => ({ inode: page.inode, page: page.page, to: random.pick([0, ...page.writes]) })),
      );
    }
  }
}

function dirtyPages(writes: readonly FileWrite[]): DirtyPage[] {
  const pages = new Map<string, DirtyPage & { writes: number[] }>();
  for (const { inode, index, from, to } of writes) {
    for (let page = Math.floor(from / pageBytes); page * pageBytes < to; page++) {
      const key = `${inode} ${page}`;
      const known = pages.get(key);
      if (known === undefined) pages.set(key, { inode, page, writes: [index] });
      else known.writes.push(index);
    }
  }
  return [...pages.values()];
}

/** All of them, or undefined when they are too many. */
function fewSets(scene: Scene, pages: readonly DirtyPage[], setsMax: number): Survivors[] | undefined {
  if (scene.metadata.length >= setsMax) return undefined;
  const sets: Survivors[] = [];
  for (const metadataTo of metadataCuts(scene)) {
    // Before each write to the page, or none lost of those that the metadata allows (L10).
    const choices = pages.map((page) => [...page.writes.filter((index) => index < metadataTo), metadataTo]);
    if (sets.length + choices.reduce((product, choice) => product * choice.length, 1) > setsMax) return undefined;
    let older: OlderPage[][] = [[]];
    pages.forEach(({ inode, page }, at) => {
      const choice = choices[at] as number[];
      older = older.flatMap((rest) => choice.map((to) => (to === metadataTo ? rest : [...rest, { inode, page, to }])));
    });
    for (const each of older) sets.push(withOlder(scene, metadataTo, each));
  }
  return sets;
}

function somePageOf(write: FileWrite, { random }: Draw): OlderPage {
  const first = Math.floor(write.from / pageBytes);
  const last = Math.floor((write.to - 1) / pageBytes);
  return { inode: write.inode, page: first + random.below(last - first + 1), to: random.pick([0, write.index]) };
}

function withOlder(scene: Scene, to: number, older: readonly OlderPage[]): Survivors {
  if (older.length === 0) return cutAt(scene, to);
  const olderPages = [...older].sort((a, b) => a.inode - b.inode || a.page - b.page || a.to - b.to);
  // Of two choices for one page the older one: the later would claim what the other denies.
  const distinct = olderPages.filter(({ inode, page }, at) => {
    const before = olderPages[at - 1];
    return before === undefined || before.inode !== inode || before.page !== page;
  });
  return { ...cutAt(scene, to), olderPages: distinct };
}
