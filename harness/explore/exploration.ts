/**
 * One recording, explored: every crash point and every set of survivors that a disk model admits there.
 *
 *     crash points × models ──▶ pairs ──▶ by signature ─┬─ acquitted by the index ──▶ a sample is booted all the same
 *       2,000                   31,200      6,450         ├─ suspected              ──▶ boot ─┐
 *                                                         └─ open: it cannot tell   ──▶ boot ─┴─▶ judge every pair of it
 *
 * Work is skipped, judgement is not (S5): a signature is recovered once, and what came back is held against the history
 * as it was at each point at which that signature can occur. What there was no time to recover is counted as considered,
 * and not as judged (J3).
 *
 * Some boots are not a matter of time (N1): every state that looks like a broken promise, some of each window in which
 * files are replaced, and so many in all. What is missing of them is reported as a shortfall, and then nothing held.
 */
import type { CrashState } from "../disk/crash-states.ts";
import type { DiskModel, Grade } from "../disk/disk-model.ts";
import { diskModelNamed } from "../disk/disk-models.ts";
import { type CallsMeasured, unmeasured } from "../measure/call-times.ts";
import type { CrashFacts, Evidence, PresetPromise, RecoveryFacts } from "../oracle/evidence.ts";
import { judge } from "../oracle/judge.ts";
import type { Judgement } from "../oracle/judgement.ts";
import type { Random } from "../random.ts";
import type { Recording } from "../recording/recording.ts";
import type { MakeStateIndex } from "../recover/state-index.ts";
import { lastValue } from "../targets/config-file.ts";
import type { Config, StoreIdentity } from "../targets/target.ts";
import { CrashWalk, type Group, type Sizes } from "./crash-walk.ts";
import type { Recoverer } from "./explorable.ts";
import { rankOf } from "./grades.ts";
import { IndexedJudge } from "./indexed.ts";

export interface ExplorationOrder {
  readonly recording: Recording;
  readonly config: Config;
  readonly promise: PresetPromise;
  readonly documentedCounts: boolean;
  readonly models: readonly DiskModel[];
  /** Findings under models up to this grade count: what looks like one of them must be booted. */
  readonly failsUpTo: Grade;
  readonly setsMax: number;
  /** Of what the index acquits, so many states are booted all the same. */
  readonly sampleMax: number;
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

export interface Explored extends Sizes {
  readonly judged: number;
  /** Of those: by the index alone. */
  readonly judgedByIndex: number;
  /** States that the store was started on. */
  readonly bootedStates: number;
  readonly starts: number;
  readonly tookMs: number;
  /** What a boot said otherwise than the index (J2): then nothing that the index said counts. */
  readonly disagreements: readonly string[];
  /** What should have been booted and was not, each as a sentence. */
  readonly shortfalls: readonly string[];
  /** When the calls of the recording were written and safe. */
  readonly callTimes: CallsMeasured;
}

/** Every so many boots the store is also stopped and started again, which must show the same. */
const secondStartEvery = 12;
const pairsInATurn = 50;

export async function exploreRecording(
  order: ExplorationOrder,
  onJudged: (pair: JudgedPair) => void,
): Promise<Explored> {
  const startedMs = performance.now();
  const exploration = new Exploration(order, onJudged);
  await exploration.askTheIndex();
  await exploration.boot();
  return exploration.result(performance.now() - startedMs);
}

class Exploration {
  private readonly order: ExplorationOrder;
  private readonly onJudged: (pair: JudgedPair) => void;
  private readonly walk: CrashWalk;
  private readonly index: IndexedJudge | undefined;
  /** Acquitted, and to be booted all the same. */
  private sample: ReadonlySet<Group> = new Set();
  private readonly booted = new Set<Group>();
  private readonly seenStrata = new Set<string>();
  private readonly disagreements: string[] = [];
  private readonly counts = { judged: 0, judgedByIndex: 0, starts: 0 };
  private pairs = 0;

  constructor(order: ExplorationOrder, onJudged: (pair: JudgedPair) => void) {
    this.order = order;
    this.onJudged = onJudged;
    this.walk = new CrashWalk(order);
    const { timeline } = this.walk;
    this.index = order.makeIndex && IndexedJudge.make(order.makeIndex, { ...order, timeline });
  }

  /** A group is acquitted when every pair of it is, and suspected when one of them is. */
  async askTheIndex(): Promise<void> {
    const { index, walk, order } = this;
    if (index === undefined) return;
    const acquitted = new Map<Group, readonly Judgement[]>();
    for (const group of walk.groups()) {
      const answers = await this.answersFor(group, index);
      if (answers === undefined) continue;
      const judgements = answers.filter((answer) => answer !== "suspicious");
      group.standing = judgements.length < answers.length ? "suspected" : "acquitted";
      if (group.standing === "acquitted") acquitted.set(group, judgements);
    }
    this.sample = new Set(walk.sampleOfAcquitted(order.sampleMax, order.random.fork("sample")));
    for (const [group, judgements] of acquitted) {
      if (!this.sample.has(group)) this.believe(group, judgements);
    }
  }

  /** As many as there is time for, in the order in which they matter. */
  async boot(): Promise<void> {
    const { order, walk } = this;
    const groups = walk.inOrder([...this.sample], order.random.fork("order"));
    const job = async (): Promise<void> => {
      for (const group of groups) {
        if (this.booted.size > 0 && (order.signal.aborted || performance.now() > order.deadlineMs)) return;
        await this.bootAndJudge(group);
      }
    };
    // More than are started at a time: while one runs, another is laid down and a third is judged.
    await Promise.all(Array.from({ length: order.jobs * 2 }, job));
  }

