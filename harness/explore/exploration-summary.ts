/**
 * Adds up what was explored to one entry of the outcome: all recordings of a run together. Two things are decided here.
 *
 * Which findings fail the run: those of level source and consistency, under models up to the grade that the scenario
 * names, that it does not list as known. The rest is shown.
 *
 * What the numbers mean: a recording is one trial, however many states it has (N4). Losses are those that an honest disk
 * leaves at the least, each crash point weighted by the time for which it stands (S1).
 */
import type { RunDetail } from "../../reports/detail.ts";
import type { Finding as ReportedFinding, Run, VerdictName } from "../../reports/outcome.ts";
import { levelNames, worst } from "../../reports/outcome.ts";
import { modelConfirmedOn } from "../block/calibration/confirmations.ts";
import type { CrashState } from "../disk/crash-states.ts";
import type { DiskModel, Grade } from "../disk/disk-model.ts";
import { diskModels } from "../disk/disk-models.ts";
import { isKnown } from "../known.ts";
import { Durability } from "../measure/durability.ts";
import type { Finding, FindingKind } from "../oracle/checker.ts";
import type { Judgement } from "../oracle/judgement.ts";
import { countFates } from "../recording/history.ts";
import type { Recording } from "../recording/recording.ts";
import { percentile, weightedPercentile } from "../statistics.ts";
import { eachCauseOnce } from "./causes.ts";
import type { Explored, JudgedPair } from "./exploration.ts";
import { addUp, digestOfAll, type ExplorationTally, raise, type Shown, summands } from "./exploration-tally.ts";
import type { BestExample, ExplorationTitle, Replay, Source } from "./exploration-title.ts";
import { ExploredDetail } from "./explored-detail.ts";
import { exploredFinding } from "./explored-finding.ts";
import { mildestOf, rankOf } from "./grades.ts";

const noReplay: Replay = { bundle: "", command: "" };

interface Seen {
  readonly example: BestExample;
  readonly grade: Grade;
  /** Points at which it showed, by index, and for how long each stands. */
  readonly points: Map<number, number>;
}

export class ExplorationSummary {
  recordings = 0;
  recordingsViolated = 0;
  /** In which something was pending: what a power cut could have lost. */
  private trialsPending = 0;
  readonly title: ExplorationTitle;
  private readonly troubles: string[] = [];
  private readonly verdicts: VerdictName[] = [];
  private readonly shown = new Map<string, Shown>();
  private readonly calls = { invoked: 0, acked: 0, refused: 0, indeterminate: 0 };
  private readonly states = { considered: 0, distinct: 0, judged: 0, judgedByIndex: 0, booted: 0 };
  /** On which the store was started, in all recordings so far. */
  bootedStates = 0;
  private readonly byModel: ReadonlyMap<string, { states: number; violations: number }>;
  private readonly promises = new Map<string, Run["promises"][number]>();
  private readonly windows = new Map<string, { crashPoints: number; openNs: number }>();
  private readonly agesMs: { value: number; weight: number }[] = [];
  private readonly recoveriesMs: number[] = [];
  private readonly loss = { ackedMax: 0, ageMsMax: 0, longestSyncMs: 0, longestStallMs: 0 };
  private readonly digests: string[] = [];
  private readonly durability = new Durability();
  private refusals = 0;
  private readonly drawn: ExploredDetail;
  private exploringMs = 0;
  /** What all crash points stand for: the time in which a power cut could have struck. */
  private recordedNs = 0;
  private seen = new Map<string, Seen>();
  private undecided = new Map<string, number>();
  private failed = false;
  private judgedInTrial = 0;
  private recordedInTrialNs = 0;
  private pendingInTrial = false;
  private disagreement: string | undefined;
  private shortfall: string | undefined;

  constructor(title: ExplorationTitle) {
    this.title = title;
    this.drawn = new ExploredDetail(title);
    this.byModel = new Map(title.models.map(({ name }) => [name, { states: 0, violations: 0 }]));
  }

