/** Claims as people read them: what is said, what was measured, whether it is true, and how to see it again. */
import Table from "cli-table3";
import { harmless, inTime } from "./words.ts";

export interface ClaimRow {
  /** `claims/c15` */
  readonly name: string;
  readonly said: string;
  readonly by: string;
  readonly verdict: "true" | "false" | "depends" | "unknown";
  /** What was seen; of an unknown one, why it is not known. */
  readonly figure: string;
  /** What the source makes us expect. */
  readonly expected: "true" | "false" | "depends";
  readonly tookMs: number;
}

const words = { true: "true", false: "false", depends: "depends", unknown: "not known" } as const;

export function claimsText(rows: readonly ClaimRow[], columns: number): string {
  const wide = Math.max(80, Math.min(columns, 140));
  const fixed = 10 + 11 + 12;
  const table = new Table({
    head: ["claim", "said", "verdict", "measured"],
    colWidths: [12, Math.floor((wide - fixed) * 0.45), 11, Math.floor((wide - fixed) * 0.55)],
    wordWrap: true,
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) table.push([row.name, harmless(row.said), verdictOf(row), harmless(row.figure)]);
  const authors = [...new Set(rows.map(({ by }) => by))].map((by) => `said by  ${harmless(by)}`);
  const tookMs = rows.reduce((sum, row) => sum + row.tookMs, 0);
  const counts = (["true", "false", "depends", "unknown"] as const)
    .map((verdict) => `${rows.filter((row) => row.verdict === verdict).length} ${words[verdict]}`)
    .join(", ");
  const lines = [table.toString(), "", ...authors, `${counts}, in ${inTime(tookMs)}`, "again    lossbound run NAME"];
  return `${lines.join("\n")}\n`;
}

function verdictOf({ verdict, expected }: ClaimRow): string {
  if (verdict === "unknown" || verdict === expected) return words[verdict];
  return `${words[verdict]}, expected ${words[expected]}`;
}
