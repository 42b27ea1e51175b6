/**
 * One recording, explored: every crash point and every set of survivors that a disk model admits there.
 *
 *     crash points × models ──▶ pairs ──▶ by signature ──▶ strata ──▶ boot ──▶ judge every pair of that signature
 *       4,100                   31,200      6,450            38        2,900     17,000
 *
 * Work is skipped, judgement is not (S5): a signature is recovered once, and what came back is held against the history
 * as it was at each point at which that signature can occur. What there was no time to recover is counted as considered,
 * and not as judged (J3).
 */
import { type CrashPoint, crashPoints, replacements } from "../disk/crash-points.ts";
import { type CrashState, crashStates } from "../disk/crash-states.ts";
import type { DiskModel } from "../disk/disk-model.ts";
import { diskModelNamed } from "../disk/disk-models.ts";
import { Timeline } from "../disk/timeline.ts";
import type { CrashFacts, Evidence, PresetPromise, RecoveryFacts } from "../oracle/evidence.ts";
import { judge } from "../oracle/judge.ts";
import type { Judgement } from "../oracle/judgement.ts";
import type { Random } from "../random.ts";
import type { Recording } from "../recording/recording.ts";
import type { Interval } from "../recording/stamp.ts";
import type { MakeStateIndex } from "../recover/state-index.ts";
import type { Config, StoreIdentity } from "../targets/target.ts";
import { FactsAtPoints } from "./crash-facts.ts";
import type { Recoverer } from "./explorable.ts";
import { IndexedJudge } from "./indexed.ts";
import { inTurns, kindOf } from "./strata.ts";
import { Stretches } from "./stretches.ts";

