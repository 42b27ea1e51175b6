/** Puts one claim to the test: its check looks, and what it saw is the verdict. What cannot be judged is unknown. */
import type { Catalogue } from "../../scenarios/catalogue.ts";
import type { Claim, ClaimVerdict } from "../../scenarios/claim.ts";
import { splitDirective } from "../../scenarios/cross-check.ts";
import type { Config } from "../targets/target.ts";
import { type Measured, Told } from "./claim-check.ts";
import { claimChecks } from "./claim-checks.ts";

export interface MeasureOrder {
  readonly catalogue: Catalogue;
  /** For what needs real speed. */
  readonly target: string;
  readonly signal: AbortSignal;
}

export interface ClaimResult {
  readonly claim: Claim;
  readonly verdict: ClaimVerdict | "unknown";
  readonly figure: string;
  readonly tookMs: number;
}

export async function measureClaim(claim: Claim, order: MeasureOrder): Promise<ClaimResult> {
  const startedMs = performance.now();
  const took = () => ({ claim, tookMs: performance.now() - startedMs });
  try {
    return { ...(await look(claim, claim.directives, claim.with, order)), ...took() };
  } catch (error) {
    // The check could not do its work: that is no verdict on the claim.
    return { verdict: "unknown", figure: error instanceof Error ? error.message : String(error), ...took() };
  }
}

/** The same check under what makes it come out another way. */
export function measureOtherwise(claim: Claim, order: MeasureOrder): Promise<Measured> {
  const { directives, otherwise } = claim;
  return look(claim, otherwise.directives ?? directives, { ...claim.with, ...otherwise.with }, order);
}

export function checkOf(claim: Claim) {
  const check = claimChecks.find(({ name }) => name === claim.check);
  if (check === undefined) throw new RangeError(`${claim.name} asks for the check ${claim.check}, which there is not`);
  return check;
}

function look(
  claim: Claim,
  lines: readonly string[],
  told: Claim["with"],
  { catalogue, target, signal }: MeasureOrder,
): Promise<Measured> {
  const directives: Config = lines.flatMap((line) => {
    const directive = splitDirective(line);
    return directive === undefined ? [] : [directive];
  });
  const preset = (name: string) => catalogue.preset(name);
  return checkOf(claim).measure({ directives, told: new Told(told), preset, target, signal });
}
