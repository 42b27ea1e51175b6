/** Clients and disk on one axis: what was asked, what was told, what reached the disk, and where it was cut. */
import { useState } from "preact/hooks";
import type { CallFate, DiskFate, PageRun, PageTimeline } from "../../page-data.ts";
import { nameOf, Section, Wide } from "./common.tsx";
import { TimelineChart } from "./timeline-chart.tsx";

export function Timelines({ runs }: { readonly runs: readonly PageRun[] }) {
  const all = runs.flatMap((run) =>
    (run.detail?.timelines ?? []).map((timeline) => ({ timeline, name: `${nameOf(run, runs)}: ${timeline.title}` })),
  );
  const [chosen, setChosen] = useState(0);
  const shown = all[chosen];
  return (
    <Section
      id="timeline"
      title="Timeline"
      about="Around one crash: calls from sending to reply, and below them what the disk was asked to do. Drag over a part to look closer, double-click to go back."
    >
      {shown === undefined ? (
        <p class="dim">This result keeps no timeline.</p>
      ) : (
        <>
          {all.length > 1 && (
            <label class="choose">
              crash{" "}
              <select value={chosen} onChange={(event) => setChosen(Number(event.currentTarget.value))}>
                {all.map(({ name }, index) => (
                  <option key={index} value={index}>
                    {name}
                  </option>
                ))}
              </select>
            </label>
          )}
          <Legend kind="call" title="calls" fates={fatesOf(shown.timeline.clients.flatMap(({ calls }) => calls))} />
          <Legend kind="disk" title="disk" fates={fatesOf(shown.timeline.disk)} />
          <TimelineChart key={chosen} timeline={shown.timeline} />
          <Events timeline={shown.timeline} />
        </>
      )}
    </Section>
  );
}

/** Those that occur, the good ones first. */
function fatesOf(events: readonly { readonly fate: CallFate | DiskFate }[]): (CallFate | DiskFate)[] {
  const all = [
    "kept",
    "durable",
    "survived",
    "refused",
    "unfinished",
    "indeterminate",
    "torn",
    "failed",
    "lost",
    "wrong",
  ];
  const seen = new Set<string>(events.map(({ fate }) => fate));
  return all.filter((fate) => seen.has(fate)) as (CallFate | DiskFate)[];
}

interface LegendProps {
  readonly kind: "call" | "disk";
  readonly title: string;
  readonly fates: readonly string[];
}

function Legend({ kind, title, fates }: LegendProps) {
  if (fates.length === 0) return null;
  return (
    <p class="legend">
      <span class="dim">{title}</span>
      {fates.map((fate) => (
        <span key={fate}>
          <i class={`${kind} ${fate}`} aria-hidden="true" /> {fate}
        </span>
      ))}
    </p>
  );
}

/** More than that nobody reads; the picture has them all. */
const eventsMax = 200;

/** The same in words, for whoever cannot use the picture. */
function Events({ timeline }: { readonly timeline: PageTimeline }) {
  const events = [
    ...timeline.clients.flatMap(({ name, calls }) =>
      calls.map(({ sentMs, request, fate }) => ({ atMs: sentMs, who: name, what: request, fate: fate as string })),
    ),
    ...timeline.disk.map(({ fromMs, operation, path, fate }) => ({
      atMs: fromMs,
      who: "disk",
      what: `${operation} ${path}`,
      fate: fate as string,
    })),
  ]
    .sort((one, other) => one.atMs - other.atMs)
    .slice(-eventsMax);
  return (
    <details>
      <summary>The last {events.length} of it as a table</summary>
      <Wide label="Events of the timeline">
        <table class="history">
          <thead>
            <tr>
              <th scope="col" class="number">
                ms
              </th>
              <th scope="col">who</th>
              <th scope="col">what</th>
              <th scope="col">fate</th>
            </tr>
          </thead>
          <tbody>
            {events.map(({ atMs, who, what, fate }, index) => (
              <tr key={index} class={`fate-${fate}`}>
                <td class="number">{atMs.toFixed(2)}</td>
                <td>{who}</td>
                <td>
                  <code>{what}</code>
                </td>
                <td class="fate">{fate}</td>
              </tr>
            ))}
            <tr class="crash">
              <td class="number">{timeline.cutMs.toFixed(2)}</td>
              <td colSpan={3}>✗ the cut</td>
            </tr>
          </tbody>
        </table>
      </Wide>
    </details>
  );
}
