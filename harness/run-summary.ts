/**
 * Adds up the cycles of a run to one entry of the outcome. It decides one thing: the verdict of the whole.
 *
 *     violated   a cycle broke a promise, and the scenario does not list it as known
 *     unknown    no such cycle, but one could not be judged, or too little was tested (N1)
 *     held       none of both
 */
import type { RunDetail } from "../reports/detail.ts";
import type { Finding as ReportedFinding, Run, VerdictName } from "../reports/outcome.ts";
import { levelNames, worst } from "../reports/outcome.ts";
import { outcomeFault, type Scenario } from "../scenarios/scenario.ts";
import { reportedFinding } from "./bundle/reported-finding.ts";
import type { LinkResult } from "./cycle.ts";
import type { CrashState } from "./faults/fault.ts";
import { isKnown } from "./known.ts";
import { LiveDetail } from "./live-detail.ts";
import type { Finding } from "./oracle/checker.ts";
import type { Judgement } from "./oracle/judgement.ts";
import { countFates, type History } from "./recording/history.ts";
import { percentile } from "./statistics.ts";
import type { StoreIdentity } from "./targets/target.ts";

export interface RunTitle {
  readonly scenario: Scenario;
  readonly preset: string;
  readonly target: string;
  readonly seed: string;
  readonly store: Pick<StoreIdentity, "name" | "version">;
}

/** What is kept of each crash: numbers. Histories are large, and a night has many of them. */
interface Judged extends Pick<Judgement, "promises" | "loss" | "recoveryMs" | "refused"> {
  readonly longestSyncMs: number;
  readonly longestStallMs: number;
}

/** A finding as the run shows it: once for each fingerprint. */
interface Shown {
  readonly reported: ReportedFinding;
  cyclesSeen: number;
}

/** What a summary has added up, as plain data: a shard writes one for each cycle that it had. */
export interface RunTally {
  readonly cycles: number;
  readonly cyclesViolated: number;
  readonly booted: number;
  readonly tookMs: number;
  readonly judged: readonly Judged[];
  readonly verdicts: readonly VerdictName[];
  readonly troubles: readonly string[];
  readonly shown: readonly Shown[];
  readonly windows: readonly (readonly [name: string, window: { crashPoints: number; exposureMs: number }])[];
  readonly calls: Run["calls"];
}

export class RunSummary {
  /** Cycles that were played and judged. */
  cycles = 0;
  cyclesViolated = 0;
  /** Cycles that could not be played or judged, since the last one that could. */
  troublesInARow = 0;
  readonly title: RunTitle;
  private readonly todayIso: string;
  private readonly startedMs = performance.now();
  private readonly judged: Judged[] = [];
  private readonly verdicts: VerdictName[] = [];
  private readonly troubles: string[] = [];
  private readonly shown = new Map<string, Shown>();
  private readonly windows = new Map<string, { crashPoints: number; exposureMs: number }>();
  private readonly calls = { invoked: 0, acked: 0, refused: 0, indeterminate: 0 };
  private readonly drawn = new LiveDetail();
  private booted = 0;
  /** Of the cycles that were joined. */
  private joinedMs = 0;

  /** @param todayIso the day on which known findings are held against their last day, `2026-01-31`. */
  constructor(title: RunTitle, todayIso: string) {
    this.title = title;
    this.todayIso = todayIso;
  }

  /** Findings that no cycle before had: their evidence is worth a bundle. */
  newFindings(judgement: Judgement): Finding[] {
    return judgement.findings.filter(({ fingerprint }) => !this.shown.has(fingerprint));
  }

  /**
   * Everything that came of one plan.
   * @param bundles where the evidence of each crash was written; empty for those without new findings.
   */
  addCycle(results: readonly LinkResult[], bundles: readonly string[]): VerdictName {
    const verdict = worst(results.map((result, index) => this.addLink(result, bundles[index] ?? "")));
    this.cycles++;
    this.troublesInARow = verdict === "unknown" ? this.troublesInARow + 1 : 0;
    if (verdict === "violated") this.cyclesViolated++;
    this.verdicts.push(verdict);
    return verdict;
  }

  /** The harness could not do its work in one cycle. */
  addTrouble(why: string): VerdictName {
    this.troublesInARow++;
    this.verdicts.push("unknown");
    return this.noteUnknown(why);
  }

