/**
 * The story of one run that failed: what was promised, what was measured, the few calls that matter around the crash,
 * why a correct store cannot do this, and the command that shows it again.
 */
import { exposureInWords } from "./exposure.ts";
import { type Finding, levelNames, type Run } from "./outcome.ts";
import { mark, type Paint } from "./paint.ts";
import { type Story, type StoryCall, storyOf } from "./story.ts";
import { clipped, counted, harmless, inTime, wrapped } from "./words.ts";

/** More than that nobody reads at once; the outcome has them all. */
const findingsMax = 3;
const callsMax = 12;

/**
 * Empty for a run without findings.
 * @param told fingerprints of the findings that this report has told already: the same trouble is told once
 */
export function failure(run: Run, told: Set<string>, paint: Paint, columns: number): string {
  if (run.findings.length === 0) return "";
  const title = harmless(`${run.scenario} · ${run.preset} · ${run.target}`);
  const rest = run.findings.length - findingsMax;
  return [
    `${mark(run.verdict, paint)} ${paint.bold(title)} ${paint.dim("─".repeat(Math.max(3, columns - title.length - 3)))}`,
    ...promises(run, paint, columns),
    ...run.findings.slice(0, findingsMax).flatMap((finding) => {
      const isNew = !told.has(finding.fingerprint);
      told.add(finding.fingerprint);
      return isNew ? ["", ...story(finding, paint, columns)] : ["", ...again(finding, paint)];
    }),
    ...(rest > 0 ? ["", `  … and ${counted(rest, "more finding")} in the outcome`] : []),
  ].join("\n");
}

function promises(run: Run, paint: Paint, columns: number): string[] {
  const inOrder = levelNames.flatMap((level) => run.promises.filter((promise) => promise.level === level));
  return inOrder.flatMap(({ level, text, boundMs, ageMs, verdict }) => {
    const bound = boundMs === null ? [] : [`at most ${inTime(boundMs)}, measured ${inTime(ageMs)}`];
    const [first = "", ...rest] = [...wrapped(harmless(text), columns - 19), ...bound.map((each) => paint.dim(each))];
    return [`    ${mark(verdict, paint)} ${level.padEnd(12)} ${first}`, ...rest.map((line) => " ".repeat(19) + line)];
  });
}

/** One finding as it is told: heading, sentence, history, what came back, how to see it again. */
export function story(finding: Finding, paint: Paint, columns: number): string[] {
  const drawn = storyOf(finding.evidence);
  const [first = "", ...rest] = wrapped(harmless(finding.message), columns - 4);
  const seen = drawn.cyclesSeen === undefined ? "" : `, seen in ${counted(drawn.cyclesSeen, "cycle")}`;
  const heading = paint.bold(`${finding.kind}${finding.known ? " (known)" : ""}`);
  return [
    `  ${paint.red(heading)}  ${paint.dim(`by the ${finding.checker} checker, level ${finding.level}`)}`,
    `    ${first}`,
    ...rest.map((line) => `    ${line}`),
    ...section("what happened, in ms since the first call", history(finding, drawn, paint, columns), paint),
    ...section(
      "what came back",
      drawn.keys.map(({ database, key, expected, recovered }) =>
        harmless(`db ${database}  ${key}  expected ${expected}, found ${recovered}`),
      ),
      paint,
    ),
    ...section("what the disk did", diskLines(drawn, columns), paint),
    ...section("how likely", exposedLines(finding, columns), paint),
    ...section("why a correct store cannot do this", drawn.laws.map(harmless), paint),
    ...section("what the store said last", drawn.storeLog.map(harmless), paint),
    ...section("see it again", [paint.cyan(harmless(finding.replay))], paint),
    `    ${paint.dim(`fingerprint ${harmless(finding.fingerprint)}${seen}`)}`,
  ];
}

/** The model and its laws, each with the real file systems that were seen to do so. */
function diskLines({ disk }: Story, columns: number): string[] {
  if (disk === undefined) return [];
  const { model, grade, summary, confirmedOn, laws } = disk;
  const where = confirmedOn.length === 0 ? "not confirmed" : `confirmed on ${confirmedOn.join(", ")}`;
  const numbered = Object.entries(laws).flatMap(([id, text]) => {
    const [first = "", ...rest] = wrapped(harmless(text), columns - 12);
    return [`${id.padEnd(4)} ${first}`, ...rest.map((line) => `     ${line}`)];
  });
  return [...wrapped(harmless(`${model} (${grade}, ${where}): ${summary}`), columns - 6), ...numbered];
}

function exposedLines(finding: Finding, columns: number): string[] {
  return wrapped(exposureInWords(finding), columns - 6);
}

function again({ kind, fingerprint, replay }: Finding, paint: Paint): string[] {
  return [
    `  ${paint.red(paint.bold(kind))}  ${paint.dim(`as above, fingerprint ${harmless(fingerprint)}`)}`,
    ...section("see it again", [paint.cyan(harmless(replay))], paint).slice(1),
  ];
}

function section(title: string, lines: readonly string[], paint: Paint): string[] {
  return lines.length === 0 ? [] : ["", `    ${paint.dim(title)}`, ...lines.map((line) => `      ${line}`)];
}

/** The last calls before the crash and those after it, with the crash in its place. A line each, however long. */
export function history(
  { crashPoint }: Pick<Finding, "crashPoint">,
  { calls }: Pick<Story, "calls">,
  paint: Paint,
  columns: number,
): string[] {
  const before = calls.filter(({ sentMs }) => sentMs <= crashPoint.atMs);
  const after = calls.filter(({ sentMs }) => sentMs > crashPoint.atMs).slice(0, callsMax);
  const shown = [...before.slice(-callsMax), ...after];
  // Times, client, arrow and fate take some fifty characters; request and reply share what is left.
  const room = Math.max(40, columns - 50);
  const requestOf = (call: StoryCall) => clipped(harmless(call.request), Math.ceil(room * 0.7));
  const replyOf = (call: StoryCall) => (call.reply === "" ? "no reply" : clipped(harmless(call.reply), room * 0.3));
  const requestWidth = Math.max(0, ...shown.map((call) => requestOf(call).length));
  const replyWidth = Math.max(0, ...shown.map((call) => replyOf(call).length));
  const line = (call: StoryCall): string => {
    const fate = call.fate === "lost" || call.fate === "wrong" ? paint.red(call.fate) : paint.dim(call.fate);
    const asked = `${inColumn(call.sentMs)}  client ${call.client}  ${requestOf(call).padEnd(requestWidth)}`;
    return `${asked}  →  ${replyOf(call).padEnd(replyWidth)}  ${fate}`;
  };
  const skipped = before.length - callsMax;
  const place = harmless([crashPoint.operation, crashPoint.path].filter((part) => part !== "").join(" "));
  return [
    ...(skipped > 0 ? [paint.dim(`… ${counted(skipped, "earlier call")}`)] : []),
    ...before.slice(-callsMax).map(line),
    `${inColumn(crashPoint.atMs)}  ${paint.red("✗")} ${place}`,
    ...after.map(line),
  ];
}

function inColumn(ms: number): string {
  return ms.toFixed(1).padStart(8);
}
