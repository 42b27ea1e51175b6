/**
 * Any lawful set of unsynced names (`random-metadata`). A change stands on earlier ones: those of the same place, and the
 * folder that holds it (L7). A set is lawful when it holds all that its members stand on.
 */
import type { NameOp } from "../disk-op.ts";
import type { Draw, Scene } from "./scene.ts";
import type { Survivors } from "./survivors.ts";

type Positions = ReadonlySet<number>;

export function* nameSets(scene: Scene, draw: Draw): Generator<Survivors> {
  const bases = basesOf(scene.names);
  // Bytes and sizes survive all or not at all (L18), which doubles the sets where any are pending.
  const data = scene.files.length > 0 ? [false, true] : [false];
  const few = lawfulSets(bases, Math.floor(draw.setsMax / data.length));
  for (const kept of few ?? someSets(bases, draw)) {
    const names = scene.names.filter((_, at) => kept.has(at)).map((op) => op.index);
    for (const each of data) yield { commits: "own-sync", reading: scene.reading, names, data: each };
  }
}

/** For each operation the positions of those that it stands on directly; what these stand on is not repeated. */
function basesOf(names: readonly NameOp[]): number[][] {
  const lastAt = new Map<string, number>();
  const madeAt = new Map<number, number>();
  return names.map((op, at) => {
    const bases = new Set<number>();
    for (const { slot } of op.changes) {
      const key = `${slot.folder} ${slot.name}`;
      for (const base of [lastAt.get(key), madeAt.get(slot.folder)])
        if (base !== undefined && base !== at) bases.add(base);
      lastAt.set(key, at);
    }
    if (op.record.kind === "mkdir") madeAt.set(op.inode, at);
    return [...bases];
  });
}

function withBases(one: number, bases: readonly number[][]): Positions {
  const found = new Set([one]);
  for (const at of found) for (const base of bases[at] as number[]) found.add(base);
  return found;
}

/** Undefined when they are too many. */
function lawfulSets(bases: readonly number[][], setsMax: number): Positions[] | undefined {
  let sets: Set<number>[] = [new Set()];
  for (const [at, needed] of bases.entries()) {
    sets = sets.flatMap((set) => (needed.every((base) => set.has(base)) ? [set, new Set(set).add(at)] : [set]));
    if (sets.length > setsMax) return undefined;
  }
  return sets;
}

function* someSets(bases: readonly number[][], { random, setsMax }: Draw): Generator<Positions> {
  const all = [...bases.keys()];
  yield new Set();
  yield new Set(all);
  for (let tries = 2; tries < setsMax / 2; tries++) {
    const one = random.below(bases.length);
    const alone = withBases(one, bases);
    const lostShare = random.pick([0.1, 0.5, 0.9]);
    const wanted = random.pick([
      (at: number) => at !== one,
      (at: number) => alone.has(at),
      () => !random.chance(lostShare),
    ]);
    const kept = new Set<number>();
    for (const at of all) if (wanted(at) && (bases[at] as number[]).every((base) => kept.has(base))) kept.add(at);
    yield kept;
  }
}
