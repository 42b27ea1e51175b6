/** A finding of a crash that happened once, in the form that reports tell. */
import type { Finding as ReportedFinding } from "../../reports/outcome.ts";
import type { Finding } from "../oracle/checker.ts";
import { type History, sinceFirstCallMs } from "../recording/history.ts";
import type { StampNs } from "../recording/stamp.ts";
import type { Bundle } from "./bundle.ts";

/** Where it struck, and how it can be seen again. */
export interface Struck {
  readonly point: {
    readonly journalIndex: number;
    readonly operation: string;
    readonly path: string;
    readonly stampNs: StampNs;
  };
  readonly history: History;
  readonly known: boolean;
  /** The bundle's path, as the user gave it; empty without one. */
  readonly bundle: string;
}

/** Of what a bundle holds. */
export function bundledFinding(finding: Finding, { header, history }: Bundle, file: string): ReportedFinding {
  return reportedFinding(finding, { point: header.point, history, known: false, bundle: file });
}

export function reportedFinding(finding: Finding, { point, history, known, bundle }: Struck): ReportedFinding {
  const { journalIndex, operation, path, stampNs } = point;
  const { kind, level, checker, fingerprint, message, evidence } = finding;
  return {
    fingerprint,
    level,
    checker,
    kind,
    model: "",
    filesystem: "",
    crashPoint: { journalIndex, operation, path, atMs: sinceFirstCallMs(history, stampNs) },
    exposureMs: 0,
    message,
    evidence: { ...evidence },
    known,
    bundle,
    replay: bundle === "" ? "" : `lossbound replay ${bundle}`,
  };
}