export interface ExplorationOrder {
  readonly recording: Recording;
  readonly config: Config;
  readonly promise: PresetPromise;
  readonly documentedCounts: boolean;
  readonly models: readonly DiskModel[];
  readonly setsMax: number;
  readonly random: Random;
  readonly store: StoreIdentity;
  readonly recoverer: Recoverer;
  /** Absent: every state that is judged is booted. */
  readonly makeIndex?: MakeStateIndex;
  readonly jobs: number;
  /** Of performance.now(): what was not begun by then is not recovered any more. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** A crash point and a state that one of the models admits there, judged. */
export interface JudgedPair {
  readonly state: CrashState;
  readonly crash: CrashFacts;
  readonly judgement: Judgement;
  /** Absent when the index acquitted it: nothing was started. */
  readonly evidence?: Evidence;
}

export interface Explored {
  /** Pairs of crash point and state that there are. */
  readonly considered: number;
  readonly distinct: number;
  readonly judged: number;
  readonly starts: number;
  readonly tookMs: number;
  readonly crashPoints: number;
  /** Whether anything could be lost at all, and whether anything was (N1). */
  readonly somethingPending: boolean;
  /** What a boot said otherwise than the index (J2): then nothing that the index said counts. */
  readonly disagreements: readonly string[];
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

/** All pairs whose files hold the same bytes. */
interface Group {
  readonly first: CrashState;
  readonly states: CrashState[];
  readonly stratum: string;
  /** What an honest disk leaves at the least: its losses are the distribution that a report shows. */
  isLeast: boolean;
  /** Some disk that a store must reckon with may leave it. */
  isLikely: boolean;
  /** The index acquitted every pair of it. */
  isAcquitted: boolean;
}

/** Every so many boots the store is also stopped and started again, which must show the same. */
const secondStartEvery = 16;
const pairsInATurn = 50;
/** Of each stratum, so many that the index acquitted are booted all the same (J2). */
const watchedMax = 25;

export async function exploreRecording(
  order: ExplorationOrder,
  onJudged: (pair: JudgedPair) => void,
): Promise<Explored> {
  const { recording, random, deadlineMs, signal, jobs, promise, documentedCounts } = order;
  const startedMs = performance.now();
  const walk = new Walk(order);
  const counts = { judged: 0, starts: 0 };
  const disagreements: string[] = [];
  const judged = (pair: JudgedPair) => {
    onJudged(pair);
    counts.judged++;
  };
  const index = order.makeIndex && IndexedJudge.make(order.makeIndex, { ...order, timeline: walk.timeline });
  if (index !== undefined) await acquitWhatCanBe(walk, index, judged);

  const groups = walk.inOrder(random.fork("order"));
  const seen = new Set<string>();
  let boots = 0;
  const job = async (): Promise<void> => {
    for (const group of groups) {
      if (boots > 0 && (signal.aborted || performance.now() > deadlineMs)) return;
      const twice = !seen.has(group.stratum) || boots % secondStartEvery === 0;
      seen.add(group.stratum);
      boots++;
      const recovery = await order.recoverer.recover(group.first.image(), twice ? 2 : 1);
      counts.starts += recovery.starts.length;
      if (group.isAcquitted) {
        const disagreement = index?.disagreement(group.first, recovery);
        if (disagreement !== undefined) disagreements.push(disagreement);
        continue;
      }
      for (const [at, state] of group.states.entries()) {
        if (at % pairsInATurn === pairsInATurn - 1) await new Promise((resolve) => setImmediate(resolve));
        const crash = walk.factsAt(state);
        const evidence = evidenceOf(recording, promise, state, crash, recovery);
        judged({ state, crash, evidence, judgement: judge(evidence, { documentedCounts }) });
      }
    }
  };
  await Promise.all(Array.from({ length: jobs }, job));
  return { ...walk.sizes(), ...counts, disagreements, tookMs: performance.now() - startedMs };
}

/** Groups of which the index acquits every pair need no boot; a few of each stratum are booted all the same. */
async function acquitWhatCanBe(walk: Walk, index: IndexedJudge, judged: (pair: JudgedPair) => void): Promise<void> {
  let pairs = 0;
  for (const group of walk.all()) {
    const judgements: Judgement[] = [];
    for (const state of group.states) {
      if (++pairs % pairsInATurn === 0) await new Promise((resolve) => setImmediate(resolve));
      const judgement = index.acquit(state, walk.factsAt(state));
      if (judgement === undefined) break;
      judgements.push(judgement);
    }
    if (judgements.length < group.states.length) continue;
    group.isAcquitted = true;
    for (const [at, state] of group.states.entries()) {
      judged({ state, crash: walk.factsAt(state), judgement: judgements[at] as Judgement });
    }
  }
}

/** In a chain: which disk the crash had from which it goes on. A torn write is what a recovery has most to do with. */
const chainModels = [
  ["torn", 3],
  ["prefix", 1],
  ["ordered", 1],
  ["process-crash", 1],
] as const;

/** In a chain: how many of its later crashes strike a store that is still starting. */
const recoveryShare = 1 / 3;

/**
 * One crash of a recording, drawn: the crash from which a chain goes on. It is recovered twice and judged as any other.
 * Undefined when no model that was asked for leaves one.
 */
export async function drawCrash(
  order: ExplorationOrder,
  onJudged: (pair: JudgedPair) => void,
): Promise<{ readonly pair: JudgedPair; readonly explored: Explored } | undefined> {
  const { recording, random, models, recoverer, promise, documentedCounts } = order;
  const startedMs = performance.now();
  const choices = chainModels.filter(([name]) => models.some((model) => model.name === name));
  if (choices.length === 0) return undefined;
  const wanted = random.fork("model").weighted(choices);
  const walk = new Walk({ ...order, models: [diskModelNamed(wanted)] });
  const state = walk.drawn(random.fork("state"));
  if (state === undefined) return undefined;
  const recovery = await recoverer.recover(state.image(), 2);
  const crash = walk.factsAt(state);
  const evidence = evidenceOf(recording, promise, state, crash, recovery);
  const pair = { state, crash, evidence, judgement: judge(evidence, { documentedCounts }) };
  onJudged(pair);
  const counts = { judged: 1, starts: recovery.starts.length, tookMs: performance.now() - startedMs };
  return { pair, explored: { ...walk.sizes(), ...counts, points: [state.point], disagreements: [] } };
}

function evidenceOf(
  { history, initial }: Recording,
  promise: PresetPromise,
  state: CrashState,
  crash: CrashFacts,
  recovery: RecoveryFacts,
): Evidence {
  return { history, ...(initial !== undefined && { initial }), cut: state.point.interval, crash, promise, recovery };
}

class Walk {
  private readonly order: ExplorationOrder;
  readonly timeline: Timeline;
  private readonly stretches: Stretches;
  private readonly facts: FactsAtPoints;
  private readonly groups = new Map<string, Group>();
  private readonly openStretches = new Map<string, { crashPoints: number; openNs: number }>();
  private readonly firstCallNs: number;
  private considered = 0;
  private points: readonly CrashPoint[] = [];
  private somethingPending = false;

  constructor(order: ExplorationOrder) {
    this.order = order;
    const { recording, config } = order;
    this.timeline = new Timeline(recording.journal);
    this.stretches = new Stretches(this.timeline);
    this.facts = new FactsAtPoints(recording, config);
    this.firstCallNs = Math.min(...recording.history.clients.flatMap(([first]) => first?.invokedNs ?? []));
    this.gather();
  }

