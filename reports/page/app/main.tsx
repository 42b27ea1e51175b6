/**
 * The page, from top to bottom as one asks in the morning: is it safe, against what promise, how much was lost, where,
 * how did it come to that, what was tested at all, and on what machine.
 */
import { render } from "preact";
import type { PageData } from "../page-data.ts";
import { CrashMaps } from "./parts/crash-map.tsx";
import { Environment } from "./parts/environment.tsx";
import { Findings } from "./parts/findings.tsx";
import { LossAges } from "./parts/loss-ages.tsx";
import { Promises } from "./parts/promises.tsx";
import { Recoveries } from "./parts/recoveries.tsx";
import { Timelines } from "./parts/timelines.tsx";
import { Verdict } from "./parts/verdict.tsx";
import { Windows } from "./parts/windows.tsx";
import "./style.css";

function Page({ data }: { readonly data: PageData }) {
  return (
    <>
      <a class="skip" href="#promises">
        Skip to the promises
      </a>
      <Verdict data={data} />
      <main>
        <Promises runs={data.runs} expectations={data.expectations} />
        <LossAges runs={data.runs} />
        <CrashMaps runs={data.runs} />
        <Timelines runs={data.runs} />
        <Findings runs={data.runs} />
        <Windows runs={data.runs} />
        <Recoveries runs={data.runs} />
        <Environment data={data} />
      </main>
    </>
  );
}

const source = document.getElementById("lossbound-data");
const place = document.getElementById("page");
if (source === null || place === null) throw new Error("the page's template is damaged");
const data = JSON.parse(source.textContent) as PageData;
document.title = `${data.outcome.verdict} · lossbound`;
render(<Page data={data} />, place);
