/** What every run does before its first cycle: asks the store who it is, plans, and refuses what cannot be done. */
import { faultOf } from "./faults/faults.ts";
import { operations } from "./operations/operations.ts";
import type { PresetPromise } from "./oracle/evidence.ts";
import { configOf, makePlan, type Plan } from "./plan.ts";
import type { RunRequest } from "./run-request.ts";
import { lastValue, savePointsOf } from "./targets/config-file.ts";
import { type Config, RefusedToStart, type StoreIdentity, type Target, TargetUnavailable } from "./targets/target.ts";

/** Also shows that the store understands the config, on an empty folder where nothing else can keep it from starting. */
export async function identify(
  target: Target,
  { scenario, preset }: Pick<RunRequest, "scenario" | "preset">,
): Promise<StoreIdentity> {
  const config = configOf(scenario, preset);
  mustKeepKeys(config, preset.name);
  try {
    return await target.identify(config);
  } catch (error) {
    if (!(error instanceof RefusedToStart)) throw error;
    const log = error.lastLogLines.slice(-3).join("\n  ");
    throw new TargetUnavailable(`${target.name} does not start with preset ${preset.name}:\n  ${log}`);
  }
}

/**
 * A store that evicts removes what it acked, as it was told to: of a key that is not there nobody could say whether it was
 * lost. What is beyond the limit must be refused instead.
 * @throws TargetUnavailable
 */
function mustKeepKeys(config: Config, preset: string): void {
  const limit = lastValue(config, "maxmemory") ?? "0";
  const policy = lastValue(config, "maxmemory-policy")?.toLowerCase() ?? "noeviction";
  if (Number.parseInt(limit, 10) === 0 || policy === "noeviction") return;
  throw new TargetUnavailable(
    `preset ${preset} has maxmemory ${limit} with maxmemory-policy ${policy}: such a store removes keys that it acked, and ` +
      "no check can tell that from a loss. Set maxmemory-policy noeviction, or leave maxmemory out",
  );
}

export function planFor(
  { scenario, preset, seed }: RunRequest,
  store: StoreIdentity,
  target: Target,
  cycle: number,
): Plan {
  const { redisVersion, unknownCommands } = store;
  const known = target.commands;
  const notNamed = known === undefined ? [] : [...operations.keys()].filter((name) => !known.has(name));
  const withoutCommands = [...new Set([...unknownCommands, ...notNamed])].sort();
  return makePlan({ scenario, preset, seed, cycle, words: { redisVersion, withoutCommands } });
}

/** @throws TargetUnavailable */
export function mustSuit(plan: Plan, target: Target): void {
  for (const link of plan.links) {
    const refusal = faultOf(link).refuses(link, target);
    if (refusal !== undefined) throw new TargetUnavailable(`${plan.scenario}: ${refusal}`);
  }
}

/** What a preset promises, by the config as it is. */
export function promiseOf(row: PresetPromise["row"], store: StoreIdentity, config: Config): PresetPromise {
  const says = (name: string) => lastValue(config, name) === "yes";
  const ticksPerSecond = Number(lastValue(config, "hz") ?? ticksPerSecondDefault);
  return {
    row,
    store,
    savePoints: savePointsOf(config),
    ...(says("lossbound-write-before-reply") && { writesBeforeReply: true }),
    ...(says("lossbound-aof-batch-checksum") && { attestsEveryMs: 1_000 / ticksPerSecond }),
  };
}

const ticksPerSecondDefault = 10;

export function todayIso(): string {
  return new Date().toISOString().slice(0, 10);
}
