/** How old the oldest lost ack was, crash by crash, with the promised lines drawn in. */
import * as Plot from "@observablehq/plot";
import { useCallback } from "preact/hooks";
import { inTime } from "../../../words.ts";
import type { PageRun } from "../../page-data.ts";
import { Chart } from "./chart.tsx";
import { colour, nameOf, Section } from "./common.tsx";

export function LossAges({ runs }: { readonly runs: readonly PageRun[] }) {
  const measured = runs.filter(({ detail }) => detail !== undefined);
  const losing = measured.filter(({ detail }) => (detail?.losses.bins.length ?? 0) > 0);
  const spared = measured.length - losing.length;
  const about =
    "The age, at the crash, of the oldest call that had been acked and was gone: that is the length of the loss. Each line in a chart is a promise.";
  if (measured.length === 0)
    return <Nothing about={about} text="This result keeps no measurements of single crashes." />;
  return (
    <Section id="losses" title="How much was lost" about={about}>
      {spared > 0 && (
        <p>
          {spared === measured.length ? "No run" : `${losing.length} of ${measured.length} runs`} lost an acked call
          {spared === measured.length ? "." : "; the others lost nothing at all."}
        </p>
      )}
      {losing.map((run) => (
        <Ages key={nameOf(run, runs)} run={run} name={nameOf(run, runs)} />
      ))}
    </Section>
  );
}

function Nothing({ about, text }: { readonly about: string; readonly text: string }) {
  return (
    <Section id="losses" title="How much was lost" about={about}>
      <p class="dim">{text}</p>
    </Section>
  );
}

function Ages({ run, name }: { readonly run: PageRun; readonly name: string }) {
  const { losses } = run.detail ?? { losses: { nothing: 0, bins: [] } };
  const total = losses.nothing + losses.bins.reduce((sum, { weight }) => sum + weight, 0);
  const share = (weight: number) => weight / total;
  const bounds = boundsOf(run);
  const draw = useCallback(
    (width: number) => {
      const top = Math.max(...losses.bins.map(({ toMs }) => toMs), ...bounds.map(({ boundMs }) => boundMs)) * 1.05;
      const inSeconds = top >= 3_000;
      const scaled = (ms: number) => (inSeconds ? ms / 1_000 : ms);
      const all = [{ fromMs: -top / 60, toMs: 0, weight: losses.nothing, kind: "nothing" }, ...losses.bins];
      return Plot.plot({
        width,
        height: 165,
        marginLeft: 52,
        marginBottom: 40,
        style: { background: "transparent", color: colour("ink"), fontSize: "12px" },
        x: {
          label: inSeconds ? "age of the oldest lost ack, s" : "age of the oldest lost ack, ms",
          labelOffset: 36,
          domain: [scaled(-top / 60), scaled(top)],
        },
        y: { label: "% of crashes", percent: true, grid: true, ticks: 3 },
        marks: [
          Plot.rectY(all, {
            x1: (bin: { fromMs: number }) => scaled(bin.fromMs),
            x2: (bin: { toMs: number }) => scaled(bin.toMs),
            y: (bin: { weight: number }) => share(bin.weight),
            fill: (bin: { toMs: number }) => (bin.toMs === 0 ? colour("held") : colour("lost")),
            insetLeft: 0.5,
            insetRight: 0.5,
          }),
          Plot.ruleX(bounds, {
            x: ({ boundMs }: { boundMs: number }) => scaled(boundMs),
            stroke: colour("ink"),
            strokeWidth: 1.5,
            strokeDasharray: "4 3",
          }),
          Plot.text(bounds, {
            x: ({ boundMs }: { boundMs: number }) => scaled(boundMs),
            text: "level",
            frameAnchor: "top",
            dx: 4,
            textAnchor: "start",
            fill: colour("ink"),
          }),
          Plot.ruleY([0]),
        ],
      });
    },
    [run],
  );
  const worst = `worst ${inTime(run.loss.ageMsMax)}, 99 % within ${inTime(run.loss.ageMsP99)}, median ${inTime(run.loss.ageMsMedian)}`;
  return (
    <div class="ages">
      <h3>
        {name} <small>{worst}</small>
      </h3>
      <Chart label={`Loss ages of ${name}: ${worst}`} draw={draw} />
    </div>
  );
}

/** Promised lines; levels that promise the same share one. */
function boundsOf({ promises }: PageRun): { readonly level: string; readonly boundMs: number }[] {
  const levels = new Map<number, string[]>();
  for (const { level, boundMs } of promises) {
    if (boundMs !== null) levels.set(boundMs, [...(levels.get(boundMs) ?? []), level]);
  }
  return [...levels].map(([boundMs, names]) => ({ boundMs, level: names.join(", ") }));
}
