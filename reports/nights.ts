/**
 * Night over night: `results/history.jsonl` has a line for every run, and triage says what its findings are beside those
 * of the nights before. A finding is known by its fingerprint, within the same scenario, preset and target.
 *
 *     night          1    2    3    4
 *     hole-3f2a      ✗    ✗         ✗      new, ongoing, resolved, regressed
 *     refusal-77     ✗    ✗    ✗    ✗      known, where the scenario lists it
 *
 * A night in which that run was not made, or judged nothing, says nothing about it.
 */
import { z } from "zod";
import { findingKinds, type Outcome, verdictNames } from "./outcome.ts";

const lineSchema = z.strictObject({
  schema: z.literal("lossbound/night@1"),
  startedAt: z.iso.datetime(),
  what: z.string().describe("what was run, as its folder is named"),
  outcome: z.string().describe("path of the outcome"),
  version: z.string(),
  seed: z.string(),
  verdict: z.enum(verdictNames),
  durationMs: z.number().min(0),
  runs: z.array(
    z.strictObject({
      scenario: z.string(),
      preset: z.string(),
      target: z.string(),
      verdict: z.enum(verdictNames),
      judged: z.int().min(0),
      cycles: z.int().min(0).exactOptional().describe("kills or recordings that were judged"),
      cyclesViolated: z.int().min(0).exactOptional(),
      detectedMs: z.number().min(0).nullable().exactOptional().describe("from its start to the first violated cycle"),
      lossAgeMsMax: z.number().min(0),
      recoveryMsMedian: z.number().min(0),
      findings: z.array(
        z.strictObject({ fingerprint: z.string(), kind: z.enum(findingKinds), level: z.string(), known: z.boolean() }),
      ),
    }),
  ),
});

export type Night = z.output<typeof lineSchema>;

/** What the outcome does not say of a run. */
export type Trials = Pick<Night["runs"][number], "cycles" | "cyclesViolated" | "detectedMs">;

export const triageStates = ["new", "regressed", "ongoing", "known", "resolved"] as const;

export interface Triaged {
  readonly state: (typeof triageStates)[number];
  readonly fingerprint: string;
  readonly scenario: string;
  readonly preset: string;
  readonly target: string;
  /** When it was first and last seen, ISO. */
  readonly firstSeen: string;
  readonly lastSeen: string;
}

/** @param trials in the order of the runs; absent where nobody counted */
export function nightOf(outcome: Outcome, what: string, outcomeFile: string, trials: readonly Trials[] = []): Night {
  return {
    schema: "lossbound/night@1",
    startedAt: outcome.startedAt,
    what,
    outcome: outcomeFile,
    version: outcome.version,
    seed: outcome.seed,
    verdict: outcome.verdict,
    durationMs: outcome.durationMs,
    runs: outcome.runs.map(({ scenario, preset, target, verdict, crashStates, loss, recovery, findings }, index) => ({
      ...trials[index],
      scenario,
      preset,
      target,
      verdict,
      judged: crashStates.judged,
      lossAgeMsMax: loss.ageMsMax,
      recoveryMsMedian: recovery.msMedian,
      findings: findings.map(({ fingerprint, kind, level, known }) => ({ fingerprint, kind, level, known })),
    })),
  };
}

/** The nights of a history, oldest first. A line that is torn or of another version is left out, and counted. */
export function readNights(text: string): { readonly nights: readonly Night[]; readonly unread: number } {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const nights = lines.flatMap((line) => nightIn(line) ?? []);
  return { nights, unread: lines.length - nights.length };
}

function nightIn(line: string): Night | undefined {
  try {
    return lineSchema.safeParse(JSON.parse(line)).data;
  } catch (error) {
    // A night that was killed while it wrote its line leaves half of one.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A night as a point of a trend: all its runs together. */
export interface TrendPoint {
  readonly startedAt: string;
  readonly verdict: Night["verdict"];
  /** Kills or recordings; 0 where nobody counted. */
  readonly cycles: number;
  readonly cyclesViolated: number;
  /** From the start of the first run that was violated to its first violated cycle; null when none was. */
  readonly detectedMs: number | null;
  readonly lossAgeMsMax: number;
  /** Of the slowest of its runs. */
  readonly recoveryMsMedian: number;
}

/** The nights of the same kind as the last one, up to `max` of them, oldest first. */
export function trendOf(nights: readonly Night[], max: number): TrendPoint[] {
  const last = nights.at(-1);
  const alike = nights.filter(({ what }) => what === last?.what).slice(-max);
  return alike.map(({ startedAt, verdict, runs }) => {
    const sum = (of: (run: Night["runs"][number]) => number) => runs.reduce((total, run) => total + of(run), 0);
    const most = (of: (run: Night["runs"][number]) => number) => runs.reduce((top, run) => Math.max(top, of(run)), 0);
    return {
      startedAt,
      verdict,
      cycles: sum(({ cycles = 0 }) => cycles),
      cyclesViolated: sum(({ cyclesViolated = 0 }) => cyclesViolated),
      detectedMs: runs.find(({ detectedMs }) => typeof detectedMs === "number")?.detectedMs ?? null,
      lossAgeMsMax: most((run) => run.lossAgeMsMax),
      recoveryMsMedian: most((run) => run.recoveryMsMedian),
    };
  });
}

/** What the last of these nights found, beside those before it; the worst news first. */
export function triage(nights: readonly Night[]): Triaged[] {
  const last = nights.at(-1);
  if (last === undefined) return [];
  const triaged = last.runs.flatMap((run) => {
    const same = (other: Night["runs"][number]) =>
      other.scenario === run.scenario && other.preset === run.preset && other.target === run.target;
    const told = nights.flatMap(({ startedAt, runs }) => runs.filter(same).map((of) => ({ startedAt, of })));
    // What judged nothing does not resolve anything.
    const spoken = told.filter(({ of }) => of.judged > 0 || of.findings.length > 0);
    if (run.judged === 0 && run.findings.length === 0) return [];
    return triageOfRun(spoken).map(({ state, fingerprint, firstSeen, lastSeen }) => {
      const { scenario, preset, target } = run;
      return { state, fingerprint, scenario, preset, target, firstSeen, lastSeen };
    });
  });
  return triaged.sort((one, other) => triageStates.indexOf(one.state) - triageStates.indexOf(other.state));
}

interface Told {
  readonly startedAt: string;
  readonly of: Night["runs"][number];
}

type OfRun = Pick<Triaged, "state" | "fingerprint" | "firstSeen" | "lastSeen">;

function triageOfRun(told: readonly Told[]): OfRun[] {
  const fingerprints = new Set(told.flatMap(({ of }) => of.findings.map(({ fingerprint }) => fingerprint)));
  const now = told.at(-1)?.of;
  const before = told.at(-2)?.of;
  return [...fingerprints].flatMap((fingerprint): OfRun[] => {
    const has = (of: Told["of"] | undefined) => of?.findings.find((finding) => finding.fingerprint === fingerprint);
    const seen = told.filter(({ of }) => has(of) !== undefined).map(({ startedAt }) => startedAt);
    const found = has(now);
    const times = { fingerprint, firstSeen: seen[0] ?? "", lastSeen: seen.at(-1) ?? "" };
    if (found === undefined) return has(before) === undefined ? [] : [{ state: "resolved", ...times }];
    if (found.known) return [{ state: "known", ...times }];
    if (seen.length === 1) return [{ state: "new", ...times }];
    return [{ state: has(before) === undefined ? "regressed" : "ongoing", ...times }];
  });
}