  // ── A recording ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** Gives the kinds of what fails the run in this pair. */
  add(pair: JudgedPair, from: Source): FindingKind[] {
    const { state, crash, judgement } = pair;
    const asked = state.models.filter(({ name }) => this.byModel.has(name));
    const { grade } = mildestOf(asked);
    const counts = this.countsFor(grade);
    const failing = judgement.findings.filter((finding) => this.fails(finding, grade));
    for (const { name } of asked) {
      const row = this.byModel.get(name) as { states: number; violations: number };
      row.states++;
      if (judgement.findings.some((finding) => finding.level !== "documented")) row.violations++;
    }
    if (counts) this.addPromises(judgement);
    if (counts) this.addLoss(judgement, state);
    this.drawn.add(pair, counts && state.models.some(({ name }) => name === "ordered"));
    this.loss.longestSyncMs = Math.max(this.loss.longestSyncMs, crash.longestSyncMs);
    this.loss.longestStallMs = Math.max(this.loss.longestStallMs, crash.longestStallMs);
    if (judgement.recoveryMs !== undefined) this.recoveriesMs.push(judgement.recoveryMs);
    if (counts && judgement.refused) this.refusals++;
    for (const finding of judgement.findings) this.note({ finding, pair, from }, grade);
    if (failing.length > 0) this.failed = true;
    else if (counts && judgement.findings.length === 0 && judgement.verdict === "unknown") {
      const why = judgement.why ?? "no reason given";
      this.undecided.set(why, (this.undecided.get(why) ?? 0) + 1);
    }
    return failing.map(({ kind }) => kind);
  }

  /** What this recording showed that none before did, or only under a model of a harsher opinion: worth a bundle. */
  newFindings(): BestExample[] {
    const ofMs = this.recordedInTrialNs / 1e6;
    return [...this.causes().values()].flatMap((seen) => {
      const { example, grade } = seen;
      const before = this.shown.get(example.finding.fingerprint);
      if (before !== undefined && rankOf(grade) >= rankOf(before.grade)) return [];
      return [{ ...example, exposure: { ms: exposureMsOf(seen), ofMs } }];
    });
  }

  /** What was done with a recording. A chain has several, and is one trial all the same. */
  endLink(recording: Recording, explored: Explored): void {
    this.drawn.endLink(recording, explored);
    const fates = countFates(recording.history);
    for (const fate of ["invoked", "acked", "refused", "indeterminate"] as const) this.calls[fate] += fates[fate];
    this.states.considered += explored.considered;
    this.states.distinct += explored.distinct;
    this.states.judged += explored.judged;
    this.states.judgedByIndex += explored.judgedByIndex;
    this.states.booted += explored.starts;
    this.bootedStates += explored.bootedStates;
    this.exploringMs += explored.tookMs;
    const recordedNs = explored.points.reduce((sum, { standsForNs }) => sum + standsForNs, 0);
    this.recordedNs += recordedNs;
    this.recordedInTrialNs += recordedNs;
    this.digests.push(recording.digest);
    for (const [name, { crashPoints, openNs }] of explored.stretches) {
      const window = this.windows.get(name) ?? { crashPoints: 0, openNs: 0 };
      this.windows.set(name, { crashPoints: window.crashPoints + crashPoints, openNs: window.openNs + openNs });
    }
    this.durability.add(explored.callTimes);
    this.judgedInTrial += explored.judged;
    for (const text of explored.disagreements.slice(0, 1)) this.disagreement ??= text;
    this.shortfall ??= explored.shortfalls[0];
    this.pendingInTrial ||= explored.somethingPending;
  }

  /** @param replays by fingerprint */
  endTrial(replays: ReadonlyMap<string, Replay>): VerdictName {
    for (const [fingerprint, seen] of this.causes()) this.show(seen, replays.get(fingerprint) ?? noReplay);
    const verdict = this.verdictOfTrial();
    this.recordings++;
    if (verdict === "violated") this.recordingsViolated++;
    this.verdicts.push(verdict);
    this.seen = new Map();
    this.undecided = new Map();
    this.failed = false;
    this.judgedInTrial = 0;
    this.recordedInTrialNs = 0;
    this.pendingInTrial = false;
    this.disagreement = undefined;
    this.shortfall = undefined;
    return verdict;
  }

