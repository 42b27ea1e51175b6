/**
 * Cells of a crash map, put together where there are too many to keep or to draw. None is dropped: counts add up, and of
 * the place that of the worst is shown.
 *
 *     ■ ■ ■ ✗ ■ ■ ■ ■ │ ■ ■ ■ ■ ■      two recordings, 13 points
 *     └─┬─┘ └─┬─┘ └┬┘   └─┬─┘ └┬┘      at most three to a cell, and none of two recordings
 *       ■     ✗    ■  │   ■    ■
 */
import type { CrashCell } from "./detail.ts";

/** What the worst of its states came to; `unjudged` when there was no time for any of them. */
export type CellVerdict = "held" | "violated" | "unknown" | "unjudged";

export function verdictOfCell({ held, violated, unknown }: CrashCell): CellVerdict {
  if (violated > 0) return "violated";
  if (unknown > 0) return "unknown";
  return held > 0 ? "held" : "unjudged";
}

/**
 * As many neighbours to a cell as it takes to come to about `max`. Cells of the same points are put together alike, so the
 * rows of a map stay below each other.
 */
export function binned(cells: readonly CrashCell[], max: number): CrashCell[] {
  if (cells.length <= max) return [...cells];
  const perBin = Math.ceil(cells.length / max);
  const keepsApart = new Set(cells.map(({ recording }) => recording)).size <= max / 2;
  const bins: CrashCell[] = [];
  let bin: CrashCell[] = [];
  for (const cell of cells) {
    const isOther = keepsApart && bin[0] !== undefined && bin[0].recording !== cell.recording;
    if (bin.length === perBin || isOther) {
      bins.push(together(bin));
      bin = [];
    }
    bin.push(cell);
  }
  bins.push(together(bin));
  return bins;
}

function together(cells: readonly CrashCell[]): CrashCell {
  const total = (of: (cell: CrashCell) => number) => cells.reduce((sum, cell) => sum + of(cell), 0);
  const most = (of: (cell: CrashCell) => number) => cells.reduce((max, cell) => Math.max(max, of(cell)), 0);
  const worst = cells.reduce((sofar, cell) => (isWorse(cell, sofar) ? cell : sofar));
  return {
    ...worst,
    points: total(({ points }) => points),
    untilMs: (cells.at(-1) ?? worst).untilMs,
    held: total(({ held }) => held),
    violated: total(({ violated }) => violated),
    unknown: total(({ unknown }) => unknown),
    lossAgeMs: most(({ lossAgeMs }) => lossAgeMs),
    ackedLost: most(({ ackedLost }) => ackedLost),
    fingerprints: [...new Set(cells.flatMap(({ fingerprints }) => fingerprints))],
  };
}

const ranks: Record<CellVerdict, number> = { unjudged: 0, held: 1, unknown: 2, violated: 3 };

/** Of two that came to the same, the one that lost more. */
function isWorse(one: CrashCell, other: CrashCell): boolean {
  const [oneRank, otherRank] = [ranks[verdictOfCell(one)], ranks[verdictOfCell(other)]];
  return oneRank === otherRank ? one.lossAgeMs > other.lossAgeMs : oneRank > otherRank;
}
