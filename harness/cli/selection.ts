/**
 * From words on the command line to pairs of scenario and preset (N2):
 *
 *     a scenario that is named     every pair must suit: what does not is an error, with the place that says so
 *     a scenario out of a group    pairs that do not suit are left out, and it is told which
 */
import type { Catalogue } from "../../scenarios/catalogue.ts";
import type { Group } from "../../scenarios/group.ts";
import type { Parsed } from "../../scenarios/parse.ts";
import type { Preset } from "../../scenarios/preset.ts";
import { BadFile } from "../../scenarios/problem.ts";
import type { Budget, Scenario } from "../../scenarios/scenario.ts";
import { hint } from "../../scenarios/suggest.ts";
import { targetKindOf } from "../targets/targets.ts";
import { Exit, exitCodes } from "./exit.ts";

export interface Pair {
  readonly scenario: Scenario;
  readonly preset: Preset;
  readonly target: string;
  readonly budget: Budget;
  /** Nobody named it, a group brought it: what this machine has not got for it, it may be left out for. */
  readonly fromGroup: boolean;
}

export interface Selection {
  readonly pairs: readonly Pair[];
  /** What a group names and was not run, with the reason: never a silent skip. */
  readonly leftOut: readonly string[];
}

export interface Wishes {
  /** Groups, scenarios, files. */
  readonly names: readonly string[];
  /** Empty: those that the scenarios name. */
  readonly presets: readonly string[];
  /** Absent: those that the scenarios name. */
  readonly target: string | undefined;
}

/** @throws BadFile, UnknownName, Exit */
export function select(wishes: Wishes, catalogue: Catalogue): Selection {
  const parts = wishes.names.map((name) =>
    catalogue.groupNames().includes(name) ? ofGroup(name, wishes, catalogue) : ofScenario(name, wishes, catalogue),
  );
  const pairs = withoutRepetition(parts.flatMap((part) => part.pairs));
  const leftOut = parts.flatMap((part) => part.leftOut);
  if (pairs.length === 0) {
    throw new Exit(exitCodes.nothing, ["nothing is left to run:", ...leftOut.map((each) => `  ${each}`)].join("\n"));
  }
  return { pairs, leftOut };
}

function ofScenario(name: string, wishes: Wishes, catalogue: Catalogue): Selection {
  const parsed = readScenario(name, catalogue);
  const candidates = candidatesOf(parsed, wishes.presets, undefined, wishes, catalogue);
  for (const { unsuited } of candidates) if (unsuited !== undefined) throw unsuited.error;
  return { pairs: candidates.map(({ pair }) => pair), leftOut: [] };
}

function ofGroup(name: string, wishes: Wishes, catalogue: Catalogue): Selection {
  const candidates = catalogue.group(name).value.members.flatMap((member) => {
    const wanted = wishes.presets.length > 0 ? wishes.presets : (member.presets ?? []);
    return candidatesOf(catalogue.scenario(member.scenario), wanted, member, wishes, catalogue);
  });
  return {
    pairs: candidates.filter(({ unsuited }) => unsuited === undefined).map(({ pair }) => pair),
    leftOut: reasonsOf(candidates),
  };
}

/** A name that is neither: the hint must know groups and scenarios alike. */
function readScenario(name: string, catalogue: Catalogue): Parsed<Scenario> {
  try {
    return catalogue.scenario(name);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "UnknownName") throw error;
    const known = [...catalogue.groupNames(), ...catalogue.scenarioNames()];
    throw new Exit(exitCodes.usage, `there is no scenario, group or file ${name}: ${hint(name, known)}`);
  }
}

interface Candidate {
  readonly pair: Pair;
  readonly unsuited: { readonly reason: string; readonly error: Error } | undefined;
}

/** A line for each scenario and reason, with all the presets that it is about. */
function reasonsOf(candidates: readonly Candidate[]): string[] {
  const presets = new Map<string, { scenario: string; reason: string; names: string[] }>();
  for (const { pair, unsuited } of candidates) {
    if (unsuited === undefined) continue;
    const key = `${pair.scenario.name} ${unsuited.reason}`;
    const line = presets.get(key) ?? { scenario: pair.scenario.name, reason: unsuited.reason, names: [] };
    line.names.push(pair.preset.name);
    presets.set(key, line);
  }
  return [...presets.values()].map(({ scenario, reason, names }) => `${scenario} with ${names.join(", ")}: ${reason}`);
}

function candidatesOf(
  parsed: Parsed<Scenario>,
  presets: readonly string[],
  member: Group["members"][number] | undefined,
  wishes: Wishes,
  catalogue: Catalogue,
): Candidate[] {
  const scenario = parsed.value;
  const target = wishes.target ?? scenario.target;
  const { runs, time } = member ?? {};
  const own = { ...(runs !== undefined && { runs }), ...(time !== undefined && { timeMs: time }) };
  const budget = Object.keys(own).length === 0 ? scenario.budget : own;
  const fromGroup = member !== undefined;
  return (presets.length > 0 ? presets : scenario.presets).map((name) => {
    const preset = catalogue.preset(name);
    return {
      pair: { scenario, preset, target, budget, fromGroup },
      unsuited: whyUnsuited(parsed, preset, target, catalogue),
    };
  });
}

function whyUnsuited(
  parsed: Parsed<Scenario>,
  preset: Preset,
  target: string,
  catalogue: Catalogue,
): Candidate["unsuited"] {
  const { name, suits } = parsed.value;
  const kind = targetKindOf(target);
  if (!suitsPreset(parsed.value, preset, catalogue)) {
    const reason = `it suits ${(suits.presets ?? []).join(", ")}`;
    const message = `${name} does not suit preset ${preset.name}: ${reason}`;
    return { reason, error: new BadFile([parsed.problemAt(["suits", "presets"], message)]) };
  }
  const able = suits.targets.includes(kind) ? preset.targets : suits.targets;
  if (able.includes(kind)) return undefined;
  const reason = `it needs a target that is ${able.join(" or ")}, and ${target} is ${kind}`;
  return { reason, error: new Exit(exitCodes.unable, `${name} with preset ${preset.name}: ${reason}`) };
}

/** A preset of the user is as good as the shipped ones whose promise it gives. */
function suitsPreset({ suits }: Scenario, preset: Preset, catalogue: Catalogue): boolean {
  if (suits.presets === undefined || suits.presets.includes(preset.name)) return true;
  if (catalogue.presetNames().includes(preset.name)) return false;
  return suits.presets.some((name) => catalogue.preset(name).promise.row === preset.promise.row);
}

/** Named twice, or named beside a group that holds it: run once, as it was asked for first. */
function withoutRepetition(pairs: readonly Pair[]): Pair[] {
  const seen = new Map<string, Pair>();
  for (const pair of pairs) {
    const name = JSON.stringify([pair.scenario.name, pair.preset.name, pair.target]);
    if (!seen.has(name)) seen.set(name, pair);
  }
  return [...seen.values()];
}
