/**
 * What a summary of explorations has added up, as plain data: a shard writes one for each cycle it had, and whoever joins
 * them in the order of the cycles has what one process would have.
 */
import { createHash } from "node:crypto";
import type { Finding as ReportedFinding, Run, VerdictName } from "../../reports/outcome.ts";
import type { Grade } from "../disk/disk-model.ts";
import type { DurabilityTally } from "../measure/durability.ts";

/** A finding as the run shows it: once for each fingerprint. */
export interface Shown {
  readonly grade: Grade;
  readonly reported: ReportedFinding;
  readonly recordingsSeen: number;
}

export const summands = [
  "recordings",
  "recordingsViolated",
  "trialsPending",
  "bootedStates",
  "refusals",
  "exploringMs",
  "recordedNs",
] as const;

export interface ExplorationTally extends Record<(typeof summands)[number], number> {
  readonly troubles: readonly string[];
  readonly verdicts: readonly VerdictName[];
  readonly shown: readonly Shown[];
  readonly calls: Run["calls"];
  readonly states: Required<Omit<Run["crashStates"], "perSecond">>;
  readonly loss: Pick<Run["loss"], "ackedMax" | "ageMsMax" | "longestSyncMs" | "longestStallMs">;
  readonly byModel: readonly (readonly [name: string, row: { states: number; violations: number }])[];
  readonly promises: Run["promises"];
  readonly windows: readonly (readonly [name: string, window: { crashPoints: number; openNs: number }])[];
  readonly agesMs: readonly (readonly [value: number, weight: number])[];
  readonly recoveriesMs: readonly number[];
  readonly digests: readonly string[];
  readonly durability: DurabilityTally;
}

/** Each number of the second is added to that of the first. */
export function addUp<Name extends string>(to: Record<Name, number>, more: Readonly<Record<Name, number>>): void {
  for (const name of Object.keys(more) as Name[]) to[name] += more[name];
}

/** Each number of the first becomes the greater of both. */
export function raise<Name extends string>(to: Record<Name, number>, other: Readonly<Record<Name, number>>): void {
  for (const name of Object.keys(other) as Name[]) to[name] = Math.max(to[name], other[name]);
}

/** Of one recording its own; of several the digest of all, in order. */
export function digestOfAll(digests: readonly string[]): string {
  const [only = "", ...more] = digests;
  return more.length === 0 ? only : createHash("sha256").update(digests.join("\n")).digest("hex");
}
