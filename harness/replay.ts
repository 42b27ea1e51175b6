/**
 * Replay: a bundle is judged again. The store is started on the image of the crash state, and what it serves is held
 * against the stored history and the facts measured at that time: same files, same promises, same question.
 *
 * On the target that the bundle names, the same findings must come out; on another one (`--target`) the answer is
 * whether it handles the same files better.
 */
import type { Bundle } from "./bundle/bundle.ts";
import { readBundle } from "./bundle/read-bundle.ts";
import type { Finding } from "./oracle/checker.ts";
import type { Evidence, RecoveryFacts } from "./oracle/evidence.ts";
import { judge } from "./oracle/judge.ts";
import type { Judgement } from "./oracle/judgement.ts";
import { recover } from "./recover/recover.ts";
import { RunFolder } from "./run-folder.ts";
import { sweep } from "./sweep.ts";
import type { StoreIdentity, Target } from "./targets/target.ts";
import { openTarget } from "./targets/targets.ts";

export interface ReplayRequest {
  /** Path of a bundle. */
  readonly bundle: string;
  /** Absent: the one that the bundle names. */
  readonly target?: string;
  readonly keep: boolean;
}

export interface ReplayResult {
  readonly bundle: Bundle;
  readonly target: string;
  readonly store: StoreIdentity;
  readonly recovery: RecoveryFacts;
  readonly judgement: Judgement;
  /** Findings of the bundle that are there again, by fingerprint. */
  readonly again: readonly Finding[];
  readonly reproduced: boolean;
  /** Where the folders of the store are, when they were to be kept. */
  readonly kept?: string;
}

/** @throws BadBundle, TargetUnavailable */
export async function replayBundle(request: ReplayRequest): Promise<ReplayResult> {
  const bundle = await readBundle(request.bundle);
  const { header } = bundle;
  await sweep();
  const run = new RunFolder(undefined, request.keep);
  let target: Target | undefined;
  let kept: string | undefined;
  let result: ReplayResult;
  try {
    target = await openTarget(request.target ?? header.target.name, run);
    const store = await target.identify();
    const { recovery, judgement } = await judgeAgain(bundle, target, run);
    const seen = new Set(judgement.findings.map(({ fingerprint }) => fingerprint));
    const again = header.findings.filter(({ fingerprint }) => seen.has(fingerprint));
    result = { bundle, target: target.name, store, recovery, judgement, again, reproduced: again.length > 0 };
  } finally {
    run.giveUp();
    await target?.close();
    kept = await run.dispose();
  }
  return { ...result, ...(kept !== undefined && { kept }) };
}

/** Starts the store on the files of a bundle, and judges what it serves against the stored history. */
export async function judgeAgain(
  bundle: Bundle,
  target: Target,
  run: RunFolder,
): Promise<{ readonly recovery: RecoveryFacts; readonly evidence: Evidence; readonly judgement: Judgement }> {
  const recovery = await recoverOn(bundle, target, run);
  const evidence = evidenceOf(bundle, recovery);
  return { recovery, evidence, judgement: judge(evidence, { documentedCounts: bundle.header.documentedCounts }) };
}

async function recoverOn({ plan, image }: Bundle, target: Target, run: RunFolder): Promise<RecoveryFacts> {
  const world = target.explorable?.();
  if (world === undefined) {
    const volume = run.newVolume();
    await volume.lay(image);
    return recover(target, volume, plan.config);
  }
  const recoverer = await world.recoverer(plan.config, 1);
  try {
    return await recoverer.recover(image, 2);
  } finally {
    await recoverer.close();
  }
}

function evidenceOf({ header, history, initial }: Bundle, recovery: RecoveryFacts): Evidence {
  const { cut, crash, promise } = header;
  return { history, ...(initial !== undefined && { initial }), cut, crash, promise, recovery };
}
