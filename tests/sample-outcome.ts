/** Outcomes to test reporters with: one that held, and parts that make it fail. */
import type { Finding, Outcome, Run } from "../reports/outcome.ts";
import type { Report } from "../reports/reporter.ts";

export function sampleRun(changes: Partial<Run> = {}): Run {
  return {
    scenario: "kill/random",
    preset: "everysec",
    target: "bundled",
    seed: "quiet-harbour/kill/random/everysec",
    verdict: "held",
    fault: "kill",
    engine: "live",
    calls: { invoked: 12_060, acked: 12_034, refused: 0, indeterminate: 26 },
    crashStates: { considered: 8, distinct: 8, judged: 8, booted: 16, perSecond: 2.1 },
    models: [],
    promises: [
      { level: "documented", text: "a single write", boundMs: null, ageMs: 0, spanMs: 0, verdict: "held" },
      {
        level: "source",
        text: "nothing but what a running sync held back",
        boundMs: 105,
        ageMs: 0,
        spanMs: 0,
        verdict: "held",
      },
      {
        level: "consistency",
        text: "a prefix of what was asked, whole and the same twice",
        boundMs: null,
        ageMs: 0,
        spanMs: 0,
        verdict: "held",
      },
    ],
    loss: { ackedMax: 0, ageMsMedian: 0, ageMsP99: 0, ageMsMax: 0, longestSyncMs: 4.7, longestStallMs: 9 },
    recovery: { msMedian: 85.2, msMax: 120, refusals: 0 },
    windows: [{ name: "load", crashPoints: 8, exposureMs: 3_100 }],
    recordingDigest: "",
    findings: [],
    ...changes,
  };
}

export function sampleFinding(changes: Partial<Finding> = {}): Finding {
  return {
    fingerprint: "loss-beyond-bound/loss/3f2a91",
    level: "source",
    checker: "loss",
    kind: "loss-beyond-bound",
    model: "",
    filesystem: "",
    crashPoint: { journalIndex: -1, operation: "SIGKILL", path: "", atMs: 512.3 },
    exposureMs: 0,
    message:
      "2 acked calls were lost, the oldest 9.4 ms before the kill; always permits no acked loss when the process is killed.",
    evidence: {
      calls: [
        { id: 41, client: 2, request: 'SET 2:k7 "ab"', sentMs: 501.2, repliedMs: 501.9, reply: "OK", fate: "kept" },
        {
          id: 42,
          client: 2,
          request: "INCR 2:n",
          sentMs: 502.1,
          repliedMs: 502.9,
          reply: "(integer) 42",
          fate: "lost",
        },
        { id: 43, client: 2, request: "INCR 2:n", sentMs: 503, repliedMs: 503.4, reply: "(integer) 43", fate: "lost" },
        { id: 44, client: 2, request: "DEL 2:k7", sentMs: 512.1, repliedMs: null, reply: "", fate: "indeterminate" },
      ],
      keys: [{ database: 0, key: "2:n", expected: '"43"', recovered: '"41"' }],
      laws: ["Under appendfsync always a reply is sent only after its write was synced."],
      storeLog: ["Ready to accept connections"],
    },
    known: false,
    bundle: "results/smoke/2026-11-22T09-00-00Z/bundles/1.lossbound",
    replay: "lossbound replay results/smoke/2026-11-22T09-00-00Z/bundles/1.lossbound",
    ...changes,
  };
}

export function violatedRun(changes: Partial<Run> = {}): Run {
  const sample = sampleRun();
  return sampleRun({
    preset: "always",
    verdict: "violated",
    promises: [
      { level: "documented", text: "no acked loss", boundMs: 0, ageMs: 9.4, spanMs: 1.2, verdict: "violated" },
      { level: "source", text: "no acked loss", boundMs: 0, ageMs: 9.4, spanMs: 1.2, verdict: "violated" },
      ...sample.promises.slice(2),
    ],
    loss: { ackedMax: 2, ageMsMedian: 0, ageMsP99: 9.4, ageMsMax: 9.4, longestSyncMs: 4.7, longestStallMs: 9 },
    findings: [sampleFinding()],
    ...changes,
  });
}

export function sampleOutcome(runs: Outcome["runs"] = [sampleRun()], changes: Partial<Outcome> = {}): Outcome {
  const violated = runs.some(({ verdict }) => verdict === "violated");
  const unknown = runs.length === 0 || runs.some(({ verdict }) => verdict === "unknown");
  const judged = runs.reduce((sum, run) => sum + run.crashStates.judged, 0);
  return {
    schema: "lossbound/outcome@1",
    version: "0.1.0",
    seed: "quiet-harbour",
    verdict: violated ? "violated" : unknown ? "unknown" : "held",
    startedAt: "2026-11-22T09:00:00.000Z",
    durationMs: 133_000,
    environment: {
      node: "20.20.2",
      os: "linux",
      cores: 2,
      targets: [{ name: "lossbound-server", version: "0.1.0" }],
    },
    runs,
    statistics: {
      recordings: 0,
      kills: judged,
      crashStates: judged,
      violations: violated ? 1 : 0,
      rateUpper95: 0.022,
    },
    ...changes,
  };
}

export function sampleReport(outcome: Outcome = sampleOutcome(), changes: Partial<Report> = {}): Report {
  return {
    outcome,
    expectations: [],
    outcomeFile: "results/smoke/2026-11-22T09-00-00Z/outcome.json",
    interrupted: false,
    ...changes,
  };
}
