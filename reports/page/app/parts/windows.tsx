/** Which stretches of a run a crash fell into: what was tested, and what only might have been. */
import { grouped, inTime } from "../../../words.ts";
import type { PageRun } from "../../page-data.ts";
import { nameOf, Section, Sign, Wide } from "./common.tsx";

export function Windows({ runs }: { readonly runs: readonly PageRun[] }) {
  const rows = runs.flatMap((run) => run.windows.map((window) => ({ run, ...window })));
  const most = Math.max(1, ...rows.map(({ crashPoints }) => crashPoints));
  return (
    <Section
      id="windows"
      title="What the crashes fell into"
      about="A window is a stretch in which a store is in the middle of something. One that no crash fell into was not tested."
    >
      {rows.length === 0 ? (
        <p class="dim">No run names a window.</p>
      ) : (
        <Wide label="Windows of every run">
          <table>
            <thead>
              <tr>
                <th scope="col">window</th>
                <th scope="col">run</th>
                <th scope="col">crash points</th>
                <th scope="col" class="number">
                  open for
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map(({ run, name, crashPoints, exposureMs }) => (
                <tr key={`${nameOf(run, runs)} ${name}`}>
                  <th scope="row">
                    {crashPoints === 0 && <Sign verdict="unknown" />} {name}
                  </th>
                  <td>{nameOf(run, runs)}</td>
                  <td>
                    <span class="count-bar" aria-hidden="true" style={{ width: `${(crashPoints / most) * 8}rem` }} />{" "}
                    {crashPoints === 0 ? "never hit" : grouped(crashPoints)}
                  </td>
                  <td class="number">{exposureMs === 0 ? "–" : inTime(exposureMs)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Wide>
      )}
    </Section>
  );
}