  /** Whether they could be judged or not. */
  get cyclesPlayed(): number {
    return this.verdicts.length;
  }

  /** What the page draws. */
  detail(): RunDetail {
    const { scenario, preset, target } = this.title;
    return this.drawn.detail({ scenario: scenario.name, preset, target });
  }

  outcome(): Run {
    const { scenario, preset, target, seed } = this.title;
    const why = this.whyUnknown();
    const verdict = this.verdicts.includes("violated") ? "violated" : why === undefined ? "held" : "unknown";
    const judged = this.judged.length;
    return {
      scenario: scenario.name,
      preset,
      target,
      seed,
      verdict,
      ...(verdict === "unknown" && why !== undefined && { why }),
      fault: outcomeFault(scenario.fault),
      engine: "live",
      calls: this.calls,
      crashStates: {
        considered: judged,
        distinct: judged,
        judged,
        booted: this.booted,
        perSecond: judged / Math.max(0.001, (this.joinedMs || this.tookMs()) / 1_000),
      },
      models: [],
      promises: this.promises(),
      loss: this.loss(),
      recovery: this.recovery(),
      windows: this.windowList(),
      recordingDigest: "",
      findings: [...this.shown.values()].map(({ reported, cyclesSeen }) => ({
        ...reported,
        evidence: { ...reported.evidence, cyclesSeen },
      })),
    };
  }

  // ── Shards ──────────────────────────────────────────────────────────────────────────────────────────────────────

  tally(): RunTally {
    const { cycles, cyclesViolated, booted, judged, verdicts, troubles, calls } = this;
    const [shown, windows] = [[...this.shown.values()], [...this.windows]];
    return { cycles, cyclesViolated, booted, judged, verdicts, troubles, calls, shown, windows, tookMs: this.tookMs() };
  }

  /** Adds what another summary of the same run added up: in the order of the cycles. */
  join(tally: RunTally): void {
    this.cycles += tally.cycles;
    this.cyclesViolated += tally.cyclesViolated;
    this.booted += tally.booted;
    this.joinedMs += tally.tookMs;
    this.judged.push(...tally.judged);
    this.verdicts.push(...tally.verdicts);
    this.troubles.push(...tally.troubles);
    for (const fate of ["invoked", "acked", "refused", "indeterminate"] as const) this.calls[fate] += tally.calls[fate];
    for (const [name, window] of tally.windows) this.addWindow(name, window);
    for (const { reported, cyclesSeen } of tally.shown) {
      const before = this.shown.get(reported.fingerprint);
      if (before === undefined) this.shown.set(reported.fingerprint, { reported, cyclesSeen });
      else before.cyclesSeen += cyclesSeen;
    }
  }

  private tookMs(): number {
    return performance.now() - this.startedMs;
  }

  private addWindow(name: string, { crashPoints, exposureMs }: { crashPoints: number; exposureMs: number }): void {
    const window = this.windows.get(name) ?? { crashPoints: 0, exposureMs: 0 };
    this.windows.set(name, {
      crashPoints: window.crashPoints + crashPoints,
      exposureMs: window.exposureMs + exposureMs,
    });
  }

  private addLink(result: LinkResult, bundle: string): VerdictName {
    const { evidence, judgement, state } = result;
    const { promises, loss, recoveryMs, refused } = judgement;
    const { longestSyncMs, longestStallMs } = evidence.crash;
    this.judged.push({
      promises,
      ...(loss !== undefined && { loss }),
      ...(recoveryMs !== undefined && { recoveryMs }),
      refused,
      longestSyncMs,
      longestStallMs,
    });
    const fates = countFates(evidence.history);
    for (const fate of ["invoked", "acked", "refused", "indeterminate"] as const) this.calls[fate] += fates[fate];
    this.booted += evidence.recovery.starts.length;
    for (const { name, openMs } of state.windows) this.addWindow(name, { crashPoints: 1, exposureMs: openMs });
    this.drawn.add(
      result,
      this.newFindings(judgement).map(({ fingerprint }) => fingerprint),
    );
    for (const finding of judgement.findings) this.show(finding, state, evidence.history, bundle);
    return this.verdictOf(judgement);
  }

