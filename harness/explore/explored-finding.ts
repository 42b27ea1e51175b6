/** A finding of a pair as the outcome tells it: with its crash point, its disk, and how to see it again. */
import type { Finding as ReportedFinding } from "../../reports/outcome.ts";
import type { DiskModel } from "../disk/disk-model.ts";
import type { Finding } from "../oracle/checker.ts";
import { sinceFirstCallMs } from "../recording/history.ts";
import { diskStory } from "./disk-story.ts";
import type { JudgedPair } from "./exploration.ts";
import type { Replay } from "./exploration-title.ts";

export interface FindingFacts {
  /** The mildest that admits the state, of those that were asked for. */
  readonly model: DiskModel;
  /** Empty without one. */
  readonly filesystem: string;
  readonly exposureMs: number;
  readonly known: boolean;
  readonly replay: Replay;
}

export function exploredFinding(
  finding: Finding,
  { state, evidence }: JudgedPair,
  { model, filesystem, exposureMs, known, replay }: FindingFacts,
): ReportedFinding {
  const { fingerprint, level, checker, kind, message } = finding;
  const { index, interval, last } = state.point;
  return {
    fingerprint,
    level,
    checker,
    kind,
    model: model.name,
    filesystem,
    crashPoint: {
      journalIndex: index,
      operation: `power cut (${model.name}) after ${last?.kind ?? "nothing"}`,
      path: (last !== undefined && "path" in last && last.path) || "",
      atMs: evidence === undefined ? 0 : sinceFirstCallMs(evidence.history, interval.endNs),
    },
    exposureMs,
    message,
    evidence: { ...finding.evidence, disk: diskStory(model, state) },
    known,
    bundle: replay.bundle,
    replay: replay.command,
  };
}
