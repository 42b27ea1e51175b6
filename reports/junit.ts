/**
 * JUnit XML, as CI systems read it: a suite for each scenario on a target, a case for each preset.
 *
 *     violated  → a failure for each finding that is not known, with its evidence and replay command
 *     unknown   → an error with the reason: nothing was tested, and that is no pass
 *     an expectation that was missed → a failure
 */
import { bySuite, type Run } from "./outcome.ts";
import { missedBy, type Report, type Reporter } from "./reporter.ts";

export const junit: Reporter = {
  name: "junit",
  what: "JUnit XML, for CI systems",
  render(report) {
    const { runs, durationMs } = report.outcome;
    const all = { name: "lossbound", ...totals(runs, report), time: (durationMs / 1_000).toFixed(3) };
    const tree = element(
      "testsuites",
      all,
      bySuite(runs)
        .map((of) => suite(of, report))
        .join(""),
    );
    return `<?xml version="1.0" encoding="UTF-8"?>\n${tree}`;
  },
};

function suite(runs: readonly [Run, ...Run[]], report: Report): string {
  const { startedAt, seed } = report.outcome;
  const name = `${runs[0].scenario} on ${runs[0].target}`;
  const properties = element("properties", {}, element("property", { name: "seed", value: seed }));
  const cases = runs.map((run) => testCase(run, report)).join("");
  return element("testsuite", { name, ...totals(runs, report), timestamp: startedAt }, properties + cases);
}

function testCase(run: Run, report: Report): string {
  const about = `seed ${run.seed}, ${run.crashStates.judged} crash states judged`;
  const body = [...troubles(run, report), element("system-out", {}, escaped(about))].join("");
  return element("testcase", { name: run.preset, classname: run.scenario.replaceAll("/", ".") }, body);
}

function troubles(run: Run, report: Report): string[] {
  const findings = run.verdict === "violated" ? run.findings.filter(({ known }) => !known) : [];
  return [
    ...findings.map(({ kind: type, message, evidence, replay, fingerprint }) => {
      const story = `${JSON.stringify(evidence, null, 2)}\n${replay}\nfingerprint ${fingerprint}`;
      return element("failure", { type, message }, escaped(story));
    }),
    ...missedBy(run, report.expectations).map(({ wanted, found }) =>
      element("failure", { type: "expectation", message: `expected ${wanted}, found ${found}` }),
    ),
    ...(run.verdict === "unknown" ? [element("error", { type: "unknown", message: run.why ?? "" })] : []),
  ];
}

function totals(runs: readonly Run[], report: Report) {
  const failed = (run: Run) => run.verdict === "violated" || missedBy(run, report.expectations).length > 0;
  const failures = runs.filter(failed).length;
  const errors = runs.filter((run) => run.verdict === "unknown" && !failed(run)).length;
  return { tests: runs.length, failures, errors };
}

/** An element on lines of its own; `body` is XML already. */
function element(name: string, attributes: Readonly<Record<string, string | number>>, body = ""): string {
  const open = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(String(value))}"`);
  return body === "" ? `<${name}${open.join("")}/>\n` : `<${name}${open.join("")}>\n${body}</${name}>\n`;
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** What XML 1.0 cannot hold at all (most control characters, lone surrogates) is spelt out, the rest is escaped. */
function escaped(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/[&<>"\u0000-\u001f\ufffe\uffff\p{Surrogate}]/gu, (character) => {
    const code = character.charCodeAt(0);
    if (character === "\n" || character === "\r" || character === "\t") return `&#${code};`;
    return entities[character] ?? `\\u${code.toString(16).padStart(4, "0")}`;
  });
}
