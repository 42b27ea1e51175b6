/** This night beside those before it: what is new, what came back, what is gone, and where the numbers are going. */
import * as Plot from "@observablehq/plot";
import { useCallback } from "preact/hooks";
import { grouped, inPercent, inTime } from "../../../words.ts";
import type { PageNights } from "../../page-data.ts";
import { Chart } from "./chart.tsx";
import { colour, Section, Sign, Wide } from "./common.tsx";

type Point = PageNights["trend"][number];

const states = {
  new: "not seen in any night before",
  regressed: "was gone, and is there again",
  ongoing: "was there the night before too",
  known: "listed in the scenario: fails nothing until its day",
  resolved: "was there the night before, and is gone",
} as const;

export function Nights({ nights: { triage, trend } }: { readonly nights: PageNights }) {
  return (
    <Section
      id="nights"
      title="Night over night"
      about="Findings are told apart by their fingerprints, within the same scenario, preset and store."
    >
      {triage.length === 0 ? <p>No finding, tonight or the night before.</p> : <Triage triage={triage} />}
      {trend.length > 1 && (
        <>
          <Trend trend={trend} title="worst loss" of={({ lossAgeMsMax }) => lossAgeMsMax} />
          <Trend trend={trend} title="recovery, median of the slowest run" of={(point) => point.recoveryMsMedian} />
        </>
      )}
      <History trend={trend} />
    </Section>
  );
}

function Triage({ triage }: Pick<PageNights, "triage">) {
  return (
    <Wide label="What is new, ongoing and resolved">
      <table>
        <thead>
          <tr>
            <th scope="col">state</th>
            <th scope="col">finding</th>
            <th scope="col">where</th>
            <th scope="col">first seen</th>
            <th scope="col">last seen</th>
          </tr>
        </thead>
        <tbody>
          {triage.map(({ state, fingerprint, scenario, preset, target, firstSeen, lastSeen }) => (
            <tr key={`${fingerprint} ${scenario} ${preset} ${target}`}>
              <th scope="row" class={`state-${state}`} title={states[state]}>
                {state}
              </th>
              <td>
                {state === "resolved" ? (
                  <code>{fingerprint}</code>
                ) : (
                  <a href={`#finding-${fingerprint}`}>{fingerprint}</a>
                )}
              </td>
              <td>{`${scenario} · ${preset} · ${target}`}</td>
              <td>{firstSeen.slice(0, 10)}</td>
              <td>{lastSeen.slice(0, 10)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  );
}

interface TrendProps {
  readonly trend: readonly Point[];
  readonly title: string;
  readonly of: (point: Point) => number;
}

function Trend({ trend, title, of }: TrendProps) {
  const draw = useCallback(
    (width: number) => {
      const points = trend.map((point, index) => ({ index, ms: of(point), verdict: point.verdict }));
      return Plot.plot({
        width,
        height: 120,
        marginLeft: 62,
        marginBottom: 24,
        style: { background: "transparent", color: colour("ink"), fontSize: "12px" },
        x: {
          label: null,
          domain: [0, trend.length - 1],
          ticks: [0, trend.length - 1],
          tickFormat: (index: number) => trend[index]?.startedAt.slice(0, 10) ?? "",
          insetLeft: 34,
          insetRight: 34,
        },
        y: { label: "ms", zero: true, grid: true, ticks: 3 },
        marks: [
          Plot.line(points, { x: "index", y: "ms", stroke: colour("dim") }),
          Plot.dot(points, {
            x: "index",
            y: "ms",
            r: 4,
            fill: (point: { verdict: Point["verdict"] }) => colour(point.verdict),
          }),
        ],
      });
    },
    [trend],
  );
  const last = trend.at(-1);
  const label = `${title} over ${trend.length} nights, tonight ${last === undefined ? "" : inTime(of(last))}`;
  return (
    <>
      <h3>{title}</h3>
      <Chart label={label} draw={draw} />
    </>
  );
}

const rowsMax = 14;

function History({ trend }: Pick<PageNights, "trend">) {
  return (
    <Wide label="The last nights">
      <table>
        <thead>
          <tr>
            <th scope="col">night</th>
            <th scope="col">verdict</th>
            <th scope="col" class="number">
              cycles
            </th>
            <th scope="col" class="number">
              violated
            </th>
            <th scope="col" class="number">
              first seen after
            </th>
            <th scope="col" class="number">
              worst loss
            </th>
            <th scope="col" class="number">
              recovery
            </th>
          </tr>
        </thead>
        <tbody>
          {[...trend]
            .reverse()
            .slice(0, rowsMax)
            .map((point, index) => (
              <tr key={`${point.startedAt} ${index}`}>
                <th scope="row">{`${point.startedAt.slice(0, 10)} ${point.startedAt.slice(11, 16)}`}</th>
                <td>
                  <Sign verdict={point.verdict} word />
                </td>
                <td class="number">{point.cycles === 0 ? "–" : grouped(point.cycles)}</td>
                <td class="number">{rateOf(point)}</td>
                <td class="number">{point.detectedMs === null ? "–" : inTime(point.detectedMs)}</td>
                <td class="number">{inTime(point.lossAgeMsMax)}</td>
                <td class="number">{inTime(point.recoveryMsMedian)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </Wide>
  );
}

function rateOf({ cycles, cyclesViolated }: Point): string {
  if (cycles === 0) return "–";
  return cyclesViolated === 0 ? "none" : `${grouped(cyclesViolated)}, ${inPercent(cyclesViolated / cycles)}`;
}
