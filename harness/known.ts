/** Findings that a scenario lists as known: shown, and failing nothing, until their day has come. */
import type { Scenario } from "../scenarios/scenario.ts";
import type { Finding } from "./oracle/checker.ts";
import type { StoreIdentity } from "./targets/target.ts";

/** @param todayIso `2026-01-31` */
export function isKnown(
  { expect }: Scenario,
  { fingerprint }: Finding,
  { name, version }: Pick<StoreIdentity, "name" | "version">,
  todayIso: string,
): boolean {
  return expect.known.some(
    (entry) =>
      entry.fingerprint === fingerprint &&
      entry.until >= todayIso &&
      (entry.store === undefined || `${name} ${version}`.startsWith(entry.store)),
  );
}
