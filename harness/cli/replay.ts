/**
 * `lossbound replay`: judges the crash state of a bundle again, on the target that it names or on another; or that of a
 * token, which a seed brings back.
 *
 *     1  reproduced       a finding of the bundle is there again, or this target breaks a promise of its own
 *     0  not there        the store handles these files as it should
 *     5  not known        it could not be judged
 */
import type { Command } from "commander";
import { paintOf, wantsColour } from "../../reports/paint.ts";
import { story } from "../../reports/text-failure.ts";
import { harmless, wrapped } from "../../reports/words.ts";
import { bundledFinding } from "../bundle/reported-finding.ts";
import type { ReplayResult } from "../replay.ts";
import { isToken } from "../simulated/token.ts";
import { type ExitCode, exitCodes } from "./exit.ts";
import { replayFromToken } from "./replay-token.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Verb } from "./verb.ts";

interface ReplayOptions {
  readonly target?: string;
  readonly keep?: true;
  readonly json?: true;
}

export const replay: Verb = {
  name: "replay",
  add(program: Command, surroundings: Surroundings, ends: (code: ExitCode) => void): void {
    program
      .command("replay")
      .summary("judge a finding again, from its bundle or its token")
      .description(
        "Lays out the files of a bundle as the crash left them, starts the store on them, and judges what it serves against the history in the bundle. Of a token, the recording is made again from its seed.",
      )
      .argument("<token|bundle>", "as a report names it: sim~…, or a file NAME.lossbound")
      .option("--target <store>", "another store, to see whether it does better (default: the bundle's)")
      .option("--keep", "leave the store's folder behind, to look at it")
      .option("--json", "the answer as one JSON object")
      .addHelpText("after", examples)
      .action(async (bundle: string, { target, keep, json }: ReplayOptions) => {
        if (isToken(bundle)) {
          ends(await replayFromToken(bundle, json === true, surroundings));
          return;
        }
        const result = await surroundings.replayBundle({ bundle, keep: keep === true, ...(target && { target }) });
        const { out, err } = surroundings;
        if (result.kept !== undefined) err.stream.write(`kept: ${result.kept}\n`);
        out.stream.write(json ? `${JSON.stringify(asJson(result), null, 2)}\n` : shown(result, bundle, surroundings));
        ends(exitCodeOf(result));
      });
  },
};

const examples = `
Examples:
  lossbound replay results/latest/bundles/kill-random-always-3.lossbound
  lossbound replay kill-random-always-3.lossbound --target /usr/bin/redis-server   does another store do better?

Exit codes: 0 not there any more, 1 reproduced, 5 not known
`;

function exitCodeOf({ reproduced, judgement }: ReplayResult): ExitCode {
  if (reproduced || judgement.verdict === "violated") return exitCodes.violated;
  return judgement.verdict === "held" ? exitCodes.held : exitCodes.inconclusive;
}

function asJson({ reproduced, target, store, bundle, judgement, again }: ReplayResult) {
  return {
    reproduced,
    verdict: judgement.verdict,
    ...(judgement.why !== undefined && { why: judgement.why }),
    scenario: bundle.plan.scenario,
    preset: bundle.plan.preset,
    seed: bundle.plan.seed,
    target: { name: target, store: store.name, version: store.version },
    again: again.map(({ fingerprint }) => fingerprint),
    findings: judgement.findings,
  };
}

function shown(result: ReplayResult, bundleFile: string, { out, environment }: Surroundings): string {
  const { bundle, target, store, judgement } = result;
  const paint = paintOf(wantsColour(environment, out.isTerminal));
  const columns = Math.max(60, Math.min(out.columns, 120));
  const where = harmless(`${target} (${store.name} ${store.version})`);
  const title = harmless(`${bundle.plan.scenario} · ${bundle.plan.preset} · ${where}`);
  const findings = judgement.findings.flatMap((finding) => [
    ...story(bundledFinding(finding, bundle, bundleFile), paint, columns),
    "",
  ]);
  return [paint.bold(title), "", ...findings, ...wrapped(sentence(result, where), columns).map(paint.bold), ""].join(
    "\n",
  );
}

function sentence({ reproduced, judgement, bundle, again }: ReplayResult, where: string): string {
  const total = bundle.header.findings.length;
  if (reproduced) {
    const rest = again.length < total ? ` (${again.length} of ${total} findings)` : "";
    return `Reproduced on ${where}${rest}.`;
  }
  if (judgement.verdict === "violated") return `Not the same finding, but ${where} breaks a promise on these files.`;
  if (judgement.verdict === "held") return `Not there on ${where}: it handles these files as it should.`;
  return harmless(`Not known on ${where}: ${judgement.why ?? "it could not be judged"}`);
}
