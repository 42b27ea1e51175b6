/**
 * The crash map: every crash point a cell, in the order of time; a row for each disk model or file system. Height says
 * what colour says: a violation stands out, whoever looks. A click, or Enter, opens the crash state.
 *
 *     ordered    ▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂
 *     strict     ▂▂▂▂▂▂▂█▂▂▂▂▂▂▂▂▂▂▂▂
 *     rewrite          ├────┤               stretches, over the cells of that time
 *     recording  ├─────────┤├───────┤       where a run has several
 */
import { useState } from "preact/hooks";
import { counted, inTime } from "../../../words.ts";
import type { CellVerdict, PageCell, PageDetail, PageRow, PageRun } from "../../page-data.ts";
import { nameOf, Section, Sign, type VerdictName } from "./common.tsx";

const height: Record<CellVerdict, number> = { unjudged: 0.12, held: 0.45, unknown: 0.75, violated: 1 };

export function CrashMaps({ runs }: { readonly runs: readonly PageRun[] }) {
  const mapped = runs.filter(({ detail }) => (detail?.crashMap.length ?? 0) > 0);
  return (
    <Section
      id="crash-map"
      title="Crash map"
      about="Every point at which the run was ended, in the order of time. Choose one by mouse, or with the arrow keys, to see what came back."
    >
      <p class="legend">
        {(["held", "violated", "unknown"] as const).map((verdict) => (
          <span key={verdict}>
            <i class={`cell ${verdict}`} aria-hidden="true" /> <Sign verdict={verdict} word />
          </span>
        ))}
        <span>
          <i class="cell unjudged" aria-hidden="true" /> no time to judge it
        </span>
      </p>
      {mapped.length === 0 && <p class="dim">This result keeps no single crash points.</p>}
      {mapped.map((run) => (
        <CrashMap key={nameOf(run, runs)} run={run} name={nameOf(run, runs)} detail={run.detail as PageDetail} />
      ))}
    </Section>
  );
}

interface Place {
  readonly row: number;
  readonly cell: number;
}

function CrashMap({
  run,
  name,
  detail,
}: {
  readonly run: PageRun;
  readonly name: string;
  readonly detail: PageDetail;
}) {
  const [place, setPlace] = useState<Place | undefined>(undefined);
  const rows = detail.crashMap;
  const chosen = place === undefined ? undefined : rows[place.row]?.cells[place.cell];
  const move = (event: KeyboardEvent) => {
    const next = moved(place, event.key, rows);
    if (next === undefined) return;
    event.preventDefault();
    setPlace(next);
  };
  const total = (verdict: VerdictName) =>
    rows.reduce((sum, { cells }) => sum + cells.reduce((inner, cell) => inner + cell[verdict], 0), 0);
  const label = `Crash map of ${name}: ${total("held")} states held, ${total("violated")} violated, ${total("unknown")} not known. Arrow keys move, Home and End jump, V goes to the next violation.`;
  return (
    <div class="map">
      <h3>
        <Sign verdict={run.verdict} /> {name}
      </h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the map is moved through with arrow keys */}
      <div class="rows" role="application" aria-label={label} tabIndex={0} onKeyDown={move}>
        {rows.map((row, index) => (
          <Row
            key={row.name}
            row={row}
            model={run.models.find(({ name: of }) => row.name === of || row.name.endsWith(`, ${of}`))}
            chosen={place?.row === index ? place.cell : undefined}
            onChoose={(cell) => setPlace({ row: index, cell })}
          />
        ))}
        <Stretches detail={detail} />
      </div>
      <div aria-live="polite">
        {chosen !== undefined && place !== undefined && (
          <CrashStates
            run={run}
            row={(rows[place.row] as PageRow).name}
            cell={chosen}
            several={(rows[0]?.cells.at(-1)?.recording ?? 0) > 0}
          />
        )}
      </div>
    </div>
  );
}

function moved(place: Place | undefined, key: string, rows: readonly PageRow[]): Place | undefined {
  const { row, cell } = place ?? { row: 0, cell: -1 };
  const last = (rows[row]?.cells.length ?? 0) - 1;
  const rowAt = (to: number): Place => ({
    row: to,
    cell: Math.min(Math.max(0, cell), (rows[to]?.cells.length ?? 1) - 1),
  });
  switch (key) {
    case "ArrowRight":
      return { row, cell: Math.min(last, cell + 1) };
    case "ArrowLeft":
      return { row, cell: Math.max(0, cell - 1) };
    case "ArrowDown":
      return rowAt(Math.min(rows.length - 1, row + 1));
    case "ArrowUp":
      return rowAt(Math.max(0, row - 1));
    case "Home":
      return { row, cell: 0 };
    case "End":
      return { row, cell: last };
    case "v":
    case "V":
      return nextViolation({ row, cell }, rows);
    default:
      return undefined;
  }
}

function nextViolation(from: Place, rows: readonly PageRow[]): Place | undefined {
  const all = rows.flatMap(({ cells }, row) =>
    cells.flatMap(({ verdict }, cell) => (verdict === "violated" ? [{ row, cell }] : [])),
  );
  return all.find(({ row, cell }) => row > from.row || (row === from.row && cell > from.cell)) ?? all[0];
}

interface RowProps {
  readonly row: PageRow;
  /** Absent where no model is asked. */
  readonly model: PageRun["models"][number] | undefined;
  readonly chosen: number | undefined;
  readonly onChoose: (cell: number) => void;
}