  /** The harness could not do its work in one recording. */
  addTrouble(why: string): VerdictName {
    this.troubles.push(why);
    this.verdicts.push("unknown");
    return "unknown";
  }

  private verdictOfTrial(): VerdictName {
    if (this.failed) return "violated";
    if (this.disagreement !== undefined) {
      return this.noteUnknown(`the index is wrong, please report it with the recording: ${this.disagreement}`);
    }
    if (this.pendingInTrial) this.trialsPending++;
    // In a swarm some worlds have a disk that never lags; that all of them have one is another matter.
    else if (!this.title.scenario.fault.swarm) {
      return this.noteUnknown("nothing was pending at any crash point: no power cut could have lost anything");
    }
    if (this.judgedInTrial === 0) return this.noteUnknown("no state was judged in the time there was");
    if (this.shortfall !== undefined) return this.noteUnknown(this.shortfall);
    const [reason] = this.undecided;
    if (reason !== undefined) return this.noteUnknown(`${reason[1]} pairs could not be judged: ${reason[0]}`);
    return "held";
  }

  private noteUnknown(why: string): VerdictName {
    this.troubles.push(why);
    return "unknown";
  }

  private causes(): ReadonlyMap<string, Seen> {
    const of = (seen: Seen) => ({
      kind: seen.example.finding.kind,
      model: this.modelOf(seen.example.pair.state).name,
      isKnown: this.isKnown(seen.example.finding),
    });
    return eachCauseOnce(this.seen, of);
  }

  private modelOf({ models }: CrashState): DiskModel {
    return mildestOf(models.filter(({ name }) => this.byModel.has(name)));
  }

  // ── A pair ──────────────────────────────────────────────────────────────────────────────────────────────────────

  private countsFor(grade: Grade): boolean {
    return rankOf(grade) <= rankOf(this.title.scenario.fault.failsUpTo);
  }

  private fails(finding: Finding, grade: Grade): boolean {
    if (finding.level === "documented" && !this.title.scenario.expect.documented) return false;
    return this.countsFor(grade) && !this.isKnown(finding);
  }

  private isKnown(finding: Finding): boolean {
    const { scenario, store, todayIso } = this.title;
    return isKnown(scenario, finding, store, todayIso);
  }

  private note(example: BestExample, grade: Grade): void {
    const { finding, pair } = example;
    const { index, standsForNs } = pair.state.point;
    const before = this.seen.get(finding.fingerprint);
    const isBetter = before === undefined || rankOf(grade) < rankOf(before.grade);
    const points = before?.points ?? new Map<number, number>();
    points.set(index, standsForNs);
    if (isBetter) this.seen.set(finding.fingerprint, { example, grade, points });
  }

  private addPromises({ promises }: Pick<Judgement, "promises">): void {
    for (const promise of promises) {
      const before = this.promises.get(promise.level);
      if (before === undefined) {
        this.promises.set(promise.level, { ...promise });
        continue;
      }
      // A pair that nobody can explain is no reason to say that nothing is known of the others.
      const verdicts = [before.verdict, promise.verdict].filter((verdict) => verdict !== "unknown");
      const verdict = verdicts.length === 0 ? "unknown" : worst(verdicts);
      const most = promise.ageMs > before.ageMs ? promise : before;
      this.promises.set(promise.level, { ...most, spanMs: Math.max(before.spanMs, promise.spanMs), verdict });
    }
  }

  private addLoss({ loss }: Judgement, { models, point }: CrashState): void {
    if (loss === undefined) return;
    this.loss.ackedMax = Math.max(this.loss.ackedMax, loss.acked);
    this.loss.ageMsMax = Math.max(this.loss.ageMsMax, loss.ageMs);
    if (models.some(({ name }) => name === "ordered"))
      this.agesMs.push({ value: loss.ageMs, weight: point.standsForNs });
  }

