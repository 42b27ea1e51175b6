/**
 * Which key goes next when there is no room. The best one is not looked for: of a few keys drawn at random those that may
 * rather go than others are remembered from draw to draw, which after a while comes close to it.
 *
 *     draw 5 of each database ─→ pool   | 3 | 8 | 8 | 41 | 97 |  16 at most: the least give way
 *                                                       └──→ goes; what is gone or was spared meanwhile is passed over
 */
import type { Random } from "../world/world.ts";
import type { Database } from "./database.ts";
import type { Keyspace } from "./keyspace.ts";
import { NEVER, type SlotTable } from "./slot-table.ts";

const poolSize = 16;
/** A table full of holes, or of keys that are not meant, is walked after so many draws that met nothing. */
const missesMax = 32;

/** From which keys one is taken, and by which measure. */
export interface EvictionRule {
  /** Only keys with a deadline. */
  readonly volatileOnly: boolean;
  readonly by: "last use" | "use count" | "deadline" | "chance";
}

export interface Victim {
  readonly db: Database;
  readonly key: string;
}

interface Candidate extends Victim {
  /** The greater, the rather it goes. */
  readonly merit: number;
}

export class EvictionPool {
  private readonly keyspace: Keyspace;
  private readonly random: Random;
  /** By merit, the greatest last. */
  private readonly candidates: Candidate[] = [];
  private nextDatabase = 0;

  constructor(keyspace: Keyspace, random: Random) {
    this.keyspace = keyspace;
    this.random = random;
  }

  /** Another rule: what is remembered was measured otherwise. */
  clear(): void {
    this.candidates.length = 0;
  }

  /** The key to go; undefined: there is none that may. */
  next(rule: EvictionRule, samples: number): Victim | undefined {
    if (rule.by === "chance") return this.drawOne(rule);
    while (this.keyspace.databases.some(({ table }) => population(table, rule) > 0)) {
      for (const db of this.keyspace.databases) this.offerSome(db, rule, samples);
      for (let best = this.candidates.pop(); best !== undefined; best = this.candidates.pop()) {
        if (isMeant(best.db.table, best.db.table.slots.get(best.key), rule)) return best;
      }
    }
    return undefined;
  }

  /** Database after database, so that none is emptied first. */
  private drawOne(rule: EvictionRule): Victim | undefined {
    const { databases } = this.keyspace;
    for (let tried = 0; tried < databases.length; tried++) {
      const db = this.keyspace.db(this.nextDatabase);
      this.nextDatabase = (this.nextDatabase + 1) % databases.length;
      const [slot] = drawSlots(db.table, rule, 1, this.random);
      if (slot !== undefined) return { db, key: db.table.keys[slot] as string };
    }
    return undefined;
  }

  private offerSome(db: Database, rule: EvictionRule, samples: number): void {
    for (const slot of drawSlots(db.table, rule, samples, this.random)) {
      this.offer({ db, key: db.table.keys[slot] as string, merit: this.merit(db.table, slot, rule) });
    }
  }

  private offer(candidate: Candidate): void {
    const { candidates } = this;
    let place = candidates.findIndex(({ merit }) => merit >= candidate.merit);
    if (place < 0) place = candidates.length;
    if (place === 0 && candidates.length === poolSize) return;
    candidates.splice(place, 0, candidate);
    if (candidates.length > poolSize) candidates.shift();
  }

  private merit(table: SlotTable, slot: number, { by }: EvictionRule): number {
    const { nowS, useCounting } = this.keyspace;
    if (by === "deadline") return -table.deadlines.at(slot);
    if (by === "use count" && useCounting !== undefined) return -table.uses.at(slot, nowS, useCounting);
    return nowS - table.usedS.at(slot);
  }
}

function isMeant(table: SlotTable, slot: number | undefined, { volatileOnly }: EvictionRule): boolean {
  return slot !== undefined && table.keys[slot] !== undefined && (!volatileOnly || table.deadlines.at(slot) !== NEVER);
}

/** How many keys may go. */
function population(table: SlotTable, { volatileOnly }: EvictionRule): number {
  return volatileOnly ? table.expiresCount : table.size;
}

/** Slots of keys that may go, drawn at random; all of them where there are not more than `count`. */
export function drawSlots(table: SlotTable, rule: EvictionRule, count: number, random: Random): number[] {
  const slots: number[] = [];
  const available = population(table, rule);
  if (available === 0) return slots;
  if (available <= count) {
    for (let slot = 0; slots.length < available; slot++) if (isMeant(table, slot, rule)) slots.push(slot);
    return slots;
  }
  while (slots.length < count) {
    let slot = random.below(table.end);
    for (let misses = 0; misses < missesMax && !isMeant(table, slot, rule); misses++) slot = random.below(table.end);
    while (!isMeant(table, slot, rule)) slot = (slot + 1) % table.end;
    slots.push(slot);
  }
  return slots;
}
