/**
 * All crash states of one recording, gathered by signature and sorted into strata: what there is to judge, and in which
 * order it is tried when there is not the time for all.
 */
import { type CrashPoint, crashPoints, replacements } from "../disk/crash-points.ts";
import { type CrashState, crashStates } from "../disk/crash-states.ts";
import type { DiskModel, Grade } from "../disk/disk-model.ts";
import { diskModelNamed } from "../disk/disk-models.ts";
import { Timeline } from "../disk/timeline.ts";
import type { CrashFacts, RecoveryFacts } from "../oracle/evidence.ts";
import type { Random } from "../random.ts";
import type { Recording } from "../recording/recording.ts";
import type { Interval } from "../recording/stamp.ts";
import type { Config } from "../targets/target.ts";
import { FactsAtPoints } from "./crash-facts.ts";
import { mildestOf, rankOf } from "./grades.ts";
import { inTurns, kindOf } from "./strata.ts";
import { Stretches } from "./stretches.ts";
import { UnderWay } from "./under-way.ts";

/** All pairs whose files hold the same bytes. */
export interface Group {
  readonly first: CrashState;
  readonly states: CrashState[];
  /** Where it lies, as a window of a store's life is named. */
  readonly place: string;
  readonly stratum: string;
  /** What an honest disk leaves at the least: its losses are the distribution that a report shows. */
  isLeast: boolean;
  /** Some disk that a store must reckon with may leave it. */
  isLikely: boolean;
  /** Of the mildest model that was asked for and admits it. */
  grade: Grade;
  /** What the index says of all its pairs together; open: it does not know. */
  standing: "open" | "suspected" | "acquitted";
}

export interface WalkOrder {
  readonly recording: Recording;
  readonly config: Config;
  readonly models: readonly DiskModel[];
  readonly setsMax: number;
  readonly random: Random;
}

export interface Sizes {
  /** Pairs of crash point and state that there are. */
  readonly considered: number;
  readonly distinct: number;
  readonly crashPoints: number;
  /** Whether anything could be lost at all (N1). */
  readonly somethingPending: boolean;
  /** For each stretch: points that lie in it, and how long it was open. */
  readonly stretches: ReadonlyMap<string, { readonly crashPoints: number; readonly openNs: number }>;
  /** All crash points that there are to judge, rising. */
  readonly points: readonly CrashPoint[];
  /** When which stretch was open, syncs among them. */
  readonly open: readonly OpenStretch[];
}

export interface OpenStretch {
  readonly name: string;
  readonly interval: Interval;
}

/** In a chain: how many of its later crashes strike a store that is still starting. */
const recoveryShare = 1 / 3;

export class CrashWalk {
  readonly timeline: Timeline;
  private readonly order: WalkOrder;
  private readonly stretches: Stretches;
  private readonly facts: FactsAtPoints;
  private readonly bySignature = new Map<string, Group>();
  private readonly underWay: UnderWay;
  private readonly firstCallNs: number;
  private considered = 0;
  private points: readonly CrashPoint[] = [];
  private somethingPending = false;

  constructor(order: WalkOrder) {
    this.order = order;
    const { recording, config } = order;
    this.timeline = new Timeline(recording.journal);
    this.stretches = new Stretches(this.timeline);
    this.facts = new FactsAtPoints(recording, config);
    this.underWay = new UnderWay(recording);
    this.firstCallNs = Math.min(...recording.history.clients.flatMap(([first]) => first?.invokedNs ?? []));
    this.gather();
  }

  /** What the files told that a recovery found at these points. */
  learn(states: readonly CrashState[], { windows }: RecoveryFacts): void {
    if (windows !== undefined) for (const { point } of states) this.stretches.learn(point, windows);
  }

  factsAt({ point }: CrashState): CrashFacts {
    return this.facts.at(point, this.stretches.placeAt(point));
  }

  sizes(): Sizes {
    const { considered, points, somethingPending, bySignature } = this;
    const distinct = bySignature.size;
    const open = this.stretches.openOver(points);
    const stretches = this.openStretches();
    return { considered, distinct, crashPoints: points.length, somethingPending, stretches, points, open };
  }

  /**
   * Any state, the strata alike: one at which clients had something to lose, or, where the store went on from a crash,
   * one of its recovery. What that has written is as easily lost, and the next recovery starts from what is left.
   *
   * @param prefers of those under load, where there are any such.
   */
  drawn(random: Random, prefers: (state: CrashState) => boolean): CrashState | undefined {
    const isLoaded = ({ point }: CrashState) => point.interval.endNs > this.firstCallNs;
    const some = (is: (state: CrashState) => boolean) =>
      this.groups().flatMap((group) => {
        const states = group.states.filter(is);
        return states.length === 0 ? [] : [{ ...group, states }];
      });
    const isLater = this.order.recording.initial !== undefined;
    const recovering = isLater && random.chance(recoveryShare) ? some((state) => !isLoaded(state)) : [];
    const preferred = recovering.length > 0 ? recovering : some((state) => isLoaded(state) && prefers(state));
    const groups = preferred.length > 0 ? preferred : some(isLoaded);
    if (groups.length === 0) return undefined;
    return random.pick(random.pick(random.pick([...strataOf(groups).values()])).states);
  }

