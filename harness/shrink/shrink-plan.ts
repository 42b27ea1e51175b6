/**
 * The search for the smallest plan that still fails in the same way. The best so far is always at hand: when the time is
 * over, that is the answer.
 *
 *     failure ─▶ earlier cut in its own recording ─▶ smaller plans, played again ─▶ earlier cut in the last one
 */
import { createHash } from "node:crypto";
import type { Plan } from "../plan.ts";
import { countCalls } from "../workload/workload.ts";
import { clientsOf, eventsOf, knobsOf, longestValueOf } from "./plan-edits.ts";
import type { Failure, Player } from "./player.ts";
import { reductions, type Search } from "./reductions.ts";

export interface PlanSize {
  readonly links: number;
  readonly clients: number;
  readonly calls: number;
  readonly valueBytesMax: number;
  /** Rewrites, snapshots, killed savers, disk faults. */
  readonly events: number;
  readonly directives: number;
}

export interface ShrinkOptions {
  /** Of performance.now(). */
  readonly untilMs: number;
  /** Longer than this no single play may take. */
  readonly playMsMax: number;
  readonly signal: AbortSignal;
  /** Told of every smaller one. */
  onSmaller(what: string, failure: Failure): void;
}

export interface Shrunk {
  readonly failure: Failure;
  /** Plans that were played; each several times where no two plays are alike. */
  readonly plays: number;
  /** The time was over before nothing smaller was left to try. */
  readonly isCutShort: boolean;
  /** How often the smallest plan failed when it was played again; absent where every play is the same. */
  readonly again?: { readonly failed: number; readonly of: number };
}

/** Where no two plays are alike: a candidate is given up after so many that did not fail. */
const triesMax = 3;
const playsAgain = 5;
/** What is kept of the time for the end: the cut in the last recording. */
const lastShare = 0.2;

export function sizeOf(plan: Plan): PlanSize {
  return {
    links: plan.links.length,
    clients: clientsOf(plan).length,
    calls: plan.links.reduce((sum, { clients }) => sum + countCalls(clients), 0),
    valueBytesMax: longestValueOf(plan),
    events: eventsOf(plan).length,
    directives: knobsOf(plan).length,
  };
}

export async function shrinkPlan(first: Failure, player: Player, options: ShrinkOptions): Promise<Shrunk> {
  const startedMs = performance.now();
  const narrowMs = (options.untilMs - startedMs) * lastShare;
  const search = new Searching(first, player, { ...options, untilMs: options.untilMs - narrowMs });
  await search.narrow("an earlier crash", startedMs + narrowMs);
  for (const { name, run } of reductions) {
    search.what = name;
    await run(search);
  }
  const isCutShort = search.isOver();
  await search.narrow("an earlier crash", options.untilMs);
  const { plays } = search;
  const { failure } = search;
  if (player.isExact) return { failure, plays, isCutShort };
  const again = await playedAgain(failure.plan, player, { ...options, untilMs: options.untilMs + narrowMs });
  return { failure, plays, isCutShort, again };
}

/** Once at least; five times where that takes no longer than the search may end late. */
async function playedAgain(plan: Plan, player: Player, { playMsMax, untilMs, signal }: ShrinkOptions) {
  let failed = 0;
  let of = 0;
  for (; of < playsAgain && !signal.aborted && (of === 0 || performance.now() < untilMs); of++) {
    const failure = await player.play(plan, performance.now() + playMsMax);
    if (failure === undefined) continue;
    failed++;
    await failure.release();
  }
  return { failed, of };
}

class Searching implements Search {
  failure: Failure;
  what = "";
  plays = 0;
  private readonly player: Player;
  private readonly options: ShrinkOptions;
  /** Plans that do not fail, where that is known for good. */
  private readonly refuted = new Set<string>();

  constructor(first: Failure, player: Player, options: ShrinkOptions) {
    this.failure = first;
    this.player = player;
    this.options = options;
  }

  get plan(): Plan {
    return this.failure.plan;
  }

  async fails(candidate: Plan): Promise<boolean> {
    const { player, options } = this;
    const name = createHash("sha256").update(JSON.stringify(candidate)).digest("hex");
    if (this.refuted.has(name)) return false;
    for (let tries = 0; tries < (player.isExact ? 1 : triesMax) && !this.isOver(); tries++) {
      this.plays++;
      const untilMs = Math.min(options.untilMs, performance.now() + options.playMsMax);
      const failure = await player.play(candidate, untilMs);
      if (failure === undefined) continue;
      await this.take(failure);
      return true;
    }
    if (player.isExact && !this.isOver()) this.refuted.add(name);
    return false;
  }

  async narrow(what: string, untilMs: number): Promise<void> {
    this.what = what;
    const smaller = await this.failure.narrowed?.(untilMs);
    if (smaller === undefined) return;
    this.failure = smaller;
    this.options.onSmaller(what, smaller);
  }

  isOver(): boolean {
    return this.options.signal.aborted || performance.now() > this.options.untilMs;
  }

  private async take(failure: Failure): Promise<void> {
    const before = this.failure;
    this.failure = failure;
    await before.release();
    this.options.onSmaller(this.what, failure);
  }
}
