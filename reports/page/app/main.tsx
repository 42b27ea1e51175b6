/**
 * The page, from top to bottom as one asks in the morning: is it safe, against what promise, how much was lost, where,
 * how did it come to that, what was tested at all, and on what machine.
 */
import { render } from "preact";
import type { PageContent, PageData } from "../page-data.ts";
import { ComparisonPage } from "./parts/comparison.tsx";
import { CrashMaps } from "./parts/crash-map.tsx";
import { Environment } from "./parts/environment.tsx";
import { Findings } from "./parts/findings.tsx";
import { LossAges } from "./parts/loss-ages.tsx";
import { Nights } from "./parts/nights.tsx";
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
        {data.nights !== undefined && <Nights nights={data.nights} />}
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
const content = JSON.parse(source.textContent) as PageContent;
if ("comparison" in content) {
  document.title = "comparison · lossbound";
  render(<ComparisonPage comparison={content.comparison} />, place);
} else {
  document.title = `${content.outcome.verdict} · lossbound`;
  render(<Page data={content} />, place);
}
