/**
 * The picture of a timeline. uPlot keeps the axis, the zoom and the cursor; the lanes are drawn into its canvas, because
 * thousands of short bars are too many for a document.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { inTime } from "../../../words.ts";
import type { CallFate, DiskFate, PageTimeline } from "../../page-data.ts";
import { colour } from "./common.tsx";
import "uplot/dist/uPlot.min.css";

interface Bar {
  readonly lane: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly colour: string;
  readonly text: string;
}

const laneHeight = 22;
const callColours: Record<CallFate, string> = {
  kept: "held",
  lost: "violated",
  wrong: "violated",
  refused: "dim",
  indeterminate: "unknown",
};
const diskColours: Record<DiskFate, string> = {
  durable: "accent",
  survived: "held",
  lost: "violated",
  torn: "unknown",
  failed: "violated",
  unfinished: "unknown",
};

export function TimelineChart({ timeline }: { readonly timeline: PageTimeline }) {
  const place = useRef<HTMLDivElement>(null);
  const [said, setSaid] = useState("");
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    let chart = draw(element, timeline, setSaid);
    const redraw = () => {
      chart.destroy();
      chart = draw(element, timeline, setSaid);
    };
    let width = element.clientWidth;
    const observer = new ResizeObserver(() => {
      if (Math.abs(element.clientWidth - width) <= 1) return;
      width = element.clientWidth;
      chart.setSize({ width, height: chart.height });
    });
    observer.observe(element);
    const theme = matchMedia("(prefers-color-scheme: dark)");
    theme.addEventListener("change", redraw);
    return () => {
      observer.disconnect();
      theme.removeEventListener("change", redraw);
      chart.destroy();
    };
  }, [timeline]);
  const calls = timeline.clients.reduce((sum, each) => sum + each.calls.length, 0);
  const label = `Timeline with ${calls} calls of ${timeline.clients.length} clients and ${timeline.disk.length} disk operations, cut at ${inTime(timeline.cutMs)}; the table below has it in words`;
  return (
    <>
      <div class="timeline" role="img" aria-label={label} ref={place} />
      <p class="pointed">{said === "" ? "Point at a bar to read it." : said}</p>
    </>
  );
}

function draw(element: HTMLElement, timeline: PageTimeline, say: (text: string) => void): uPlot {
  const lanes = lanesOf(timeline);
  const bars = barsOf(timeline, lanes);
  const ends = bars.map(({ toMs }) => toMs);
  const last = Math.max(timeline.cutMs, ...ends);
  const marginMs = Math.max(0.5, (last - timeline.fromMs) * 0.02);
  const axisInk = { stroke: colour("ink"), grid: { stroke: colour("line") }, ticks: { stroke: colour("line") } };
  const chart = new uPlot(
    {
      width: element.clientWidth,
      height: lanes.length * laneHeight + 60,
      legend: { show: false },
      cursor: { y: false, points: { show: false } },
      scales: { x: { time: false }, y: { range: [0, lanes.length] } },
      series: [{}, { show: true, stroke: "transparent", points: { show: false } }],
      axes: [
        { ...axisInk, values: (_, splits) => splits.map((ms) => `${ms} ms`) },
        {
          ...axisInk,
          grid: { show: false },
          size: 72,
          splits: () => lanes.map((_, index) => lanes.length - index - 0.5),
          values: () => [...lanes],
        },
      ],
      hooks: {
        draw: [(drawn) => drawBars(drawn, bars, lanes.length, timeline.cutMs)],
        setCursor: [(drawn) => say(textAt(drawn, bars, lanes.length))],
      },
    },
    [
      [timeline.fromMs - marginMs, last + marginMs],
      [0, 0],
    ],
    element,
  );
  return chart;
}

/** Writes, syncs and faults have a lane each; renames, removals and the like share one. */
function laneOf(operation: string): string {
  if (operation.startsWith("fault ")) return "faults";
  return operation === "write" || operation === "sync" ? operation : "names";
}

function lanesOf({ clients, disk }: PageTimeline): string[] {
  const used = new Set(disk.map(({ operation }) => laneOf(operation)));
  return [...clients.map(({ name }) => name), ...["write", "sync", "names", "faults"].filter((name) => used.has(name))];
}

function barsOf(timeline: PageTimeline, lanes: readonly string[]): Bar[] {
  const calls = timeline.clients.flatMap(({ calls: of }, lane) =>
    of.map(({ sentMs, repliedMs, request, fate }) => ({
      lane,
      fromMs: sentMs,
      toMs: repliedMs ?? timeline.cutMs,
      colour: colour(callColours[fate]),
      text: `${sentMs.toFixed(2)} ms  ${timeline.clients[lane]?.name ?? ""}  ${request}  ${fate}`,
    })),
  );
  const disk = timeline.disk.map(({ fromMs, toMs, operation, path, bytes, fate }) => ({
    lane: lanes.indexOf(laneOf(operation)),
    fromMs,
    toMs,
    colour: colour(diskColours[fate]),
    text: `${fromMs.toFixed(2)} ms  ${operation} ${path}${bytes > 0 ? `, ${bytes} bytes` : ""}  ${fate}`,
  }));
  return [...calls, ...disk];
}

function drawBars(chart: uPlot, bars: readonly Bar[], lanes: number, cutMs: number): void {
  const { ctx, bbox } = chart;
  const laneSize = bbox.height / lanes;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const bar of bars) {
    const from = chart.valToPos(bar.fromMs, "x", true);
    const to = chart.valToPos(bar.toMs, "x", true);
    ctx.fillStyle = bar.colour;
    ctx.globalAlpha = 0.75;
    ctx.fillRect(from, bbox.top + laneSize * (bar.lane + 0.22), Math.max(1.5 * ratio, to - from), laneSize * 0.56);
  }
  ctx.globalAlpha = 1;
  ctx.strokeStyle = colour("violated");
  ctx.lineWidth = 2 * ratio;
  const cut = chart.valToPos(cutMs, "x", true);
  ctx.beginPath();
  ctx.moveTo(cut, bbox.top);
  ctx.lineTo(cut, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}

/** What stands under the cursor; a hair beside counts too, for most bars are thin. */
function textAt(chart: uPlot, bars: readonly Bar[], lanes: number): string {
  const { left = -1, top = -1 } = chart.cursor;
  if (left < 0 || top < 0) return "";
  const lane = Math.floor((top / (chart.bbox.height / devicePixelRatio)) * lanes);
  const slackMs = Math.abs(chart.posToVal(left + 4, "x") - chart.posToVal(left, "x"));
  const atMs = chart.posToVal(left, "x");
  const near = bars.filter((bar) => bar.lane === lane && bar.fromMs - slackMs <= atMs && atMs <= bar.toMs + slackMs);
  const distance = (bar: Bar) => Math.abs((bar.fromMs + bar.toMs) / 2 - atMs);
  return near.sort((one, other) => distance(one) - distance(other))[0]?.text ?? "";
}
