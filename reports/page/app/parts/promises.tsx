/** Promise against measurement: a line for each run, the three levels side by side, a bar against its bound. */
import type { Expectation } from "../../../reporter.ts";
import { counted, grouped, inTime } from "../../../words.ts";
import type { PageRun } from "../../page-data.ts";
import { Section, Sign, Wide } from "./common.tsx";

const levels = ["documented", "source", "consistency"] as const;

interface Props {
  readonly runs: readonly PageRun[];
  readonly expectations: readonly Expectation[];
}

export function Promises({ runs, expectations }: Props) {
  const suites = new Map<string, PageRun[]>();
  for (const run of runs) {
    const suite = `${run.scenario} on ${run.target}`;
    suites.set(suite, [...(suites.get(suite) ?? []), run]);
  }
  return (
    <Section
      id="promises"
      title="Promise against measurement"
      about={
        <>
          <b>Documented</b> is what the store’s documentation says. <b>Source</b> is what follows from its code and the
          syncs measured meanwhile. <b>Consistency</b> is what no timing excuses. A run fails on the last two.
        </>
      }
    >
      <Wide label="Promises of every run">
        <table class="promises">
          <thead>
            <tr>
              <th scope="col">run</th>
              <th scope="col">documented</th>
              <th scope="col">source</th>
              <th scope="col">consistency</th>
              <th scope="col" class="number">
                judged
              </th>
              <th scope="col">lost at worst</th>
            </tr>
          </thead>
          {[...suites].map(([suite, members]) => (
            <tbody key={suite}>
              <tr class="suite">
                <th colSpan={6} scope="rowgroup">
                  {suite}
                </th>
              </tr>
              {members.map((run) => (
                <Row key={run.preset} run={run} />
              ))}
            </tbody>
          ))}
        </table>
      </Wide>
      {expectations.length > 0 && (
        <>
          <h3>Expected by the scenarios</h3>
          <ul class="expectations">
            {expectations.map(({ met, of, wanted, found }) => (
              <li key={`${of.scenario} ${of.preset} ${of.target} ${wanted}`}>
                <Sign verdict={met ? "held" : "violated"} /> {of.scenario} · {of.preset}: <code>{wanted}</code>, {found}
              </li>
            ))}
          </ul>
        </>
      )}
    </Section>
  );
}

function Row({ run }: { readonly run: PageRun }) {
  const { loss, crashStates } = run;
  return (
    <>
      <tr>
        <th scope="row">
          <Sign verdict={run.verdict} /> {run.preset}
        </th>
        {levels.map((level) => (
          <td key={level} data-label={level}>
            <Level run={run} level={level} />
          </td>
        ))}
        <td class="number" data-label="judged">
          {grouped(crashStates.judged)}
        </td>
        <td data-label="lost at worst">
          {loss.ackedMax === 0 ? "nothing" : `${counted(loss.ackedMax, "call")}, ${inTime(loss.ageMsMax)}`}
        </td>
      </tr>
      {run.why !== undefined && (
        <tr class="why">
          <td colSpan={6}>Not known: {run.why}</td>
        </tr>
      )}
    </>
  );
}

function Level({ run, level }: { readonly run: PageRun; readonly level: (typeof levels)[number] }) {
  const promise = run.promises.find((each) => each.level === level);
  if (promise === undefined) return <span class="dim">–</span>;
  const { text, boundMs, ageMs, verdict } = promise;
  return (
    <div class="promise">
      <Sign verdict={verdict} /> {text}
      {boundMs !== null && <Bar boundMs={boundMs} ageMs={ageMs} verdict={verdict} />}
    </div>
  );
}

function Bar({
  boundMs,
  ageMs,
  verdict,
}: {
  readonly boundMs: number;
  readonly ageMs: number;
  readonly verdict: string;
}) {
  const end = Math.max(boundMs, ageMs) * 1.15 || 1;
  const percent = (ms: number) => `${(ms / end) * 100}%`;
  return (
    <div class="against">
      <div class="bar" aria-hidden="true">
        <div class={`measured ${verdict}`} style={{ width: percent(ageMs) }} />
        <div class="bound" style={{ left: percent(boundMs) }} />
      </div>
      <small>
        at most {inTime(boundMs)}, measured {inTime(ageMs)}
      </small>
    </div>
  );
}