function Row({ row, model, chosen, onChoose }: RowProps) {
  const { cells } = row;
  const gap = cells.length > 160 ? 0 : 0.12;
  const choose = (event: MouseEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const at = Math.floor(((event.clientX - box.left) / box.width) * cells.length);
    onChoose(Math.min(cells.length - 1, Math.max(0, at)));
  };
  return (
    <div class="row">
      <span class="row-name">
        {row.name} {model !== undefined && <small>{[model.grade, ...model.confirmedOn].join(", ")}</small>}
      </span>
      <svg viewBox={`0 0 ${cells.length} 1`} preserveAspectRatio="none" onClick={choose} aria-hidden="true">
        {cells.map((cell, index) => (
          <rect
            key={index}
            class={`cell ${cell.verdict}`}
            x={index + gap / 2}
            y={1 - height[cell.verdict]}
            width={1 - gap}
            height={height[cell.verdict]}
          />
        ))}
        {chosen !== undefined && <rect class="chosen" x={chosen} y={0} width={1} height={1} />}
      </svg>
    </div>
  );
}

/** Over the cells of the first row: all rows have the same points. */
function Stretches({ detail }: { readonly detail: PageDetail }) {
  const cells = detail.crashMap[0]?.cells ?? [];
  const names = [...new Set(detail.stretches.map(({ name }) => name))].sort();
  const placed = placesOf(cells);
  if (cells.length === 0) return null;
  return (
    <>
      {placed.length > 1 && placed.length <= cells.length / 2 && (
        <div class="row recordings">
          <span class="row-name dim">recording</span>
          <svg viewBox={`0 0 ${cells.length} 1`} preserveAspectRatio="none" role="img" aria-label="where each begins">
            {placed.map(({ recording, first, after }) => (
              <rect
                key={recording}
                class={`part part-${recording % 2}`}
                x={first}
                y={0.3}
                width={after - first}
                height={0.4}
              />
            ))}
          </svg>
        </div>
      )}
      {names.map((name) => (
        <div class="row stretches" key={name}>
          <span class="row-name dim">{name}</span>
          <svg
            viewBox={`0 0 ${cells.length} 1`}
            preserveAspectRatio="none"
            role="img"
            aria-label={`when ${name} was open`}
          >
            {detail.stretches
              .filter((stretch) => stretch.name === name)
              .map(({ recording, fromMs, toMs }) => {
                const part = placed.find((each) => each.recording === recording);
                if (part === undefined) return null;
                const own = cells.slice(part.first, part.after);
                const first = own.filter(({ untilMs }) => untilMs < fromMs).length;
                const after = own.filter(({ atMs }) => atMs <= toMs).length;
                const x = part.first + Math.min(first, own.length - 0.3);
                const width = Math.max(0.3, after - first);
                return <rect key={`${recording} ${fromMs}`} class="stretch" x={x} y={0.3} width={width} height={0.4} />;
              })}
          </svg>
        </div>
      ))}
    </>
  );
}

/** Which of the cells are of which recording. */
function placesOf(cells: readonly PageCell[]): { recording: number; first: number; after: number }[] {
  const places: { recording: number; first: number; after: number }[] = [];
  for (const [index, { recording }] of cells.entries()) {
    const last = places.at(-1);
    if (last?.recording === recording) last.after = index + 1;
    else places.push({ recording, first: index, after: index + 1 });
  }
  return places;
}

interface StatesProps {
  readonly run: PageRun;
  readonly row: string;
  readonly cell: PageCell;
  /** The run has several recordings. */
  readonly several: boolean;
}

function CrashStates({ run, row, cell, several }: StatesProps) {
  const where = [cell.operation, cell.path].filter((part) => part !== "").join(" ");
  const when =
    cell.points === 1 ? `at ${inTime(cell.atMs)}` : `up to ${inTime(cell.untilMs)}, the worst at ${inTime(cell.atMs)}`;
  const findings = run.findings.filter(({ fingerprint }) => cell.fingerprints.includes(fingerprint));
  return (
    <div class={`state ${cell.verdict}`}>
      <p>
        {cell.verdict === "unjudged" ? <b>not judged</b> : <Sign verdict={cell.verdict} word />} <b>{row}</b>,{" "}
        {counted(cell.points, "crash point")}
        {several && ` of recording ${cell.recording + 1}`}, {when}
        {cell.journalIndex >= 0 && `, journal ${cell.journalIndex}`}: <code>{where}</code>
      </p>
      {cell.verdict === "unjudged" ? (
        <p>There was no time to start the store on what this crash may leave.</p>
      ) : (
        <p>
          {counted(cell.held, "state")} held, {cell.violated} violated, {cell.unknown} not known.{" "}
          {cell.ackedLost === 0
            ? "No acked call was lost."
            : `At worst ${counted(cell.ackedLost, "acked call")} lost, the oldest ${inTime(cell.lossAgeMs)} old.`}
        </p>
      )}
      {cell.survived !== "" && (
        <p>
          {cell.violated + cell.held + cell.unknown > 1 ? "In the worst of them, what" : "What"} survived of what was
          not synced: {cell.survived}.
        </p>
      )}
      {findings.map(({ fingerprint, message }) => (
        <p key={fingerprint}>
          <a href={`#finding-${fingerprint}`}>{fingerprint}</a>: {message}
        </p>
      ))}
    </div>
  );
}