  factsAt({ point }: CrashState): CrashFacts {
    return this.facts.at(point, this.stretches.placeAt(point));
  }

  sizes(): Omit<Explored, "judged" | "starts" | "tookMs" | "disagreements"> {
    const { considered, points, somethingPending, openStretches: stretches, groups } = this;
    const distinct = groups.size;
    const open = this.stretches.openOver(points);
    return { considered, distinct, crashPoints: points.length, somethingPending, stretches, points, open };
  }

  /**
   * Any state, the strata alike: one at which clients had something to lose, or, where the store went on from a crash,
   * one of its recovery. What that has written is as easily lost, and the next recovery starts from what is left.
   */
  drawn(random: Random): CrashState | undefined {
    const isLoaded = ({ point }: CrashState) => point.interval.startNs >= this.firstCallNs;
    const all = [...this.groups.values()];
    const some = (is: (state: CrashState) => boolean) =>
      all.flatMap((group) => {
        const states = group.states.filter(is);
        return states.length === 0 ? [] : [{ ...group, states }];
      });
    const isLater = this.order.recording.initial !== undefined;
    const recovering = isLater && random.chance(recoveryShare) ? some((state) => !isLoaded(state)) : [];
    const groups = recovering.length > 0 ? recovering : some(isLoaded);
    if (groups.length === 0) return undefined;
    return random.pick(random.pick(random.pick([...strataOf(groups).values()])).states);
  }

  all(): Iterable<Group> {
    return this.groups.values();
  }

  /**
   * What a store must reckon with comes as often as all the rest together: the least that an honest disk leaves, what only a
   * malicious one would, and a few of each stratum that the index acquitted, for it is watched, not believed.
   */
  *inOrder(random: Random): Generator<Group> {
    const groups = [...this.groups.values()];
    const open = groups.filter(({ isAcquitted }) => !isAcquitted);
    const watched = [...strataOf(groups.filter(({ isAcquitted }) => isAcquitted))].map(
      ([name, members]) => [name, random.fork(name).shuffled(members).slice(0, watchedMax)] as const,
    );
    const likely = inTurns(strataOf(open.filter((group) => group.isLikely && !group.isLeast)), random.fork("likely"));
    const queues = [
      likely,
      inTurns(strataOf(open.filter((group) => group.isLeast)), random.fork("least")),
      likely,
      inTurns(strataOf(open.filter((group) => !group.isLikely)), random.fork("unlikely")),
      likely,
      inTurns(new Map(watched), random.fork("watched")),
    ];
    for (;;) {
      const turns = queues.map((queue) => queue.next());
      for (const { value } of turns) if (value !== undefined) yield value;
      if (turns.every(({ done }) => done)) return;
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
    for (const point of points) {
      if (point.interval.endNs >= this.firstCallNs) this.noteStretch("load", point.standsForNs);
      for (const name of this.stretches.at(point)) this.noteStretch(name, point.standsForNs);
    }
    // What is really there belongs to the walk, whatever was asked for: the others are held against it.
    const live = diskModelNamed("process-crash");
    const walked = models.includes(live) ? models : [live, ...models];
    let liveSignature = "";
    for (const state of crashStates(this.timeline, points, { models: walked, random: random.fork("sets"), setsMax })) {
      if (state.models.includes(live)) liveSignature = state.signature;
      else if (state.signature !== liveSignature) this.somethingPending = true;
      if (state.models.some((model) => models.includes(model))) this.take(state);
    }
  }

  private noteStretch(name: string, openNs: number): void {
    const before = this.openStretches.get(name) ?? { crashPoints: 0, openNs: 0 };
    this.openStretches.set(name, { crashPoints: before.crashPoints + 1, openNs: before.openNs + openNs });
  }

  private take(state: CrashState): void {
    this.considered++;
    const isLeast = state.models.some(({ name }) => name === "ordered");
    const isLikely = state.models.some(({ grade }) => grade !== "adversarial");
    const known = this.groups.get(state.signature);
    if (known !== undefined) {
      known.states.push(state);
      known.isLeast ||= isLeast;
      known.isLikely ||= isLikely;
      return;
    }
    const stratum = `${this.stretches.placeAt(state.point)} | ${kindOf(state, this.timeline)}`;
    this.groups.set(state.signature, { first: state, states: [state], stratum, isLeast, isLikely, isAcquitted: false });
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
