/** A finding of a bundle in the form that reports tell; where it struck is known from the bundle. */
import type { Finding as ReportedFinding } from "../../reports/outcome.ts";
import type { Finding } from "../oracle/checker.ts";
import { sinceFirstCallMs } from "../recording/history.ts";
import type { Bundle } from "./bundle.ts";

/** @param file the bundle's path, as the user gave it */
export function reportedFinding(finding: Finding, { header, history }: Bundle, file: string): ReportedFinding {
  const { journalIndex, operation, path, stampNs } = header.point;
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
    known: false,
    bundle: file,
    replay: `lossbound replay ${file}`,
  };
}
