/**
 * How often keys are used, as Redis counts it while an LFU policy is chosen: for each key one byte, which stands for many
 * more uses than it counts, and falls again when nobody uses the key.
 *
 *     counter   255 │            ╭────────    a use raises it by one, with a chance of
 *                   │      ╭─────╯                1 in (counter − 5) × lfu-log-factor + 1
 *                 5 │──╭───╯                  every lfu-decay-time minutes without use it falls by one
 *                   └──────────────── uses
 */
import type { Random } from "../world/world.ts";

/** A new key is not the first one to go. */
const firstCounter = 5;
const counterMax = 255;

export interface UseCountRules {
  readonly logFactor: number;
  /** Minutes; 0: it never falls. */
  readonly decayMinutes: number;
}

interface UseCount {
  readonly counter: number;
  readonly sinceS: number;
}

export class UseCounts {
  private readonly counts = new Map<number, UseCount>();

  /** The key in a slot was used. */
  used(slot: number, nowS: number, rules: UseCountRules, random: Random): void {
    const counter = this.at(slot, nowS, rules);
    const base = Math.max(0, counter - firstCounter);
    const rises = counter < counterMax && random.fraction() < 1 / (base * rules.logFactor + 1);
    this.set(slot, rises ? counter + 1 : counter, nowS);
  }

  /** The counter as it is by now. */
  at(slot: number, nowS: number, { decayMinutes }: UseCountRules): number {
    const found = this.counts.get(slot);
    if (found === undefined) return firstCounter;
    const fallen = decayMinutes === 0 ? 0 : Math.floor((nowS - found.sinceS) / 60 / decayMinutes);
    return Math.max(0, found.counter - fallen);
  }

  set(slot: number, counter: number, nowS: number): void {
    this.counts.set(slot, { counter, sinceS: nowS });
  }

  /** The key in a slot is no more. */
  forget(slot: number): void {
    if (this.counts.size > 0) this.counts.delete(slot);
  }
}
