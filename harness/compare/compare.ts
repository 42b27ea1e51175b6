/**
 * Presets side by side: each is run in turns with the others, on the same seeds, so that a machine that grows slow does so
 * for all of them. The first turn warms up and does not count.
 *
 *     warm-up   A B C D          one kill each, thrown away
 *     round 1   A B C D ─┐
 *     round 2   B C D A  ├ a third of the time: kills, pace, recovery
 *     round 3   C D A B ─┘
 *     big       A B C D          one kill each with much data: recovery by size
 *     power     A B C D          the rest: every power cut of one recorded run each
 */
import { availableParallelism } from "node:os";
import type { ComparedLoss, ComparisonEntry } from "../../reports/comparison.ts";
import type { Pace, RunDetail } from "../../reports/detail.ts";
import { type Run, worst } from "../../reports/outcome.ts";
import type { Preset } from "../../scenarios/preset.ts";
import type { Budget, Scenario } from "../../scenarios/scenario.ts";
import { VolumeUnavailable } from "../disk/volume.ts";
import type { RunRequest, RunResult, RunScenario } from "../run-request.ts";
import { meanInterval95, percentile } from "../statistics.ts";
import { TargetUnavailable } from "../targets/target.ts";
import { bigKillCompared, killCompared, powerCutCompared } from "./scenarios.ts";

export interface Contender {
  readonly target: string;
  readonly preset: Preset;
}

export interface CompareRequest {
  readonly contenders: readonly Contender[];
  readonly seed: string;
  readonly timeMs: number;
  readonly bundlesDir: string;
  readonly signal: AbortSignal;
}

export interface CompareWatch {
  /** Told before each run, for progress. */
  begins(what: string): void;
}

/** Kills of one contender in one round. */
const killsInARound = 2;
const leastPowerTimeMs = 10_000;

/** @throws TargetUnavailable when a target cannot be run at all */
export async function comparePresets(
  request: CompareRequest,
  runScenario: RunScenario,
  watch: CompareWatch,
  nowMs: () => number = () => performance.now(),
): Promise<ComparisonEntry[]> {
  const { contenders, seed, signal, timeMs } = request;
  const startedMs = nowMs();
  const goesOn = () => !signal.aborted;
  const play = (contender: Contender, scenario: Scenario, budget: Budget, of: string) => {
    watch.begins(`${contender.preset.name} on ${contender.target}: ${of}`);
    return runScenario(requestFor(contender, scenario, budget, `${seed}/${of.replaceAll(" ", "-")}`, request), {
      cycleEnded: () => undefined,
    });
  };

  const kills = contenders.map((): RunResult[] => []);
  for (const contender of contenders) if (goesOn()) await play(contender, killCompared, { runs: 1 }, "warm-up");
  for (let round = 0; goesOn() && (round === 0 || nowMs() - startedMs < timeMs / 3); round++) {
    for (let turn = 0; turn < contenders.length && goesOn(); turn++) {
      const index = (round + turn) % contenders.length;
      const contender = contenders[index] as Contender;
      kills[index]?.push(await play(contender, killCompared, { runs: killsInARound }, `round ${round + 1}`));
    }
  }
  const big: (RunResult | undefined)[] = [];
  for (const contender of contenders) {
    if (goesOn()) big.push(await play(contender, bigKillCompared, { runs: 1 }, "much data"));
  }
  const cuts: (RunResult | string)[] = [];
  for (const [index, contender] of contenders.entries()) {
    if (!goesOn()) break;
    const leftMs = (timeMs - (nowMs() - startedMs)) / (contenders.length - index);
    const budget = { runs: 1, timeMs: Math.max(leastPowerTimeMs, leftMs) };
    cuts.push(await powerCut(() => play(contender, powerCutCompared, budget, "power cuts")));
  }
  const entries = contenders.map((contender, index) =>
    entryOf(contender, {
      kills: kills[index] ?? [],
      big: big[index],
      cut: cuts[index] ?? "it was interrupted before",
    }),
  );
  return entries.map((entry) => ({ ...entry, against: against(entry, entries[0] as ComparisonEntry) }));
}

/** Where no power can be cut the comparison goes on without, and says why. */
async function powerCut(play: () => Promise<RunResult>): Promise<RunResult | string> {
  try {
    return await play();
  } catch (error) {
    if (error instanceof VolumeUnavailable || error instanceof TargetUnavailable) return error.message;
    throw error;
  }
}

function requestFor(
  { target, preset }: Contender,
  scenario: Scenario,
  budget: Budget,
  seed: string,
  { bundlesDir, signal }: CompareRequest,
): RunRequest {
  // One kill at a time: what runs beside it would be measured too. Of power cuts no time is measured.
  const jobs = scenario.fault.kind === "power-cut" ? availableParallelism() : 1;
  return { scenario, preset, target, seed, budget, jobs, bundlesDir, keep: false, signal };
}