  // ── The outcome ─────────────────────────────────────────────────────────────────────────────────────────────────

  private show(seen: Seen, replay: Replay): void {
    const { example, grade } = seen;
    const { finding, pair } = example;
    const reported = exploredFinding(finding, pair, {
      model: this.modelOf(pair.state),
      filesystem: this.title.filesystem,
      exposureMs: exposureMsOf(seen),
      known: this.isKnown(finding),
      replay,
    });
    this.showAgain({ grade, reported, recordingsSeen: 1 });
  }

  /** Of the same finding the first is shown, or the first under a milder model. */
  private showAgain({ grade, reported, recordingsSeen }: Shown): void {
    const { fingerprint, exposureMs } = reported;
    const before = this.shown.get(fingerprint);
    const stays = before !== undefined && rankOf(before.grade) <= rankOf(grade);
    this.shown.set(fingerprint, {
      grade: stays ? before.grade : grade,
      reported: {
        ...(stays ? before.reported : reported),
        exposureMs: (before?.reported.exposureMs ?? 0) + exposureMs,
      },
      recordingsSeen: (before?.recordingsSeen ?? 0) + recordingsSeen,
    });
  }

  /** What the page draws. */
  detail(): RunDetail {
    const { scenario, preset, target } = this.title;
    return this.drawn.detail({ scenario: scenario.name, preset, target });
  }

  outcome(): Run {
    const { scenario, preset, target, seed, engine, models } = this.title;
    const why = this.whyUnknown();
    const durability = this.durability.outcome();
    const verdict = this.verdicts.includes("violated") ? "violated" : why === undefined ? "held" : "unknown";
    return {
      scenario: scenario.name,
      preset,
      target,
      seed,
      verdict,
      ...(verdict === "unknown" && why !== undefined && { why }),
      fault: "power-cut",
      engine,
      calls: this.calls,
      crashStates: {
        ...this.states,
        perSecond: this.states.judged / Math.max(0.001, this.exploringMs / 1_000),
      },
      models: diskModels
        .filter((model) => models.includes(model))
        .map(({ name, grade }) => ({ name, grade, ...rowOf(this.byModel, name), confirmedOn: modelConfirmedOn(name) })),
      promises: levelNames.flatMap((level) => this.promises.get(level) ?? []),
      loss: {
        ...this.loss,
        ageMsMedian: weightedPercentile(this.agesMs, 0.5),
        ageMsP99: weightedPercentile(this.agesMs, 0.99),
      },
      ...(durability !== undefined && { durability }),
      recovery: {
        msMedian: percentile(this.recoveriesMs, 0.5),
        msMax: this.recoveriesMs.reduce((most, ms) => Math.max(most, ms), 0),
        refusals: this.refusals,
      },
      windows: this.windowList(),
      recordingDigest: digestOfAll(this.digests),
      findings: this.inOrderOfWeight().map(({ reported, recordingsSeen }) => ({
        ...this.withShare(reported),
        evidence: { ...reported.evidence, cyclesSeen: recordingsSeen },
      })),
    };
  }

  /** Of the recordings that did not show it too: there a power cut at that moment would have missed it. */
  private withShare(reported: ReportedFinding): ReportedFinding {
    if (this.recordedNs === 0) return reported;
    return { ...reported, exposureShare: Math.min(1, (reported.exposureMs * 1e6) / this.recordedNs) };
  }

  /** What a store has least excuse for comes first: on the mildest disk, what no timing excuses; the documented line last. */
  private inOrderOfWeight(): Shown[] {
    const weight = ({ reported, grade }: Shown) =>
      (reported.known ? 100 : 0) +
      (reported.level === "documented" ? 50 : 0) +
      rankOf(grade) * 10 +
      (levelNames.length - levelNames.indexOf(reported.level));
    return [...this.shown.values()].sort((one, other) => weight(one) - weight(other));
  }

