/** `lossbound replay TOKEN`: the crash state that a token names, made and judged again. */
import type { Finding as ReportedFinding } from "../../reports/outcome.ts";
import { paintOf, wantsColour } from "../../reports/paint.ts";
import { story } from "../../reports/text-failure.ts";
import { harmless, wrapped } from "../../reports/words.ts";
import type { Finding } from "../oracle/checker.ts";
import type { TokenReplay } from "../simulated/replay-token.ts";
import { BadToken, readToken, type Token } from "../simulated/token.ts";
import { Exit, type ExitCode, exitCodes } from "./exit.ts";
import type { Surroundings } from "./surroundings.ts";

export async function replayFromToken(text: string, json: boolean, surroundings: Surroundings): Promise<ExitCode> {
  const { catalogue, out } = surroundings;
  try {
    const token = readToken(text);
    const scenario = catalogue.scenario(token.scenario).value;
    const preset = catalogue.preset(token.preset);
    // The store's own code: loaded only for who asks for it.
    const { replayToken } = await import("../simulated/replay-token.ts");
    const replay = await replayToken(token, scenario, preset);
    out.stream.write(
      json ? `${JSON.stringify(asJson(token, replay), null, 2)}\n` : shown(token, text, replay, surroundings),
    );
    if (isReproduced(replay)) return exitCodes.violated;
    return replay.judgement.verdict === "held" ? exitCodes.held : exitCodes.inconclusive;
  } catch (error) {
    if (error instanceof BadToken) throw new Exit(exitCodes.usage, error.message);
    throw error;
  }
}

/** A token was made for a finding, and that may be one that the documentation alone is against. */
function isReproduced({ judgement }: TokenReplay): boolean {
  return judgement.findings.length > 0;
}

function asJson({ scenario, preset, seed }: Token, replay: TokenReplay) {
  const { judgement, recordingDigest } = replay;
  const { verdict, why, findings } = judgement;
  return {
    reproduced: isReproduced(replay),
    verdict,
    ...(why !== undefined && { why }),
    scenario,
    preset,
    seed,
    target: { name: "simulated" },
    recordingDigest,
    findings,
  };
}

function shown(token: Token, text: string, replay: TokenReplay, { out, environment }: Surroundings): string {
  const paint = paintOf(wantsColour(environment, out.isTerminal));
  const columns = Math.max(60, Math.min(out.columns, 120));
  const title = harmless(`${token.scenario} · ${token.preset} · simulated · seed ${token.seed}`);
  const findings = replay.judgement.findings.flatMap((finding) => [
    ...story(reported(finding, token, text, replay), paint, columns),
    "",
  ]);
  return [paint.bold(title), "", ...findings, ...wrapped(sentence(replay), columns).map(paint.bold), ""].join("\n");
}

function sentence(replay: TokenReplay): string {
  const { verdict, why } = replay.judgement;
  if (isReproduced(replay)) return "Reproduced: the same seed, the same crash state, the same promise broken.";
  if (verdict === "held") return "Not there any more: the store handles this crash state as it should.";
  return harmless(`Not known: ${why ?? "it could not be judged"}`);
}

function reported(finding: Finding, token: Token, text: string, { crashPoint }: TokenReplay): ReportedFinding {
  const { kind, level, checker, fingerprint, message, evidence } = finding;
  const last = token.crashes.at(-1);
  return {
    fingerprint,
    level,
    checker,
    kind,
    model: last?.model ?? "",
    filesystem: "",
    crashPoint: { journalIndex: last?.pointIndex ?? -1, ...crashPoint },
    exposureMs: 0,
    message,
    evidence: { ...evidence },
    known: false,
    bundle: "",
    replay: `lossbound replay ${text}`,
  };
}
