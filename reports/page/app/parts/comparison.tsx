/** Presets side by side: the frontier, where a preset costs more only if it also loses less, and the table behind it. */
import * as Plot from "@observablehq/plot";
import { useCallback } from "preact/hooks";
import type { ComparedLoss, Comparison, ComparisonEntry } from "../../../comparison.ts";
import { recoveryBySize } from "../../../recovery-by-size.ts";
import { grouped, inBytes, inTime } from "../../../words.ts";
import { Chart } from "./chart.tsx";
import { colour, Section, Sign, Wide } from "./common.tsx";

export function ComparisonPage({ comparison }: { readonly comparison: Comparison }) {
  const { entries, durationMs, seed, startedAt, interrupted, version } = comparison;
  const names = namesOf(entries);
  return (
    <>
      <header class="verdict">
        <p class="brand">lossbound</p>
        <h1>Side by side</h1>
        <p class="sentence">
          What each preset costs, and what each loses: the same clients, calls and crashes, in turns.
        </p>
        {interrupted && <p class="note">Interrupted: this is what was measured so far.</p>}
        <p class="small">
          seed <code>{seed}</code> · {startedAt} · {inTime(durationMs)} · lossbound {version}
        </p>
      </header>
      <main>
        <Section
          id="frontier"
          title="Throughput against loss"
          about="To the right is faster, further up loses more. The bars are the 95 % intervals of the throughput."
        >
          <Frontier entries={entries} names={names} of="powerLost" title="when the power is lost" />
          <Frontier entries={entries} names={names} of="killed" title="when the process is killed" />
        </Section>
        <Section
          id="table"
          title="All that was measured"
          about="Times of losses are ages: how old, at the crash, the oldest call was that had been acked and was gone."
        >
          <Table entries={entries} names={names} />
        </Section>
      </main>
    </>
  );
}

function namesOf(entries: readonly ComparisonEntry[]): string[] {
  const several = new Set(entries.map(({ target }) => target)).size > 1;
  return entries.map(({ preset, target }) => (several ? `${preset} · ${target}` : preset));
}

interface FrontierProps {
  readonly entries: readonly ComparisonEntry[];
  readonly names: readonly string[];
  readonly of: "killed" | "powerLost";
  readonly title: string;
}

function Frontier({ entries, names, of, title }: FrontierProps) {
  const points = entries.flatMap((entry, index) => {
    const loss = entry[of];
    if (loss === null || loss.crashStates === 0) return [];
    const { mean, low, high } = entry.callsPerSecond;
    const known = entry.cycles >= 2;
    return [
      { name: names[index] ?? "", mean, low: known ? low : mean, high: known ? high : mean, ageMs: loss.ageMsMax },
    ];
  });
  const topMs = Math.max(10, ...points.map(({ ageMs }) => ageMs)) * 1.5;
  const draw = useCallback(
    (width: number) =>
      Plot.plot({
        width,
        height: 280,
        marginLeft: 70,
        marginBottom: 40,
        marginRight: 90,
        marginTop: 28,
        style: { background: "transparent", color: colour("ink"), fontSize: "12px" },
        x: { label: "acked calls a second", zero: true, grid: true, labelOffset: 36 },
        y: {
          label: "worst loss, ms",
          type: "symlog",
          constant: 10,
          ticks: [0, 10, 100, 1_000, 10_000].filter((tick) => tick <= topMs),
          tickFormat: "d",
          grid: true,
          domain: [-8, topMs],
        },
        marks: [
          Plot.ruleY(points, { y: "ageMs", x1: "low", x2: "high", stroke: colour("accent"), strokeWidth: 2 }),
          Plot.dot(points, { x: "mean", y: "ageMs", r: 6, fill: colour("accent") }),
          // Neighbours with the same loss: every other name stands below its point.
          ...[0, 1].map((odd) =>
            Plot.text(
              points.filter((_, index) => index % 2 === odd),
              { x: "mean", y: "ageMs", text: "name", dy: odd === 0 ? -14 : 15, fill: colour("ink"), fontWeight: 600 },
            ),
          ),
        ],
      }),
    [entries],
  );
  if (points.length === 0) return <p class="dim">The loss {title} was not measured.</p>;
  const label = points.map(
    ({ name, mean, ageMs }) => `${name}: ${Math.round(mean)} calls a second, worst loss ${inTime(ageMs)}`,
  );
  return (
    <>
      <h3>Loss {title}</h3>
      <Chart label={`Frontier ${title}. ${label.join("; ")}`} draw={draw} />
    </>
  );
}

function Table({
  entries,
  names,
}: {
  readonly entries: readonly ComparisonEntry[];
  readonly names: readonly string[];
}) {
  const rows: readonly (readonly [string, (entry: ComparisonEntry) => string])[] = [
    ["acked calls a second", ({ callsPerSecond }) => grouped(Math.round(callsPerSecond.mean))],
    [
      "95 % between",
      ({ callsPerSecond: { low, high }, cycles }) =>
        cycles < 2 ? "one cycle says nothing" : `${grouped(Math.round(low))} and ${grouped(Math.round(high))}`,
    ],
    ["beside the first", ({ against }) => (against === "first" ? "–" : against)],
    ["latency, median", ({ latencyMsP50 }) => inTime(latencyMsP50)],
    ["latency, 99 % within", ({ latencyMsP99 }) => inTime(latencyMsP99)],
    ["promised when killed", ({ promised }) => promised.killed],
    ["lost when killed", ({ killed }) => shown(killed)],
    ["promised at power loss", ({ promised }) => promised.powerLost],
    [
      "lost at power loss",
      ({ powerLost, powerWhy }) => (powerLost === null ? `not measured: ${powerWhy}` : shown(powerLost)),
    ],
    ["recovery, median", ({ recovery }) => recoveryBySize(recovery)],
    ["on disk, for an acked byte", ({ diskBytesPerAckedByte }) => diskBytesPerAckedByte.toFixed(2)],
    [
      "written, for an acked byte",
      ({ writtenBytesPerAckedByte: of }) => (of === null ? "not measured" : of.toFixed(2)),
    ],
    ["rewrites of the log", ({ rewrites }) => grouped(rewrites)],
    ["memory at most", ({ memoryBytesMax }) => (memoryBytesMax === 0 ? "not known" : inBytes(memoryBytesMax))],
    ["kills", ({ cycles }) => grouped(cycles)],
    ["power cuts judged", ({ powerLost }) => grouped(powerLost?.crashStates ?? 0)],
  ];
  return (
    <Wide label="All that was measured">
      <table>
        <thead>
          <tr>
            <td />
            {entries.map((entry, index) => (
              <th scope="col" key={names[index]}>
                <Sign verdict={entry.verdict} /> {names[index]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([head, of]) => (
            <tr key={head}>
              <th scope="row">{head}</th>
              {entries.map((entry, index) => (
                <td key={names[index]}>{of(entry)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  );
}

function shown({ crashStates, ageMsMedian, ageMsP99, ageMsMax }: ComparedLoss): string {
  if (crashStates === 0) return "not measured";
  return ageMsMax === 0
    ? "nothing"
    : `median ${inTime(ageMsMedian)}, 99 % within ${inTime(ageMsP99)}, worst ${inTime(ageMsMax)}`;
}
