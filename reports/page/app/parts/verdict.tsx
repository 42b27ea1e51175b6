/** The first screen: the verdict in a sentence, and the numbers that say how much stands behind it. */
import { counted, grouped, inTime } from "../../../words.ts";
import type { PageData } from "../../page-data.ts";
import { Sign } from "./common.tsx";

const titles = { held: "Held", violated: "Violated", unknown: "Not known" } as const;

export function Verdict({ data }: { readonly data: PageData }) {
  const { outcome, runs } = data;
  const { statistics } = outcome;
  const acked = runs.reduce((sum, { calls }) => sum + calls.acked, 0);
  const numbers = [
    [grouped(runs.length), runs.length === 1 ? "run" : "runs"],
    ...(statistics.kills > 0 ? [[grouped(statistics.kills), statistics.kills === 1 ? "kill" : "kills"] as const] : []),
    ...(statistics.recordings > 0
      ? [[grouped(statistics.recordings), statistics.recordings === 1 ? "recording" : "recordings"] as const]
      : []),
    [grouped(statistics.crashStates), "crash states judged"],
    [grouped(acked), "acked calls"],
    [inTime(outcome.durationMs), "in all"],
  ] as const;
  return (
    <header class={`verdict ${outcome.verdict}`}>
      <p class="brand">lossbound</p>
      <h1>
        <Sign verdict={outcome.verdict} /> {titles[outcome.verdict]}
      </h1>
      <p class="sentence">{data.sentence.replace(/^(Held|Violated|Not known)(: |, )/, "").replace(/^./, upper)}</p>
      {data.confidence !== "" && <p>{data.confidence}</p>}
      {data.interrupted && <p class="note">Interrupted: this is what was found so far.</p>}
      <dl class="numbers">
        {numbers.map(([value, what]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p class="small">
        seed <code>{outcome.seed}</code> · <time dateTime={outcome.startedAt}>{shownTime(outcome.startedAt)}</time> ·{" "}
        {counted(statistics.violations, "violation")}
      </p>
    </header>
  );
}

function upper(letter: string): string {
  return letter.toUpperCase();
}

function shownTime(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}
