/**
 * Smaller inside one recording: an earlier crash point that fails in the same way, and of its states the one under the
 * mildest opinion of the disk, with the fewest lost operations. Nothing is played again; only recoveries cost time.
 *
 *     points   0 ········· 16 ········· 32 ········· 48 ····✗ 61      every 16th, from the first on
 *                                       ✗                             it fails here too: go on before it
 *                          17 21 25 29 ✗                              then closer
 */
import { crashPointAt } from "../disk/crash-points.ts";
import { type CrashState, crashStates } from "../disk/crash-states.ts";
import type { DiskOp } from "../disk/disk-op.ts";
import { survives } from "../disk/survivors/survivors.ts";
import { Timeline } from "../disk/timeline.ts";
import { FactsAtPoints } from "../explore/crash-facts.ts";
import { type ExplorationOrder, evidenceOf, type JudgedPair } from "../explore/exploration.ts";
import { mildestOf, rankOf } from "../explore/grades.ts";
import { Stretches } from "../explore/stretches.ts";
import type { Evidence, RecoveryFacts } from "../oracle/evidence.ts";
import { judge } from "../oracle/judge.ts";
import { findingOf, type Trouble } from "./trouble.ts";

export type JudgedByBoot = JudgedPair & { readonly evidence: Evidence };

export interface Narrowed {
  readonly pair: JudgedByBoot;
  readonly lostOperations: number;
}

/** So many points are looked at from one end to the other, before it is looked closer. */
const pointsInAPass = 16;

/** As far as the time goes: `found` itself when there is nothing smaller. */
export async function narrow(
  found: JudgedByBoot,
  order: ExplorationOrder,
  trouble: Trouble,
  untilMs: number,
): Promise<Narrowed> {
  const recording = new NarrowedRecording(order, trouble, untilMs);
  const pair = await recording.earliest(found);
  return { pair, lostOperations: recording.lostIn(pair.state) };
}

class NarrowedRecording {
  private readonly order: ExplorationOrder;
  private readonly trouble: Trouble;
  private readonly untilMs: number;
  private readonly timeline: Timeline;
  private readonly stretches: Stretches;
  private readonly facts: FactsAtPoints;
  private readonly recoveries = new Map<string, RecoveryFacts>();

  constructor(order: ExplorationOrder, trouble: Trouble, untilMs: number) {
    this.order = order;
    this.trouble = trouble;
    this.untilMs = untilMs;
    this.timeline = new Timeline(order.recording.journal);
    this.stretches = new Stretches(this.timeline);
    this.facts = new FactsAtPoints(order.recording, order.config);
  }

  async earliest(found: JudgedByBoot): Promise<JudgedByBoot> {
    const first = this.timeline.firstPointIndex;
    const tried = new Set<number>();
    let best = (await this.mildestAt(found.state.point.index)) ?? found;
    const strideFor = (pair: JudgedByBoot) => Math.max(1, Math.ceil((pair.state.point.index - first) / pointsInAPass));
    for (let stride = strideFor(best); ; ) {
      const earlier = await this.firstThatFails(first, best.state.point.index, stride, tried);
      if (this.isOver()) return earlier ?? best;
      if (earlier !== undefined) {
        best = earlier;
        stride = Math.min(stride, strideFor(best));
      } else if (stride === 1) return best;
      else stride = Math.ceil(stride / 4);
    }
  }

  lostIn(state: CrashState): number {
    return lostAmong(this.pendingAt(state), state);
  }

  private async firstThatFails(
    first: number,
    end: number,
    stride: number,
    tried: Set<number>,
  ): Promise<JudgedByBoot | undefined> {
    for (let index = first; index < end && !this.isOver(); index += stride) {
      if (tried.has(index)) continue;
      tried.add(index);
      const failed = await this.mildestAt(index);
      if (failed !== undefined) return failed;
    }
    return undefined;
  }

  /** At this point: under the mildest opinion of the disk, with the fewest lost operations. */
  private async mildestAt(pointIndex: number): Promise<JudgedByBoot | undefined> {
    const { recording, models, random, setsMax } = this.order;
    const point = crashPointAt(recording.journal, pointIndex, recording.endNs);
    const states = [...crashStates(this.timeline, [point], { models, random: random.fork(`${pointIndex}`), setsMax })];
    const pending = new Map<string, readonly DiskOp[]>();
    const weighed = states.map((state) => {
      const key = `${mildestOf(state.models).name} ${state.survivors.reading}`;
      const ops = pending.get(key) ?? this.pendingAt(state);
      pending.set(key, ops);
      return { state, rank: rankOf(mildestOf(state.models).grade), lost: lostAmong(ops, state) };
    });
    weighed.sort((one, other) => one.rank - other.rank || one.lost - other.lost);
    for (const { state } of weighed) {
      if (this.isOver()) return undefined;
      const judged = await this.judged(state);
      if (findingOf(judged.judgement, this.trouble) !== undefined) return judged;
    }
    return undefined;
  }

  private async judged(state: CrashState): Promise<JudgedByBoot> {
    const { recording, promise, documentedCounts, recoverer } = this.order;
    const recovery = this.recoveries.get(state.signature) ?? (await recoverer.recover(state.image(), 2));
    this.recoveries.set(state.signature, recovery);
    const crash = this.facts.at(state.point, this.stretches.placeAt(state.point));
    const evidence = evidenceOf(recording, promise, state, crash, recovery);
    return { state, crash, evidence, judgement: judge(evidence, { documentedCounts }) };
  }

  private pendingAt({ point, models, survivors }: CrashState): readonly DiskOp[] {
    const model = mildestOf(models);
    const pending = model.pending(this.timeline.journal, point.index, survivors.reading);
    return pending.flatMap((op) => model.tear(op));
  }

  private isOver(): boolean {
    return performance.now() > this.untilMs || this.order.signal.aborted;
  }
}

function lostAmong(pending: readonly DiskOp[], { survivors }: CrashState): number {
  return new Set(pending.filter((op) => !survives(survivors, op)).map(({ index }) => index)).size;
}
