/**
 * Several shards become one result: the cycles of all, each once, added up in their order by the same summaries that add
 * up a run of one process.
 *
 *     shard 1   1   5   9  ┐
 *     shard 2   2   6   10 ├─ 1 2 3 4 5 6 7 8 9 10 ─▶ the run
 *     shard 3   3   7      │
 *     shard 4   4   8      ┘     a shard that was run twice is there once; one that is missing makes the run unknown
 */
import type { RunDetail } from "../reports/detail.ts";
import type { PowerCut, Scenario } from "../scenarios/scenario.ts";
import { diskModelNamed } from "./disk/disk-models.ts";
import { ExplorationSummary } from "./explore/exploration-summary.ts";
import type { ExplorationTally } from "./explore/exploration-tally.ts";
import type { RunResult } from "./run-request.ts";
import { RunSummary, type RunTally } from "./run-summary.ts";
import type { CyclePart, PartTitle, RunParts, Shard } from "./shard.ts";

/** What a shard brought. */
export interface ShardResult {
  readonly shard: Shard;
  readonly interrupted: boolean;
  /** In the same order in every shard. */
  readonly results: readonly RunResult[];
}

/** They are not shards of one night. */
export class NotOneNight extends Error {
  override readonly name = "NotOneNight";
}

export interface Merged {
  readonly results: readonly RunResult[];
  readonly scenarios: readonly Scenario[];
  /** What is not as it should be, a sentence each. */
  readonly notes: readonly string[];
}

/** @throws NotOneNight */
export function mergeShards(brought: readonly ShardResult[]): Merged {
  const [first] = brought;
  if (first === undefined) throw new NotOneNight("there is no shard");
  const { count } = first.shard;
  const other = brought.find(({ shard }) => shard.count !== count);
  if (other !== undefined) {
    throw new NotOneNight(`one is of ${count} shards, another of ${other.shard.count}`);
  }
  const { chosen, notes } = onceEach(brought);
  const gaps = [
    ...missingOf(chosen, count).map((index) => `shard ${index} of ${count} is missing`),
    ...chosen.flatMap(({ shard, interrupted }) =>
      interrupted ? [`shard ${shard.index} of ${count} was interrupted`] : [],
    ),
  ];
  const length = Math.max(...chosen.map(({ results }) => results.length));
  const runs = Array.from({ length }, (_, index) => joined(chosen, index, gaps));
  return {
    results: runs.map(({ result }) => result),
    scenarios: runs.map(({ scenario }) => scenario),
    notes: [...notes, ...gaps],
  };
}

/** Of a shard that was run twice the one that came further. */
function onceEach(brought: readonly ShardResult[]): { chosen: ShardResult[]; notes: string[] } {
  const byIndex = new Map<number, ShardResult>();
  const notes: string[] = [];
  for (const each of brought) {
    const { index, count } = each.shard;
    const before = byIndex.get(index);
    if (before !== undefined) notes.push(`shard ${index} of ${count} is there twice, and counts once`);
    if (before === undefined || cyclesIn(each) > cyclesIn(before)) byIndex.set(index, each);
  }
  return { chosen: [...byIndex.values()].sort((one, two) => one.shard.index - two.shard.index), notes };
}

function cyclesIn({ results }: ShardResult): number {
  return results.reduce((sum, { parts }) => sum + (parts?.cycles.length ?? 0), 0);
}

function missingOf(chosen: readonly ShardResult[], count: number): number[] {
  const there = new Set(chosen.map(({ shard }) => shard.index));
  return Array.from({ length: count }, (_, index) => index + 1).filter((index) => !there.has(index));
}

function joined(
  shards: readonly ShardResult[],
  index: number,
  gaps: readonly string[],
): { result: RunResult; scenario: Scenario } {
  const all = shards.flatMap(({ results }) => results[index] ?? []);
  const parts = all.flatMap((result) => result.parts ?? []);
  const title = titleOfAll(parts);
  const failed = all.flatMap(({ parts: none, run }) => (none === undefined ? [run.why ?? "it was not played"] : []));
  const cycles = [...new Map(parts.flatMap((part) => part.cycles.map((each) => [each.cycle, each] as const))).values()];
  cycles.sort((one, other) => one.cycle - other.cycle);
  const sums = addedUp(title, cycles, [...gaps, ...failed]);
  const detail = joinDetails(all.flatMap((result) => result.detail ?? []));
  const { name, version } = title.store;
  return {
    result: { ...sums, target: { name, version }, ...(detail !== undefined && { detail }) },
    scenario: title.scenario,
  };
}

function titleOfAll(parts: readonly RunParts[]): PartTitle {
  const [first, ...rest] = parts.map(({ title }) => title);
  if (first === undefined) throw new NotOneNight("no shard could play this run at all: their own reports say why");
  for (const title of rest) {
    for (const key of Object.keys(first) as (keyof PartTitle)[]) {
      // A night may go past midnight, and machines need not be the same in what they do not know.
      if (key === "todayIso" || JSON.stringify(title[key]) === JSON.stringify(first[key])) continue;
      const [one, other] = [first, title].map((each) => (typeof each[key] === "string" ? ` (${each[key]})` : ""));
      throw new NotOneNight(`${first.scenario.name}: they differ in ${key}${one}${other}`);
    }
  }
  return first;
}

function addedUp(
  title: PartTitle,
  cycles: readonly CyclePart[],
  troubles: readonly string[],
): Pick<RunResult, "run" | "cycles" | "cyclesViolated"> {
  if (title.engine === "live") {
    const summary = new RunSummary(title, title.todayIso);
    for (const { tally } of cycles) summary.join(tally as RunTally);
    for (const why of troubles) summary.addTrouble(why);
    return { run: summary.outcome(), cycles: summary.cycles, cyclesViolated: summary.cyclesViolated };
  }
  const scenario = title.scenario as Scenario & { readonly fault: PowerCut };
  const models = title.models.map(diskModelNamed);
  const summary = new ExplorationSummary({ ...title, engine: title.engine, scenario, models });
  for (const { tally } of cycles) summary.join(tally as ExplorationTally);
  for (const why of troubles) summary.addTrouble(why);
  return { run: summary.outcome(), cycles: summary.recordings, cyclesViolated: summary.recordingsViolated };
}

/** For the page: all that each shard would have drawn, on one axis. */
function joinDetails(details: readonly RunDetail[]): RunDetail | undefined {
  const [first] = details;
  if (first === undefined) return undefined;
  const rows = new Map<string, RunDetail["crashMap"][number]>();
  for (const row of details.flatMap(({ crashMap }) => crashMap)) {
    const cells = [...(rows.get(row.name)?.cells ?? []), ...row.cells];
    rows.set(row.name, { ...row, cells: cells.sort((one, other) => one.atMs - other.atMs) });
  }
  return {
    ...first,
    durationMs: Math.max(...details.map(({ durationMs }) => durationMs)),
    crashMap: [...rows.values()],
    losses: details.flatMap(({ losses }) => losses),
    recoveries: details.flatMap(({ recoveries }) => recoveries),
    paces: details.flatMap(({ paces = [] }) => paces),
    timelines: details.flatMap(({ timelines }) => timelines),
  };
}
