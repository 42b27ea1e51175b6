/** A comparison as people and their tools read it: a table for the terminal, Markdown for an issue, CSV for a sheet. */
import Table from "cli-table3";
import type { ComparedLoss, Comparison, ComparisonEntry } from "./comparison.ts";
import { recoveryBySize } from "./recovery-by-size.ts";
import { grouped, harmless, inBytes, inTime } from "./words.ts";

interface Column {
  readonly head: string;
  readonly cell: (entry: ComparisonEntry) => string;
}

const columns: readonly Column[] = [
  { head: "preset", cell: ({ preset }) => harmless(preset) },
  { head: "target", cell: ({ target }) => harmless(target) },
  { head: "verdict", cell: ({ verdict }) => (verdict === "unknown" ? "not known" : verdict) },
  { head: "calls/s", cell: ({ callsPerSecond }) => grouped(Math.round(callsPerSecond.mean)) },
  { head: "95 % between", cell: interval },
  { head: "beside the first", cell: ({ against }) => (against === "first" ? "–" : against) },
  { head: "p50", cell: ({ latencyMsP50 }) => inTime(latencyMsP50) },
  { head: "p99", cell: ({ latencyMsP99 }) => inTime(latencyMsP99) },
  { head: "lost when killed", cell: ({ killed }) => loss(killed) },
  { head: "lost at power loss", cell: ({ powerLost }) => (powerLost === null ? "not measured" : loss(powerLost)) },
  { head: "power cuts judged", cell: ({ powerLost }) => grouped(powerLost?.crashStates ?? 0) },
  { head: "recovery", cell: ({ recovery }) => recoveryBySize(recovery) },
  { head: "on disk per acked byte", cell: ({ diskBytesPerAckedByte }) => diskBytesPerAckedByte.toFixed(2) },
  {
    head: "written per acked byte",
    cell: ({ writtenBytesPerAckedByte: of }) => (of === null ? "not measured" : of.toFixed(2)),
  },
  { head: "rewrites", cell: ({ rewrites }) => grouped(rewrites) },
  { head: "memory", cell: ({ memoryBytesMax }) => (memoryBytesMax === 0 ? "not known" : inBytes(memoryBytesMax)) },
];

function interval({ callsPerSecond, cycles }: ComparisonEntry): string {
  if (cycles < 2) return "one cycle says nothing";
  return `${grouped(Math.round(callsPerSecond.low))} and ${grouped(Math.round(callsPerSecond.high))}`;
}

function loss({ crashStates, ageMsMedian, ageMsP99, ageMsMax }: ComparedLoss): string {
  if (crashStates === 0) return "not measured";
  if (ageMsMax === 0) return "nothing";
  return `${inTime(ageMsMedian)}, p99 ${inTime(ageMsP99)}, worst ${inTime(ageMsMax)}`;
}

/** A column that says the same of all is left away. */
function worthShowing(entries: readonly ComparisonEntry[]): readonly Column[] {
  return columns.filter(({ head, cell }) => head !== "target" || new Set(entries.map(cell)).size > 1);
}

export function comparisonText(comparison: Comparison): string {
  const shown = worthShowing(comparison.entries);
  const table = new Table({ style: { head: [], border: [], compact: true } });
  // Turned by a quarter: presets are few, and a terminal is narrow.
  for (const { head, cell } of shown) table.push([head, ...comparison.entries.map(cell)]);
  return `${[table.toString(), ...notes(comparison), `seed     ${harmless(comparison.seed)}`].join("\n")}\n`;
}

export function comparisonMarkdown(comparison: Comparison): string {
  const shown = worthShowing(comparison.entries);
  const row = (cells: readonly string[]) => `| ${cells.map(cellText).join(" | ")} |`;
  return `${[
    row(shown.map(({ head }) => head)),
    row(shown.map(() => "---")),
    ...comparison.entries.map((entry) => row(shown.map(({ cell }) => cell(entry)))),
    "",
    ...notes(comparison).map((note) => `- ${cellText(note)}`),
    `- seed \`${harmless(comparison.seed).replaceAll("`", "'")}\``,
  ].join("\n")}\n`;
}

/** One line an entry, plain numbers in the units that the heads name. */
export function comparisonCsv({ entries }: Comparison): string {
  const fields: readonly (readonly [string, (entry: ComparisonEntry) => string | number])[] = [
    ["preset", ({ preset }) => preset],
    ["target", ({ target }) => target],
    ["verdict", ({ verdict }) => verdict],
    ["cycles", ({ cycles }) => cycles],
    ["callsPerSecond", ({ callsPerSecond }) => callsPerSecond.mean],
    ["callsPerSecondLow", ({ callsPerSecond, cycles }) => (cycles < 2 ? "" : callsPerSecond.low)],
    ["callsPerSecondHigh", ({ callsPerSecond, cycles }) => (cycles < 2 ? "" : callsPerSecond.high)],
    ["against", ({ against }) => against],
    ["latencyMsP50", ({ latencyMsP50 }) => latencyMsP50],
    ["latencyMsP99", ({ latencyMsP99 }) => latencyMsP99],
    ["killedAgeMsMedian", ({ killed }) => killed.ageMsMedian],
    ["killedAgeMsP99", ({ killed }) => killed.ageMsP99],
    ["killedAgeMsMax", ({ killed }) => killed.ageMsMax],
    ["powerLostAgeMsMedian", ({ powerLost }) => powerLost?.ageMsMedian ?? ""],
    ["powerLostAgeMsP99", ({ powerLost }) => powerLost?.ageMsP99 ?? ""],
    ["powerLostAgeMsMax", ({ powerLost }) => powerLost?.ageMsMax ?? ""],
    ["recoveryMsMedian", ({ recovery }) => recovery.msMedian],
    ["recoveryMsMax", ({ recovery }) => recovery.msMax],
    ["dataBytesMedian", ({ recovery }) => recovery.dataBytesMedian],
    ["recoveryMsWithMuchData", ({ recovery }) => recovery.bySize[1]?.msMedian ?? ""],
    ["muchDataBytes", ({ recovery }) => recovery.bySize[1]?.dataBytesMedian ?? ""],
    ["diskBytesPerAckedByte", ({ diskBytesPerAckedByte }) => diskBytesPerAckedByte],
    ["writtenBytesPerAckedByte", ({ writtenBytesPerAckedByte }) => writtenBytesPerAckedByte ?? ""],
    ["rewrites", ({ rewrites }) => rewrites],
    ["memoryBytesMax", ({ memoryBytesMax }) => memoryBytesMax],
  ];
  const lines = entries.map((entry) => fields.map(([, of]) => csvField(of(entry))).join(","));
  return `${[fields.map(([name]) => name).join(","), ...lines].join("\n")}\n`;
}

function notes({ entries, interrupted }: Comparison): string[] {
  const unmeasured = new Set(entries.flatMap(({ powerWhy }) => (powerWhy === "" ? [] : [powerWhy])));
  return [
    ...(interrupted ? ["Interrupted: this is what was measured so far."] : []),
    ...entries.flatMap(({ preset, why }) => (why === "" ? [] : [harmless(`${preset} is not known: ${why}`)])),
    ...[...unmeasured].map((why) => harmless(`power loss was not measured: ${why}`)),
  ];
}

/** A bar would end the cell, and markup of a stranger is none of ours. */
function cellText(text: string): string {
  return text.replace(/[|\\`*_<>[\]]/g, (character) => `\\${character}`);
}

/** Quoted where it must be; a formula stays a text, whatever a sheet makes of a leading sign. */
function csvField(value: string | number): string {
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
