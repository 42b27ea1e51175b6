/** How long the store needed until it served again. */
import * as Plot from "@observablehq/plot";
import { useCallback } from "preact/hooks";
import { counted, inTime } from "../../../words.ts";
import type { PageRun } from "../../page-data.ts";
import { Chart } from "./chart.tsx";
import { colour, nameOf, Section, Wide } from "./common.tsx";

export function Recoveries({ runs }: { readonly runs: readonly PageRun[] }) {
  const times = runs.flatMap((run) => (run.detail?.recoveriesMs ?? []).map((ms) => ({ ms, run: nameOf(run, runs) })));
  const draw = useCallback(
    (width: number) => {
      const names = [...new Set(times.map(({ run }) => run))];
      return Plot.plot({
        width,
        height: 60 + names.length * 22,
        marginBottom: 40,
        marginLeft: Math.min(width * 0.45, 12 + Math.max(...names.map((name) => name.length)) * 6.8),
        style: { background: "transparent", color: colour("ink"), fontSize: "12px" },
        x: { label: "ms until the first answer", labelOffset: 36, zero: true, grid: true },
        y: { label: null, domain: names },
        marks: [
          Plot.tickX(times, { x: "ms", y: "run", stroke: colour("accent"), strokeOpacity: 0.7 }),
          Plot.tickX(
            times,
            Plot.groupY({ x: "median" }, { x: "ms", y: "run", stroke: colour("ink"), strokeWidth: 2.5 }),
          ),
        ],
      });
    },
    [runs],
  );
  return (
    <Section
      id="recoveries"
      title="Recovery"
      about="From starting the process on the crash state to its first answer. A refusal is a store that did not start."
    >
      {times.length > 0 && <Chart label="Recovery times of every run; the table below has the numbers" draw={draw} />}
      <Wide label="Recovery times">
        <table>
          <thead>
            <tr>
              <th scope="col">run</th>
              <th scope="col" class="number">
                median
              </th>
              <th scope="col" class="number">
                slowest
              </th>
              <th scope="col" class="number">
                refusals
              </th>
            </tr>
          </thead>
          <tbody>
            {runs.map((run) => (
              <tr key={nameOf(run, runs)}>
                <th scope="row">{nameOf(run, runs)}</th>
                <td class="number">{inTime(run.recovery.msMedian)}</td>
                <td class="number">{inTime(run.recovery.msMax)}</td>
                <td class="number">
                  {run.recovery.refusals === 0 ? "none" : counted(run.recovery.refusals, "refusal")}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
    </Section>
  );
}