  private show(finding: Finding, state: CrashState, history: History, bundle: string): void {
    const shown = this.shown.get(finding.fingerprint);
    if (shown !== undefined) {
      shown.cyclesSeen++;
      return;
    }
    const { point } = state;
    const reported = reportedFinding(finding, { point, history, known: this.isKnown(finding), bundle });
    this.shown.set(finding.fingerprint, { reported, cyclesSeen: 1 });
  }

  private isKnown(finding: Finding): boolean {
    return isKnown(this.title.scenario, finding, this.title.store, this.todayIso);
  }

  private verdictOf(judgement: Judgement): VerdictName {
    const { documented } = this.title.scenario.expect;
    const failing = judgement.findings.filter((finding) => finding.level !== "documented" || documented);
    if (failing.some((finding) => !this.isKnown(finding))) return "violated";
    // Where no prefix explains what came back, no other checker can say anything: that too is known.
    if (failing.some(({ level }) => level === "consistency")) return "held";
    const unknown = judgement.checkers.flatMap(({ verdict }) => (verdict.kind === "unknown" ? [verdict.why] : []));
    return unknown.length === 0 ? "held" : this.noteUnknown(judgement.why ?? unknown.join("; "));
  }

  private noteUnknown(why: string): VerdictName {
    this.troubles.push(why);
    return "unknown";
  }

  /** N1: what was not tested, or could not be judged. Undefined when nothing is in doubt. */
  private whyUnknown(): string | undefined {
    const { needs } = this.title.scenario;
    const [first] = this.troubles;
    if (first !== undefined) {
      return `${this.troubles.length} of ${this.verdicts.length} cycles could not be judged: ${first}`;
    }
    if (this.cycles === 0) return "no cycle was played to its end";
    const ackedMean = this.calls.acked / this.judged.length;
    if (ackedMean < needs.acks) {
      return `${Math.floor(ackedMean)} calls were acked in a cycle, and the scenario asks for ${needs.acks}: too little to lose`;
    }
    const missed = needs.windows.filter((name) => !this.windows.has(name));
    return missed.length === 0 ? undefined : `no kill fell into the stretch that is to be tested: ${missed.join(", ")}`;
  }

  /** Of each level the cycle that lost most, with the bound that held for it, and the worst verdict of all. */
  private promises(): Run["promises"] {
    return levelNames.flatMap((level) => {
      const all = this.judged.flatMap(({ promises }) => promises.filter((promise) => promise.level === level));
      const [first, ...rest] = all;
      if (first === undefined) return [];
      const worstOne = rest.reduce((most, other) => (other.ageMs > most.ageMs ? other : most), first);
      const spanMs = Math.max(...all.map((promise) => promise.spanMs));
      return [{ ...worstOne, spanMs, verdict: worst(all.map((promise) => promise.verdict)) }];
    });
  }

  private loss(): Run["loss"] {
    const losses = this.judged.flatMap(({ loss }) => (loss === undefined ? [] : [loss]));
    const agesMs = losses.map(({ ageMs }) => ageMs);
    return {
      ackedMax: Math.max(0, ...losses.map(({ acked }) => acked)),
      ageMsMedian: percentile(agesMs, 0.5),
      ageMsP99: percentile(agesMs, 0.99),
      ageMsMax: Math.max(0, ...agesMs),
      longestSyncMs: Math.max(0, ...this.judged.map(({ longestSyncMs }) => longestSyncMs)),
      longestStallMs: Math.max(0, ...this.judged.map(({ longestStallMs }) => longestStallMs)),
    };
  }

  private recovery(): Run["recovery"] {
    const times = this.judged.flatMap(({ recoveryMs }) => (recoveryMs === undefined ? [] : [recoveryMs]));
    return {
      msMedian: percentile(times, 0.5),
      msMax: Math.max(0, ...times),
      refusals: this.judged.filter(({ refused }) => refused).length,
    };
  }

  /** What was hit, and with a zero what the scenario asks for and was not. */
  private windowList(): Run["windows"] {
    const missed = this.title.scenario.needs.windows.filter((name) => !this.windows.has(name));
    const none = missed.map((name) => ({ name, crashPoints: 0, exposureMs: 0 }));
    return [...[...this.windows].map(([name, window]) => ({ name, ...window })), ...none].sort((one, other) =>
      one.name < other.name ? -1 : 1,
    );
  }
}
