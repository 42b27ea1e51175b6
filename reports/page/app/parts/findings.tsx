/** What broke a promise: the sentence, the smallest history, what came back, and the command that shows it again. */
import { useRef, useState } from "preact/hooks";
import { exposureInWords } from "../../../exposure.ts";
import { counted } from "../../../words.ts";
import type { PageFinding, PageRun } from "../../page-data.ts";
import { nameOf, Section, Wide } from "./common.tsx";

export function Findings({ runs }: { readonly runs: readonly PageRun[] }) {
  const all = runs.flatMap((run) => run.findings.map((finding) => ({ run, finding })));
  return (
    <Section
      id="findings"
      title="Findings"
      about="Each kind of trouble once for each run. The times are milliseconds since the first call."
    >
      {all.length === 0 && <p>Nothing was found.</p>}
      {all.map(({ run, finding }) => (
        <Finding key={`${nameOf(run, runs)} ${finding.fingerprint}`} finding={finding} name={nameOf(run, runs)} />
      ))}
    </Section>
  );
}

function Finding({ finding, name }: { readonly finding: PageFinding; readonly name: string }) {
  const { kind, level, checker, message, known, fingerprint, story, model, filesystem } = finding;
  const exposed = exposureInWords(finding);
  const places = [model, filesystem].filter((part) => part !== "").join(", ");
  return (
    <article class={known ? "finding known" : "finding"} id={`finding-${fingerprint}`}>
      <h3>
        {kind} <span class="tag">{level}</span> {known && <span class="tag">known</span>} <small>{name}</small>
      </h3>
      <p class="message">{message}</p>
      <History finding={finding} />
      <Keys story={story} />
      {story.laws.length > 0 && (
        <>
          <h4>Why a correct store cannot do this</h4>
          <ul>
            {story.laws.map((law) => (
              <li key={law}>{law}</li>
            ))}
          </ul>
        </>
      )}
      {finding.replay !== "" && (
        <>
          <h4>See it again</h4>
          <Command text={finding.replay} />
        </>
      )}
      {story.storeLog.length > 0 && (
        <details>
          <summary>What the store said last</summary>
          <pre>{story.storeLog.join("\n")}</pre>
        </details>
      )}
      <p class="small dim">
        found by the {checker} checker{places !== "" && ` under ${places}`}
        {story.cyclesSeen !== undefined && `, in ${counted(story.cyclesSeen, "cycle")}`}
        {exposed !== "" && `; ${exposed}`} · fingerprint <code>{fingerprint}</code>
      </p>
    </article>
  );
}

function History({ finding: { story, crashPoint } }: { readonly finding: PageFinding }) {
  if (story.calls.length === 0) return null;
  const before = story.calls.filter(({ sentMs }) => sentMs <= crashPoint.atMs);
  const after = story.calls.filter(({ sentMs }) => sentMs > crashPoint.atMs);
  const row = (call: PageFinding["story"]["calls"][number]) => (
    <tr key={call.id} class={`fate-${call.fate}`}>
      <td class="number">{call.sentMs.toFixed(1)}</td>
      <td>client {call.client}</td>
      <td>
        <code>{call.request}</code>
      </td>
      <td>{call.reply === "" ? <span class="dim">no reply</span> : <code>{call.reply}</code>}</td>
      <td class="fate">{call.fate}</td>
    </tr>
  );
  return (
    <Wide label="The calls that matter">
      <table class="history">
        <thead>
          <tr>
            <th scope="col" class="number">
              ms
            </th>
            <th scope="col">who</th>
            <th scope="col">asked</th>
            <th scope="col">was told</th>
            <th scope="col">fate</th>
          </tr>
        </thead>
        <tbody>
          {before.map(row)}
          <tr class="crash">
            <td class="number">{crashPoint.atMs.toFixed(1)}</td>
            <td colSpan={4}>
              ✗ {crashPoint.operation} {crashPoint.path}
            </td>
          </tr>
          {after.map(row)}
        </tbody>
      </table>
    </Wide>
  );
}

function Keys({ story }: { readonly story: PageFinding["story"] }) {
  if (story.keys.length === 0) return null;
  return (
    <Wide label="What came back">
      <table>
        <thead>
          <tr>
            <th scope="col">key</th>
            <th scope="col">must be</th>
            <th scope="col">came back as</th>
          </tr>
        </thead>
        <tbody>
          {story.keys.map(({ database, key, expected, recovered }) => (
            <tr key={`${database} ${key}`}>
              <th scope="row">
                <code>{key}</code> {database > 0 && <small>in database {database}</small>}
              </th>
              <td>
                <code>{expected}</code>
              </td>
              <td>
                <code>{recovered}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  );
}

/** A command with a button that copies it; where the browser does not let us, it is selected for Ctrl-C. */
function Command({ text }: { readonly text: string }) {
  const code = useRef<HTMLElement>(null);
  const [said, setSaid] = useState("copy");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid("copied");
    } catch (error) {
      if (code.current === null) throw error;
      getSelection()?.selectAllChildren(code.current);
      setSaid("selected: press Ctrl-C");
    }
  };
  return (
    <p class="command">
      <code ref={code}>{text}</code>
      <button type="button" onClick={() => void copy()} aria-live="polite">
        {said}
      </button>
    </p>
  );
}