  groups(): Group[] {
    return [...this.bySignature.values()];
  }

  /** Of what the index acquitted, so many: all strata alike. */
  sampleOfAcquitted(count: number, random: Random): Group[] {
    const acquitted = this.groups().filter(({ standing }) => standing === "acquitted");
    const sample: Group[] = [];
    for (const group of inTurns(strataOf(acquitted), random)) {
      if (sample.length >= count) break;
      sample.push(group);
    }
    return sample;
  }

  /**
   * What looks like a broken promise comes first, and what a store must reckon with as often as all the rest together: the
   * least that an honest disk leaves, the sample of what the index acquitted, what only a malicious disk would do.
   */
  *inOrder(sample: readonly Group[], random: Random): Generator<Group> {
    const groups = this.groups();
    const suspected = groups.filter(({ standing }) => standing === "suspected");
    const open = groups.filter(({ standing }) => standing === "open");
    const turns = (name: string, members: readonly Group[]) => inTurns(strataOf(members), random.fork(name));
    const likely = turns(
      "likely",
      open.filter((group) => group.isLikely && !group.isLeast),
    );
    const queues = [
      turns(
        "suspected",
        suspected.filter(({ isLikely }) => isLikely),
      ),
      likely,
      turns(
        "least",
        open.filter((group) => group.isLeast),
      ),
      likely,
      turns("sample", sample),
      likely,
      turns(
        "unlikely",
        [...suspected, ...open].filter(({ isLikely }) => !isLikely),
      ),
    ];
    for (;;) {
      const next = queues.map((queue) => queue.next());
      for (const { value } of next) if (value !== undefined) yield value;
      if (next.every(({ done }) => done)) return;
    }
  }

  private gather(): void {
    const { recording, random, models, setsMax } = this.order;
    const { journal, endNs } = recording;
    const points = crashPoints(journal, {
      random: random.fork("points"),
      endNs,
      firstIndex: this.timeline.firstPointIndex,
      windows: replacements(journal),
    });
    this.points = points;
    // What is really there belongs to the walk, whatever was asked for: the others are held against it.
    const live = diskModelNamed("process-crash");
    const walked = models.includes(live) ? models : [live, ...models];
    let liveSignature = "";
    for (const state of crashStates(this.timeline, points, { models: walked, random: random.fork("sets"), setsMax })) {
      if (state.models.includes(live)) liveSignature = state.signature;
      else if (state.signature !== liveSignature) this.somethingPending = true;
      const asked = state.models.filter((model) => models.includes(model));
      if (asked.length > 0) this.take(state, asked);
    }
  }

  private openStretches(): Map<string, { crashPoints: number; openNs: number }> {
    const open = new Map<string, { crashPoints: number; openNs: number }>();
    for (const point of this.points) {
      const load = point.interval.endNs >= this.firstCallNs ? ["load"] : [];
      for (const name of [...this.underWay.at(point), ...load, ...this.stretches.at(point)]) {
        const { crashPoints, openNs } = open.get(name) ?? { crashPoints: 0, openNs: 0 };
        open.set(name, { crashPoints: crashPoints + 1, openNs: openNs + point.standsForNs });
      }
    }
    return open;
  }

  private take(state: CrashState, asked: readonly DiskModel[]): void {
    this.considered++;
    const isLeast = state.models.some(({ name }) => name === "ordered");
    const isLikely = state.models.some(({ grade }) => grade !== "adversarial");
    const grade = mildestOf(asked).grade;
    const known = this.bySignature.get(state.signature);
    if (known !== undefined) {
      known.states.push(state);
      known.isLeast ||= isLeast;
      known.isLikely ||= isLikely;
      if (rankOf(grade) < rankOf(known.grade)) known.grade = grade;
      return;
    }
    const place = this.stretches.placeAt(state.point);
    const stratum = `${place} | ${kindOf(state, this.timeline)}`;
    const sorted = { place, stratum, isLeast, isLikely, grade, standing: "open" } as const;
    this.bySignature.set(state.signature, { first: state, states: [state], ...sorted });
  }
}

function strataOf(groups: readonly Group[]): Map<string, Group[]> {
  const strata = new Map<string, Group[]>();
  for (const group of groups) {
    const stratum = strata.get(group.stratum);
    if (stratum === undefined) strata.set(group.stratum, [group]);
    else stratum.push(group);
  }
  return strata;
}
