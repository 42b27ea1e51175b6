/** A finding of a crash that happened once, in the form that reports tell. */
import type { Finding as ReportedFinding } from "../../reports/outcome.ts";
import type { Exposure } from "../explore/exploration-title.ts";
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
  /** Absent: not measured. */
  readonly exposure?: Exposure;
  /** The bundle's path, as the user gave it; empty without one. */
  readonly bundle: string;
}

/** Of what a bundle holds. */
export function bundledFinding(finding: Finding, { header, history }: Bundle, file: string): ReportedFinding {
  const { point, exposure } = header;
  return reportedFinding(finding, { point, history, known: false, bundle: file, ...(exposure && { exposure }) });
}

export function reportedFinding(
  finding: Finding,
  { point, history, known, bundle, exposure }: Struck,
): ReportedFinding {
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
    exposureMs: exposure?.ms ?? 0,
    ...(exposure !== undefined && exposure.ofMs > 0 && { exposureShare: Math.min(1, exposure.ms / exposure.ofMs) }),
    message,
    evidence: { ...evidence },
    known,
    bundle,
    replay: bundle === "" ? "" : `lossbound replay ${bundle}`,
  };
}
