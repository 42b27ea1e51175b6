/**
 * Chance, from a seed. Every purpose has a stream of its own, named by its path, so that a draw more in one place changes
 * nothing in another:
 *
 *     "smoke-42" ── "cycle 7" ──┬── "workload" ── "client 3"
 *                               └── "trigger"
 */
import seedrandom from "seedrandom";

export interface Random {
  /** A whole number from 0 to `limit` − 1. `limit` is at least 1. */
  below(limit: number): number;
  /** From 0, inclusive, to 1, exclusive. */
  fraction(): number;
  pick<T>(from: readonly T[]): T;
  /** One of the values; twice the weight, twice as often. Weights are not negative, and one at least is above 0. */
  weighted<T>(choices: readonly Weighted<T>[]): T;
  /** True that often: `chance(0.1)` is true in one of ten. */
  chance(probability: number): boolean;
  /** A new array, in an order of its own. */
  shuffled<T>(from: readonly T[]): T[];
  /** A stream of its own. The same name gives the same stream, however much was drawn from this one. */
  fork(name: string): Random;
  /** Where the stream stands, as plain JSON; `resumeRandom` goes on from there. */
  save(): RandomState;
}

export type Weighted<T> = readonly [value: T, weight: number];

export interface RandomState {
  readonly path: string;
  readonly position: seedrandom.State.Alea;
}

export function randomFrom(seed: string): Random {
  return new SeededRandom(seed);
}

export function resumeRandom(state: RandomState): Random {
  return new SeededRandom(state.path, state.position);
}

class SeededRandom implements Random {
  private readonly path: string;
  private readonly position: seedrandom.State.Alea | undefined;
  private source: seedrandom.StatefulPRNG<seedrandom.State.Alea> | undefined;

  constructor(path: string, position?: seedrandom.State.Alea) {
    this.path = path;
    this.position = position;
  }

  /** Made at the first draw: many streams are only forked. */
  private get next(): seedrandom.StatefulPRNG<seedrandom.State.Alea> {
    this.source ??= seedrandom.alea(this.path, { state: this.position ?? true });
    return this.source;
  }

  below(limit: number): number {
    if (!(limit >= 1)) throw new RangeError(`below(${limit}): nothing to draw from`);
    return Math.floor(this.next.double() * limit);
  }

  fraction(): number {
    return this.next.double();
  }

  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new RangeError("pick: nothing to draw from");
    return from[this.below(from.length)] as T;
  }

  weighted<T>(choices: readonly Weighted<T>[]): T {
    const total = choices.reduce((sum, [, weight]) => sum + weight, 0);
    if (!(total > 0)) throw new RangeError("weighted: no choice has a weight");
    let left = this.fraction() * total;
    for (const [value, weight] of choices) {
      left -= weight;
      if (left < 0) return value;
    }
    // Rounding can leave a last grain over: it belongs to the last choice that has a weight.
    return (choices.findLast(([, weight]) => weight > 0) as Weighted<T>)[0];
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  shuffled<T>(from: readonly T[]): T[] {
    const items = [...from];
    for (let index = items.length - 1; index > 0; index--) {
      const other = this.below(index + 1);
      [items[index], items[other]] = [items[other] as T, items[index] as T];
    }
    return items;
  }

  fork(name: string): Random {
    return new SeededRandom(`${this.path}/${name}`);
  }

  save(): RandomState {
    return { path: this.path, position: this.next.state() };
  }
}
