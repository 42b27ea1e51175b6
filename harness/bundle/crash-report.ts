/**
 * A crash report: what a bundle holds, as Markdown that can be pasted into an issue tracker. It is read by somebody who
 * knows the store and not lossbound, and doubts it: so it says what was promised and by whom, what happened in the few
 * calls that matter, and how to see it with lossbound, with the script in the bundle, and by hand.
 *
 * It is pasted where everybody reads it: secrets of the config are left out, and nothing in it is obeyed as markup.
 */
import path from "node:path";
import { exposureInWords } from "../../reports/exposure.ts";
import { fenced, inlineCode, prose, table } from "../../reports/markdown.ts";
import type { Finding } from "../../reports/outcome.ts";
import { paintOf } from "../../reports/paint.ts";
import { storyOf } from "../../reports/story.ts";
import { history } from "../../reports/text-failure.ts";
import { inTime } from "../../reports/words.ts";
import { modelFromJson } from "../operations/model.ts";
import type { RecoveryStart } from "../oracle/evidence.ts";
import { judge } from "../oracle/judge.ts";
import type { PromiseVerdict } from "../oracle/judgement.ts";
import { sinceFirstCallMs } from "../recording/history.ts";
import { configText } from "../targets/config-file.ts";
import type { Bundle, StartJson } from "./bundle.ts";
import { bundledFinding } from "./reported-finding.ts";
import { withoutSecrets } from "./secrets.ts";

/** Lines of history are not broken: a tracker scrolls them. */
const historyColumns = 160;

/** @param file the bundle's path: what a reader is told to replay. */
export function crashReport(bundle: Bundle, file: string): string {
  const { plan } = bundle;
  const { config, clean } = withoutSecrets(plan.config);
  const findings = bundle.header.findings.map((finding) => bundledFinding(finding, bundle, file));
  const lines = [
    ...heading(bundle, findings),
    "",
    ...promised(bundle),
    "",
    ...happened(bundle, findings),
    "",
    ...reproduce(bundle, findings, path.basename(file)),
    "",
    "### The config",
    "",
    ...fenced(configText(config).trimEnd().split("\n"), "conf"),
    "",
    ...footer(bundle, findings),
  ];
  return `${clean(lines.join("\n"))}\n`;
}

const faults = {
  kill: "the process was killed (SIGKILL)",
  "power-cut": "the power was cut",
  "disk-fault": "the disk failed, and the process ended",
  shutdown: "the process was told to end (SIGTERM)",
} as const;

function heading({ header, plan }: Bundle, findings: readonly Finding[]): string[] {
  const { store } = header.target;
  const kinds = [...new Set(findings.map(({ kind }) => kind.replaceAll("-", " ")))].join(", ");
  return [
    `## ${prose(`${store.name} ${store.version}: ${kinds} after a crash, with ${plan.preset}`)}`,
    "",
    `Clients wrote to ${prose(`${store.name} ${store.version}`)}; ${faults[header.crash.fault]}; it was started again on the files that were left, and everything was read back.`,
  ];
}

function promised(bundle: Bundle): string[] {
  const broken = new Set(bundle.header.findings.map(({ level }) => level));
  const rows = promisesOf(bundle).map(({ level, text, boundMs, ageMs, verdict }) => [
    level,
    prose(text),
    boundMs === null ? "–" : `at most ${inTime(boundMs)}, measured ${inTime(ageMs)}`,
    broken.has(level) ? "**broken**" : verdict === "unknown" ? "not known" : verdict,
  ]);
  return [
    "### What was promised",
    "",
    ...table(["level", "promise", "lost at most", ""], rows),
    "",
    "*documented*: what the documentation says. *source*: what follows from the source and the sync times measured meanwhile. *consistency*: what no timing excuses.",
  ];
}

/** Judged again from what the starts showed when it was found; nothing is started. */
function promisesOf({ header, history: of, initial }: Bundle): readonly PromiseVerdict[] {
  const { cut, crash, promise, documentedCounts } = header;
  const recovery = { starts: header.starts.map(startFromJson) };
  const evidence = { history: of, ...(initial !== undefined && { initial }), cut, crash, promise, recovery };
  return judge(evidence, { documentedCounts }).promises;
}

function startFromJson(start: StartJson): RecoveryStart {
  return start.kind === "served" ? { ...start, state: modelFromJson(start.state), deadlineErrorMs: 0 } : start;
}

