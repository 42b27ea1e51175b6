/**
 * Judges a drawn history, and says what is expected of the verdict in one word.
 */
import { expect } from "chai";
import type { Finding } from "../harness/oracle/checker.ts";
import type { CrashFacts, Evidence, PresetPromise } from "../harness/oracle/evidence.ts";
import { judge } from "../harness/oracle/judge.ts";
import type { Judgement } from "../harness/oracle/judgement.ts";
import { drawnHistory, drawnState, wallMsAt } from "./drawn-history.ts";
import { evidenceOf } from "./evidence.ts";

export interface Setting {
  readonly row?: PresetPromise["row"];
  readonly crash?: Partial<CrashFacts>;
  readonly promise?: Partial<PresetPromise>;
  readonly evidence?: Partial<Evidence>;
  /** How long after the cut everything was read back. */
  readonly readAfterMs?: number;
}

/** @param back requests that leave in an empty store what came back */
export function judged(drawing: string, back: string, setting: Setting = {}): Judgement {
  const { history, endNs } = drawnHistory(drawing);
  const { row, crash, promise, evidence } = setting;
  const parts = {
    history,
    endNs,
    state: drawnState(back),
    readAtWallMs: wallMsAt(endNs) + (setting.readAfterMs ?? 100),
    ...(row !== undefined && { row }),
    ...(crash !== undefined && { crash }),
    ...(promise !== undefined && { promise }),
  };
  return judge({ ...evidenceOf(parts), ...evidence });
}

export function held(judgement: Judgement): Judgement {
  expect(judgement.verdict, said(judgement)).to.equal("held");
  return judgement;
}

export function violated(judgement: Judgement, kind: Finding["kind"], message?: RegExp): Finding {
  expect(judgement.verdict, said(judgement)).to.equal("violated");
  const [first] = judgement.findings;
  expect(first?.kind, said(judgement)).to.equal(kind);
  if (message !== undefined) expect(first?.message).to.match(message);
  return first as Finding;
}

export function unknown(judgement: Judgement, why: RegExp): void {
  expect(judgement.verdict, said(judgement)).to.equal("unknown");
  expect(judgement.why).to.match(why);
}

function said({ why, findings }: Judgement): string {
  return [why, ...findings.map(({ kind, message }) => `${kind}: ${message}`)].join("\n");
}