interface Played {
  readonly kills: readonly RunResult[];
  readonly big: RunResult | undefined;
  /** Or why the power could not be cut. */
  readonly cut: RunResult | string;
}

function entryOf({ target, preset }: Contender, { kills, big, cut }: Played): ComparisonEntry {
  const power = typeof cut === "string" ? undefined : cut;
  const others = [...(big === undefined ? [] : [big]), ...(power === undefined ? [] : [power])];
  const runs = [...kills, ...others].map(({ run }) => run);
  const details = kills.flatMap(({ detail }) => detail ?? []);
  const paces = details.flatMap((detail) => detail.paces ?? []);
  const recoveries = details.flatMap((detail) => detail.recoveries);
  const verdict = worst(runs.map((run) => run.verdict));
  const interval = meanInterval95(paces.map(({ callsPerSecond }) => callsPerSecond));
  const ackedBytes = sum(paces, ({ ackedBytes: of }) => of);
  const recorded = power?.detail?.paces ?? [];
  const bigRecoveries = big?.detail?.recoveries ?? [];
  return {
    target,
    preset: preset.name,
    verdict,
    why: verdict === "unknown" ? (runs.find(({ why }) => why !== undefined)?.why ?? "nothing was judged") : "",
    promised: { killed: preset.promise.killed, powerLost: preset.promise.powerLost },
    cycles: paces.length,
    callsPerSecond: interval,
    against: "first",
    latencyMsP50: percentile(
      paces.map(({ latencyMsP50 }) => latencyMsP50),
      0.5,
    ),
    latencyMsP99: Math.max(0, ...paces.map(({ latencyMsP99 }) => latencyMsP99)),
    killed: lossOf(details.flatMap((detail) => detail.losses)),
    powerLost: power === undefined ? null : lossOfRun(power.run),
    powerWhy: typeof cut === "string" ? cut : "",
    recovery: {
      msMedian: percentile(
        recoveries.map(({ ms }) => ms),
        0.5,
      ),
      msMax: Math.max(0, ...recoveries.map(({ ms }) => ms)),
      dataBytesMedian: percentile(
        recoveries.map(({ dataBytes }) => dataBytes),
        0.5,
      ),
      bySize: [recoveries, bigRecoveries].flatMap(recoveryOf),
    },
    diskBytesPerAckedByte: ackedBytes === 0 ? 0 : sum(paces, ({ dataBytes }) => dataBytes) / ackedBytes,
    writtenBytesPerAckedByte: writtenPerAcked(recorded),
    rewrites: sum([...paces, ...recorded], ({ rewrites }) => rewrites),
    memoryBytesMax: Math.max(0, ...paces.map(({ memoryBytesMax }) => memoryBytesMax)),
  };
}

type BySize = ComparisonEntry["recovery"]["bySize"];

function recoveryOf(recoveries: RunDetail["recoveries"]): BySize {
  if (recoveries.length === 0) return [];
  const median = (of: (recovery: RunDetail["recoveries"][number]) => number) => percentile(recoveries.map(of), 0.5);
  return [
    {
      dataBytesMedian: median(({ dataBytes }) => dataBytes),
      msMedian: median(({ ms }) => ms),
      starts: recoveries.length,
    },
  ];
}

function writtenPerAcked(recorded: readonly Pace[]): number | null {
  const ackedBytes = sum(recorded, ({ ackedBytes: of }) => of);
  return ackedBytes === 0 ? null : sum(recorded, ({ writtenBytes }) => writtenBytes ?? 0) / ackedBytes;
}

function lossOf(losses: RunDetail["losses"]): ComparedLoss {
  const agesMs = losses.map(({ ageMs }) => ageMs);
  return {
    crashStates: losses.length,
    ackedMax: Math.max(0, ...losses.map(({ acked }) => acked)),
    ageMsMedian: percentile(agesMs, 0.5),
    ageMsP99: percentile(agesMs, 0.99),
    ageMsMax: Math.max(0, ...agesMs),
  };
}

function lossOfRun({ loss, crashStates }: Run): ComparedLoss {
  const { ackedMax, ageMsMedian, ageMsP99, ageMsMax } = loss;
  return { crashStates: crashStates.judged, ackedMax, ageMsMedian, ageMsP99, ageMsMax };
}

/** A difference is one only where the intervals do not meet. */
function against(entry: ComparisonEntry, first: ComparisonEntry): ComparisonEntry["against"] {
  if (entry === first) return "first";
  if (entry.callsPerSecond.low > first.callsPerSecond.high) return "faster";
  return entry.callsPerSecond.high < first.callsPerSecond.low ? "slower" : "within noise";
}

function sum(paces: readonly Pace[], of: (pace: Pace) => number): number {
  return paces.reduce((total, pace) => total + of(pace), 0);
}