  result(tookMs: number): Explored {
    const { counts, disagreements } = this;
    const bootedStates = this.booted.size;
    const shortfalls = this.shortfalls();
    const callTimes = this.index?.callTimes() ?? unmeasured(this.order.recording, this.whyUnread());
    return { ...this.walk.sizes(), ...counts, bootedStates, disagreements, shortfalls, callTimes, tookMs };
  }

  /** Undefined where it cannot tell of one of them. */
  private async answersFor({ states }: Group, index: IndexedJudge): Promise<(Judgement | "suspicious")[] | undefined> {
    const answers: (Judgement | "suspicious")[] = [];
    for (const state of states) {
      await this.breathe();
      const answer = index.judge(state, this.walk.factsAt(state));
      if (answer === undefined) return undefined;
      answers.push(answer);
    }
    return answers;
  }

  private believe({ states }: Group, judgements: readonly Judgement[]): void {
    for (const [at, state] of states.entries()) {
      this.counts.judged++;
      this.counts.judgedByIndex++;
      this.onJudged({ state, crash: this.walk.factsAt(state), judgement: judgements[at] as Judgement });
    }
  }

  private async bootAndJudge(group: Group): Promise<void> {
    const { recording, promise, recoverer, documentedCounts } = this.order;
    const { first, states, stratum } = group;
    const twice = !this.seenStrata.has(stratum) || this.booted.size % secondStartEvery === 0;
    this.seenStrata.add(stratum);
    this.booted.add(group);
    const recovery = await recoverer.recover(first.image(), twice ? 2 : 1);
    this.counts.starts += recovery.starts.length;
    this.walk.learn(states, recovery);
    if (group.standing !== "open") {
      const disagreement = this.index?.disagreement(first, recovery);
      if (disagreement !== undefined) this.disagreements.push(disagreement);
    }
    // A boot is what is judged, whatever the index said.
    for (const state of states) {
      await this.breathe();
      const crash = this.walk.factsAt(state);
      const evidence = evidenceOf(recording, promise, state, crash, recovery);
      this.counts.judged++;
      this.onJudged({ state, crash, evidence, judgement: judge(evidence, { documentedCounts }) });
    }
  }

  /** Whatever else goes on in this process has its turn. */
  private async breathe(): Promise<void> {
    if (++this.pairs % pairsInATurn === 0) await new Promise((resolve) => setImmediate(resolve));
  }

  /** O9 */
  private whyUnread(): string {
    const { makeIndex, config } = this.order;
    if (makeIndex === undefined) return "nothing here tells which file of a log its bytes are in";
    if (lastValue(config, "appendonly") !== "yes") return "there is no log";
    return "its log could not be matched with the calls: another format, a deadline in it, or calls that the disk refused";
  }

  private shortfalls(): string[] {
    const { failsUpTo } = this.order;
    const missed = this.walk.groups().filter((group) => !this.booted.has(group));
    const counting = missed.filter(({ grade }) => rankOf(grade) <= rankOf(failsUpTo));
    const suspected = counting.filter(({ standing }) => standing === "suspected").length;
    const places = new Set([...this.booted].map(({ place }) => place));
    const windows = new Set(
      counting.map(({ place }) => place).filter((place) => isReplacing(place) && !places.has(place)),
    );
    return [
      ...(suspected > 0
        ? [`${suspected} states that look like a broken promise were not booted in the time there was`]
        : []),
      ...[...windows].map((name) => `no state of the window ${name} was booted in the time there was`),
    ];
  }
}

/** As `faults/windows.ts` names the stretches in which a store replaces files. */
function isReplacing(place: string): boolean {
  return place.startsWith("rewrite:") || place.startsWith("bgsave:");
}

/** In a chain: which disk the crash had from which it goes on. A torn write is what a recovery has most to do with. */
const chainModels = [
  ["torn", 3],
  ["prefix", 1],
  ["ordered", 1],
  ["process-crash", 1],
] as const;

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
  const walk = new CrashWalk({ ...order, models: [diskModelNamed(wanted)] });
  // A disk that tears writes mostly tears none; a chain has few crashes, and this one is drawn for what it tears.
  const isTorn = ({ survivors }: CrashState) => "tornTo" in survivors;
  const state = walk.drawn(random.fork("state"), (candidate) => wanted !== "torn" || isTorn(candidate));
  if (state === undefined) return undefined;
  const recovery = await recoverer.recover(state.image(), 2);
  walk.learn([state], recovery);
  const crash = walk.factsAt(state);
  const evidence = evidenceOf(recording, promise, state, crash, recovery);
  const pair = { state, crash, evidence, judgement: judge(evidence, { documentedCounts }) };
  onJudged(pair);
  const counts = { judged: 1, judgedByIndex: 0, bootedStates: 1, starts: recovery.starts.length };
  const tookMs = performance.now() - startedMs;
  const callTimes = unmeasured(recording, "of a recording that a chain goes on from, only one crash is looked at");
  // Of this recording one crash was wanted, and nothing more.
  const sizes = { ...walk.sizes(), distinct: 1, points: [state.point] };
  return { pair, explored: { ...sizes, ...counts, disagreements: [], shortfalls: [], callTimes, tookMs } };
}

export function evidenceOf(
  { history, initial }: Recording,
  promise: PresetPromise,
  state: CrashState,
  crash: CrashFacts,
  recovery: RecoveryFacts,
): Evidence {
  const { damage } = recovery;
  return {
    history,
    ...(initial !== undefined && { initial }),
    cut: state.point.interval,
    crash: damage === undefined ? crash : { ...crash, damage },
    promise,
    recovery,
  };
}
