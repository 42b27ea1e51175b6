/**
 * The hunt: a scenario that ships, on a store with a planted bug, until it finds the bug under its name or its budget is
 * used; and the same scenario on the correct store, which must find nothing (N3).
 */
import type { Catalogue } from "../../scenarios/catalogue.ts";
import type { FindingKind } from "../oracle/checker.ts";
import type { CycleSummary, RunRequest, RunResult, RunScenario } from "../run-request.ts";
import type { FoundBy, PlantedBug } from "./planted-bug.ts";

/** What hunts share. */
export interface HuntingGround {
  readonly catalogue: Catalogue;
  readonly runScenario: RunScenario;
  /** Cycles at a time. */
  readonly jobs: number;
  /** Where bundles go; exists. */
  readonly bundlesDir: string;
  readonly signal: AbortSignal;
}

export interface Hunt {
  readonly found: boolean;
  /** From the first start of the store to the finding, or to the end of the budget. */
  readonly tookMs: number;
  readonly cycles: number;
  /** Judged until then: kills, or states that a power cut may leave. */
  readonly crashStates: number;
  /** What was found under other names until then. */
  readonly others: readonly FindingKind[];
}

/** What a simulated world is like is drawn, and not each has what a bug needs: so many are tried. */
const worldsMax = 60;

/** @throws TargetUnavailable */
export async function hunt(bug: PlantedBug, by: FoundBy, seed: string, ground: HuntingGround): Promise<Hunt> {
  const caught = new AbortController();
  const kinds = new Set<FindingKind>();
  const rightNames = new Set([by.kind, ...(by.orAs ?? [])]);
  const isFound = () => [...kinds].some((kind) => rightNames.has(kind));
  let cycles = 0;
  let judgedStates = 0;
  const judged = (found: readonly FindingKind[]) => {
    judgedStates++;
    for (const kind of found) kinds.add(kind);
    if (isFound()) caught.abort();
  };
  const cycleEnded = (cycle: CycleSummary) => {
    cycles = cycle.done;
    for (const kind of cycle.kinds) kinds.add(kind);
    if (isFound()) caught.abort();
  };
  const signal = AbortSignal.any([caught.signal, ground.signal]);
  const beganMs = performance.now();
  const asShipped = requestFor(by, `:${bug.name}`, seed, { ...ground, signal });
  const request = by.where === "process" ? asShipped : { ...asShipped, budget: { runs: worldsMax } };
  await ground.runScenario(request, { cycleEnded, judged });
  const tookMs = performance.now() - beganMs;
  const others = [...kinds].filter((kind) => !rightNames.has(kind));
  return { found: isFound(), tookMs, cycles, crashStates: Math.max(judgedStates, cycles), others };
}

/** What a scenario says of the store without a bug: anything but `held` is a false alarm, or tests nothing. */
export async function huntNothing(by: FoundBy, seed: string, ground: HuntingGround): Promise<RunResult["run"]> {
  const { run } = await ground.runScenario(requestFor(by, "", seed, ground), { cycleEnded: () => undefined });
  return run;
}

/** @param bug `:NAME`; nothing: the correct store. */
function requestFor(by: FoundBy, bug: string, seed: string, ground: HuntingGround): RunRequest {
  const { catalogue, jobs, bundlesDir, signal } = ground;
  const scenario = catalogue.scenario(by.scenario).value;
  const preset = catalogue.preset(by.preset);
  const onProcess = bug === "" ? "bundled" : `planted${bug}`;
  const target = by.where === "process" ? onProcess : `simulated${bug}`;
  return { scenario, preset, target, seed, budget: scenario.budget, jobs, bundlesDir, keep: false, signal };
}
