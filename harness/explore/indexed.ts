/**
 * Judgement without a boot (J1–J3): the index says which prefixes explain what the store would serve, and the rest is the
 * arithmetic that the checkers do. It only ever acquits. A pair for which anything else would have to be said goes to the
 * real store, and so does a sample of the acquitted, which must come out the same.
 *
 *     state ─▶ index ─┬─ lengths ─▶ greatest cut at this point ─▶ loss ─▶ within every promise ─▶ held
 *                     │                                                 └ beyond one ─▶ suspicious: boot
 *                     └─ nothing ─▶ open: boot
 *
 * What only the documentation promises fails nothing unless the scenario says so. There the index tells the age of what is
 * lost, and the finding comes from those that are booted.
 */
import type { CrashState } from "../disk/crash-states.ts";
import type { Timeline } from "../disk/timeline.ts";
import { type CallsMeasured, callTimes } from "../measure/call-times.ts";
import { emptyModel } from "../operations/model.ts";
import type { CrashFacts, PresetPromise, RecoveryFacts } from "../oracle/evidence.ts";
import { explain, greatestCut, type LengthRanges } from "../oracle/explain.ts";
import { lanesOf } from "../oracle/inquiry.ts";
import type { Judgement, PromiseVerdict } from "../oracle/judgement.ts";
import type { Lanes } from "../oracle/lanes.ts";
import { ageMsOf, lossAt, spanMsOf } from "../oracle/loss.ts";
import { promiseVerdict } from "../oracle/promise-verdicts.ts";
import { promisesAt } from "../oracle/promises.ts";
import { readState } from "../oracle/reading.ts";
import type { Recording } from "../recording/recording.ts";
import type { MakeStateIndex, StateIndex } from "../recover/state-index.ts";
import { refusesLog } from "../swarm.ts";
import type { Config, StoreIdentity } from "../targets/target.ts";

export interface IndexedOrder {
  readonly recording: Recording;
  readonly timeline: Timeline;
  readonly config: Config;
  readonly store: StoreIdentity;
  readonly promise: PresetPromise;
  readonly documentedCounts: boolean;
}

export class IndexedJudge {
  private readonly index: StateIndex;
  private readonly lanes: Lanes;
  private readonly order: IndexedOrder;

  private constructor(index: StateIndex, lanes: Lanes, order: IndexedOrder) {
    this.index = index;
    this.lanes = lanes;
    this.order = order;
  }

  /** Undefined where nobody but the store can tell. */
  static make(makeIndex: MakeStateIndex, order: IndexedOrder): IndexedJudge | undefined {
    const { recording, timeline, config, store, promise } = order;
    if (promise.row === "none") return undefined;
    // A call that a disk made the store refuse may have been carried out or not, which these lanes do not reckon with.
    if (recording.journal.records.some((record) => record.kind === "fault" && refusesLog(record.fault)))
      return undefined;
    const lanes = lanesOf(recording.history, { initial: recording.initial ?? emptyModel, trouble: false });
    const index = makeIndex({ recording, timeline, lanes, config, store });
    return index && new IndexedJudge(index, lanes, order);
  }

  /** Held, with its numbers; undefined where the index cannot tell. */
  judge(state: CrashState, crash: CrashFacts): Judgement | "suspicious" | undefined {
    const { lanes, order } = this;
    const lengths = this.index.explain(state);
    if (lengths === undefined) return undefined;
    const { endNs } = state.point.interval;
    const cut = greatestCut(lanes, { lengths }, endNs);
    if (cut.kind !== "found") return "suspicious";
    if (lanes.lanes.some((lane, at) => lane.brokenDurable(cut.lengths[at] as number, endNs) !== undefined)) {
      return "suspicious";
    }
    const loss = lossAt(lanes, cut.lengths, endNs);
    const promises = promisesAt(order.promise, crash, endNs).map((promise) =>
      promiseVerdict(promise, loss, crash, endNs),
    );
    const fails = (level: PromiseVerdict["level"]) => level === "source" || order.documentedCounts;
    if (promises.some(({ verdict, level }) => verdict === "violated" && fails(level))) return "suspicious";
    return {
      verdict: "held",
      findings: [],
      promises,
      loss: { acked: loss.count, ageMs: ageMsOf(loss, endNs), spanMs: spanMsOf(loss) },
      refused: false,
      checkers: [],
    };
  }

  callTimes(): CallsMeasured {
    return callTimes(this.order.timeline, this.lanes, this.index.units());
  }

  /**
   * What a boot says otherwise than the index (J2): every length that the index gave must explain what was served. More
   * may: a store that was told to add and to remove looks as if it had been told neither.
   */
  disagreement(state: CrashState, { starts: [first] }: RecoveryFacts): string | undefined {
    if (first?.kind === "unclear") return undefined;
    if (first?.kind !== "served") return `a boot was refused: ${first?.lastLogLines.at(-1) ?? "no log line"}`;
    const { lengths } = explain(this.lanes, readState(this.lanes, first));
    const wrong = this.index
      .explain(state)
      ?.findIndex((ranges, lane) => !ranges.every((length) => isAmong(lengths[lane] as LengthRanges, length)));
    return wrong === undefined || wrong < 0 ? undefined : `a boot served something else of lane ${wrong}`;
  }
}

function isAmong(ranges: LengthRanges, length: number): boolean {
  for (let at = 0; at < ranges.length; at += 2) {
    if (length >= (ranges[at] as number) && length <= (ranges[at + 1] as number)) return true;
  }
  return false;
}