function happened({ header, history: of }: Bundle, findings: readonly Finding[]): string[] {
  const { point, crash } = header;
  const atMs = sinceFirstCallMs(of, point.stampNs);
  const where = [point.operation, point.path].filter((part) => part !== "").join(" ");
  return [
    "### What happened",
    "",
    `- the crash: ${inlineCode(where)}, ${inTime(atMs)} after the first call${point.place === "" ? "" : ` (${prose(point.place)})`}`,
    `- the longest sync until then took ${inTime(crash.longestSyncMs)}`,
    ...header.starts.map((start, index) => `- start ${index + 1} on these files: ${startInWords(start)}`),
    ...findings.flatMap((finding) => ["", ...told(finding)]),
  ];
}

function startInWords(start: StartJson): string {
  if (start.kind === "served") return `served after ${inTime(start.tookMs)}`;
  if (start.kind === "unclear") return `not known: ${prose(start.why)}`;
  return `refused to start, ${start.exitCode === null ? "by a signal" : `exit code ${start.exitCode}`}`;
}

function told(finding: Finding): string[] {
  const { kind, level, checker, message, evidence } = finding;
  const exposed = exposureInWords(finding);
  const story = storyOf(evidence);
  const keys = story.keys.map(({ database, key, expected, recovered }) => [
    `${inlineCode(key)}${database > 0 ? ` in database ${database}` : ""}`,
    inlineCode(expected),
    inlineCode(recovered),
  ]);
  const calls = story.calls.length === 0 ? [] : history(finding, story, paintOf(false), historyColumns);
  return [
    `**${kind}** (${level}, found by the ${checker} checker): ${prose(message)}`,
    ...(calls.length === 0
      ? []
      : ["", "The calls that matter, in ms since the first call:", "", ...fenced(calls, "text")]),
    ...(keys.length === 0 ? [] : ["", ...table(["key", "must be", "came back as"], keys)]),
    ...(exposed === "" ? [] : ["", `How likely that is: ${exposed}.`]),
    ...(story.laws.length === 0 ? [] : ["", ...story.laws.map((law) => `- ${prose(law)}`)]),
    ...(story.storeLog.length === 0 ? [] : ["", "What the store said last:", "", ...fenced(story.storeLog, "text")]),
  ];
}

function reproduce({ header, plan }: Bundle, findings: readonly Finding[], name: string): string[] {
  const folder = path.basename(name, path.extname(name));
  const executable = header.target.kind === "executable" ? header.target.name : "redis-server";
  const keys = findings.flatMap(({ evidence }) => storyOf(evidence).keys);
  // A name too long to print whole cannot be asked for.
  const asked = keys.filter(({ key }) => !key.includes("…("));
  return [
    "### See it yourself",
    "",
    `All of it starts from the files as the crash left them, in the bundle ${inlineCode(name)}, which is a tar.gz.`,
    "",
    "With lossbound, which judges the files again (`--target` for another store):",
    "",
    ...fenced([`lossbound replay ${name}`], "sh"),
    "",
    "With the store and redis-cli alone:",
    "",
    ...fenced([`tar xzf ${name}`, `STORE=${executable} ${folder}/repro.sh`], "sh"),
    "",
    "By hand:",
    "",
    ...fenced(
      [
        `tar xzf ${name} && cp -R ${folder}/image data`,
        `(cat ${folder}/store.conf; echo 'dir ./data'; echo 'port 6399') > by-hand.conf`,
        `${executable} by-hand.conf &`,
        ...asked.map(
          ({ database, key, expected }) =>
            `redis-cli -p 6399 -n ${database}   # then: DUMP ${key}, must be ${expected}`,
        ),
        ...(asked.length === 0 ? ["redis-cli -p 6399   # what the calls marked lost had done is not there"] : []),
      ],
      "sh",
    ),
    "",
    `The run that led there: scenario ${inlineCode(plan.scenario)}, preset ${inlineCode(plan.preset)}, seed ${inlineCode(plan.seed)}, cycle ${plan.cycle}. The same seed gives the same calls; a real process's timing it does not give, which is why the files are kept.`,
  ];
}

function footer({ header }: Bundle, findings: readonly Finding[]): string[] {
  const prints = findings.map(({ fingerprint }) => inlineCode(fingerprint)).join(", ");
  return [`lossbound ${prose(header.version)}, ${header.writtenAt}, fingerprint ${prints}`];
}
