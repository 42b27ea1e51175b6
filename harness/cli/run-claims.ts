/**
 * `lossbound run claims`: what is commonly said about persistence, measured. A table: what is said, whether it is true,
 * what was seen.
 *
 *     0  all were measured, and came out as the source makes us expect
 *     1  one came out otherwise
 *     5  one could not be judged
 */

import { type ClaimRow, claimsText } from "../../reports/claims-table.ts";
import { inTime } from "../../reports/words.ts";
import { UnknownName } from "../../scenarios/catalogue.ts";
import type { ClaimResult } from "../claims/measure-claim.ts";
import { findExecutable } from "../targets/executable.ts";
import { TargetUnavailable } from "../targets/target.ts";
import { Exit, type ExitCode, exitCodes } from "./exit.ts";
import type { Surroundings } from "./surroundings.ts";

export const claimsGroup = "claims";

/** Names of claims alone; undefined: these are scenarios. @throws Exit when both are among them */
export function claimsAmong(names: readonly string[], { catalogue }: Surroundings): string[] | undefined {
  const isClaim = (name: string) => name === claimsGroup || name.startsWith(`${claimsGroup}/`);
  if (!names.some(isClaim)) return undefined;
  const other = names.find((name) => !isClaim(name));
  if (other !== undefined)
    throw new Exit(exitCodes.usage, `claims are measured by themselves, and ${other} is a scenario: run it apart`);
  const all = catalogue.claimNames();
  return [...new Set(names.flatMap((name) => (name === claimsGroup ? all : [name])))];
}

export interface ClaimsOptions {
  readonly target?: string;
  readonly json?: true;
}

export async function runClaims(
  names: readonly string[],
  options: ClaimsOptions,
  around: Surroundings,
): Promise<ExitCode> {
  const { catalogue, out, err, interruption } = around;
  const claims = names.map((name) => catalogue.claim(name).value);
  // The server's own code: loaded only for who measures with it.
  const { measureClaim } = await import("../claims/measure-claim.ts");
  const target = options.target ?? storeOfThisMachine();
  const results: ClaimResult[] = [];
  err.stream.write(`${claims.length} claims; what needs real processes is measured on ${target}\n`);
  for (const claim of claims) {
    if (interruption.aborted) break;
    const result = await measureClaim(claim, { catalogue, target, signal: interruption });
    results.push(result);
    err.stream.write(`${claim.name}: ${result.verdict}, ${inTime(result.tookMs)}\n`);
  }
  const rows = results.map(rowOf);
  out.stream.write(options.json ? `${JSON.stringify(asJson(rows), null, 2)}\n` : claimsText(rows, out.columns));
  if (interruption.aborted) return exitCodes.interrupted;
  if (rows.some(({ verdict, expected }) => verdict !== "unknown" && verdict !== expected)) return exitCodes.violated;
  return rows.some(({ verdict }) => verdict === "unknown") ? exitCodes.inconclusive : exitCodes.held;
}

/** What is said is said of Redis: it is measured there where it is installed. */
function storeOfThisMachine(): string {
  try {
    return findExecutable("redis-server");
  } catch (error) {
    if (error instanceof TargetUnavailable || error instanceof UnknownName) return "bundled";
    throw error;
  }
}

function rowOf({ claim, verdict, figure, tookMs }: ClaimResult): ClaimRow {
  const { name, said, by, expect: expected } = claim;
  return { name, said: said.trim(), by: by.trim(), verdict, figure, expected, tookMs };
}

function asJson(rows: readonly ClaimRow[]) {
  return {
    schema: "lossbound/claims@1",
    claims: rows.map((row) => ({ ...row, tookMs: Math.round(row.tookMs), command: `lossbound run ${row.name}` })),
  };
}