  /** N1. Undefined when nothing is in doubt. */
  private whyUnknown(): string | undefined {
    const { needs } = this.title.scenario;
    const [first] = this.troubles;
    if (first !== undefined) return first;
    if (this.recordings === 0) return "no recording was made";
    if (this.trialsPending === 0 && !this.verdicts.includes("violated"))
      return "nothing was pending in any recording: no power cut could have lost anything";
    const bootsWanted = Math.min(needs.booted, this.states.distinct);
    if (this.bootedStates < bootsWanted && !this.verdicts.includes("violated")) {
      return `the store was started on ${this.bootedStates} crash states in the time there was, and ${bootsWanted} are asked for`;
    }
    const ackedMean = this.calls.acked / this.recordings;
    if (ackedMean < needs.acks) {
      return `${Math.floor(ackedMean)} calls were acked in a recording, and the scenario asks for ${needs.acks}: too little to lose`;
    }
    const missed = needs.windows.filter((name) => !this.isOpened(name));
    return missed.length === 0 ? undefined : `no recording had the stretch that is to be tested: ${missed.join(", ")}`;
  }

  private isOpened(name: string): boolean {
    return [...this.windows.keys()].some((window) => window === name || window.startsWith(`${name}:`));
  }

  private windowList(): Run["windows"] {
    const missed = this.title.scenario.needs.windows.filter((name) => !this.isOpened(name));
    const none = missed.map((name) => ({ name, crashPoints: 0, exposureMs: 0 }));
    const opened = [...this.windows].map(([name, { crashPoints, openNs }]) => {
      return { name, crashPoints, exposureMs: openNs / 1e6 };
    });
    return [...opened, ...none].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  // ── Shards ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** All that it has added up, as data, to be joined to that of other cycles. */
  tally(): ExplorationTally {
    const { recordings, recordingsViolated, trialsPending, bootedStates, refusals, exploringMs, recordedNs } = this;
    const { troubles, verdicts, calls, states, loss, recoveriesMs, digests } = this;
    return {
      ...{ recordings, recordingsViolated, trialsPending, bootedStates, refusals, exploringMs, recordedNs },
      ...{ troubles, verdicts, calls, states, loss, recoveriesMs, digests },
      durability: this.durability.tally(),
      shown: [...this.shown.values()],
      byModel: [...this.byModel],
      promises: [...this.promises.values()],
      windows: [...this.windows],
      agesMs: this.agesMs.map(({ value, weight }) => [value, weight]),
    };
  }

  /** Adds what another summary of the same run added up. In the order of the cycles it comes out as if this one had. */
  join(tally: ExplorationTally): void {
    for (const name of summands) this[name] += tally[name];
    addUp(this.calls, tally.calls);
    addUp(this.states, tally.states);
    raise(this.loss, tally.loss);
    this.durability.join(tally.durability);
    this.troubles.push(...tally.troubles);
    this.verdicts.push(...tally.verdicts);
    this.recoveriesMs.push(...tally.recoveriesMs);
    this.digests.push(...tally.digests);
    for (const [value, weight] of tally.agesMs) this.agesMs.push({ value, weight });
    for (const [name, row] of tally.byModel) addUp(this.byModel.get(name) as typeof row, row);
    for (const [name, { crashPoints, openNs }] of tally.windows) {
      const window = this.windows.get(name) ?? { crashPoints: 0, openNs: 0 };
      this.windows.set(name, { crashPoints: window.crashPoints + crashPoints, openNs: window.openNs + openNs });
    }
    this.addPromises({ promises: tally.promises });
    for (const shown of tally.shown) this.showAgain(shown);
  }
}

function exposureMsOf({ points }: Seen): number {
  return [...points.values()].reduce((sum, ns) => sum + ns, 0) / 1e6;
}

function rowOf(rows: ReadonlyMap<string, { states: number; violations: number }>, name: string) {
  return rows.get(name) ?? { states: 0, violations: 0 };
}
