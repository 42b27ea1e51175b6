import { readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { sampleOutcome, sampleRun, violatedRun } from "../tests/sample-outcome.ts";
import { bySuite, outcomeSchema, worst } from "./outcome.ts";
import { jsonSchemas } from "./schemas.ts";

/** Every key of a value, in the order in which it stands, with its place: `runs.loss.ackedMax`. */
function keysOf(value: unknown, place = ""): string[] {
  if (Array.isArray(value)) return value.length === 0 ? [] : keysOf(value[0], place);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, below]) => {
    const here = place === "" ? key : `${place}.${key}`;
    return here.endsWith("evidence") ? [here] : [here, ...keysOf(below, here)];
  });
}

/** The contract with users' scripts. Nothing here is ever renamed or moved; a new key is a new version. */
const contract = `schema version seed verdict startedAt durationMs
environment environment.node environment.os environment.cores
environment.targets environment.targets.name environment.targets.version
runs runs.scenario runs.preset runs.target runs.seed runs.verdict runs.why runs.fault runs.engine
runs.calls runs.calls.invoked runs.calls.acked runs.calls.refused runs.calls.indeterminate
runs.crashStates runs.crashStates.considered runs.crashStates.distinct runs.crashStates.judged
runs.crashStates.booted runs.crashStates.perSecond
runs.models runs.models.name runs.models.grade runs.models.states runs.models.violations runs.models.confirmedOn
runs.promises runs.promises.level runs.promises.text runs.promises.boundMs runs.promises.ageMs runs.promises.spanMs
runs.promises.verdict
runs.loss runs.loss.ackedMax runs.loss.ageMsMedian runs.loss.ageMsP99 runs.loss.ageMsMax runs.loss.longestSyncMs
runs.loss.longestStallMs
runs.recovery runs.recovery.msMedian runs.recovery.msMax runs.recovery.refusals
runs.windows runs.windows.name runs.windows.crashPoints runs.windows.exposureMs
runs.recordingDigest
runs.findings runs.findings.fingerprint runs.findings.level runs.findings.checker runs.findings.kind
runs.findings.model runs.findings.filesystem
runs.findings.crashPoint runs.findings.crashPoint.journalIndex runs.findings.crashPoint.operation
runs.findings.crashPoint.path runs.findings.crashPoint.atMs
runs.findings.exposureMs runs.findings.message runs.findings.evidence runs.findings.known runs.findings.bundle
runs.findings.replay
statistics statistics.recordings statistics.kills statistics.crashStates statistics.violations statistics.rateUpper95`;

describe("the outcome document", () => {
  const model = {
    name: "ordered",
    grade: "must-pass" as const,
    states: 1,
    violations: 0,
    confirmedOn: ["ext4" as const],
  };

  it("has the keys of the contract, in its order, whatever the order in which it was made", () => {
    const full = sampleOutcome([{ ...violatedRun({ models: [model] }), why: "only when unknown" }]);
    const shuffled = Object.fromEntries(Object.entries(full).reverse());
    expect(keysOf(outcomeSchema.parse(shuffled))).to.deep.equal(contract.split(/\s+/));
  });

  it("without a single one of its keys is not an outcome; only a run's `why` may be missing", () => {
    const full = sampleOutcome([{ ...violatedRun({ models: [model] }), why: "a" }]);
    for (const key of keysOf(full)) {
      const copy = structuredClone(full);
      const parts = key.split(".");
      const holder = parts.slice(0, -1).reduce<unknown>((value, part) => {
        const below = (value as Record<string, unknown>)[part];
        return Array.isArray(below) ? (below as unknown[])[0] : below;
      }, copy) as Record<string, unknown>;
      delete holder[parts.at(-1) ?? ""];
      expect(outcomeSchema.safeParse(copy).success, key).to.equal(key === "runs.why");
    }
  });

  it("with a key more is not an outcome of this version", () => {
    expect(outcomeSchema.safeParse({ ...sampleOutcome(), extra: 1 }).success).to.equal(false);
    expect(outcomeSchema.safeParse(sampleOutcome([{ ...sampleRun(), extra: 1 } as never])).success).to.equal(false);
  });

  it("has lengths of time from the ack that may be negative, and none where no log could be read", () => {
    const counts = { measured: 2, notMeasured: 0, neverSynced: 0, neverFolderSynced: 0 };
    const before = { median: -3, p99: -1, max: -0.5 };
    const durabilities = [
      { ...counts, ackedToWrittenMs: before, ackedToSyncedMs: before, ackedToFolderSyncedMs: before },
      { ...counts, measured: 0, notMeasured: 2, why: "there is no log" },
    ];
    for (const durability of durabilities) {
      const outcome = sampleOutcome([sampleRun({ durability })]);
      expect(outcomeSchema.parse(outcome)).to.deep.equal(outcome);
    }
  });

  it("may have empty lists", () => {
    expect(outcomeSchema.safeParse(sampleOutcome([])).success).to.equal(true);
  });

  it("has a JSON schema that is made from the code as it is", () => {
    const folder = path.resolve(import.meta.dirname, "../../reports");
    for (const [file, text] of jsonSchemas()) {
      expect(readFileSync(path.join(folder, file), "utf8"), `${file}: run npm run schemas`).to.equal(text);
    }
  });
});

describe("the worst verdict", () => {
  it("violated outranks unknown outranks held", () => {
    expect(worst(["held", "unknown", "violated"])).to.equal("violated");
    expect(worst(["held", "unknown"])).to.equal("unknown");
    expect(worst(["held", "held"])).to.equal("held");
  });

  it("of nothing is unknown: nothing was tested", () => {
    expect(worst([])).to.equal("unknown");
  });
});

describe("suites", () => {
  it("hold the runs that differ in the preset alone, in the order of the outcome", () => {
    const runs = [
      sampleRun({ scenario: "a" }),
      sampleRun({ scenario: "b" }),
      sampleRun({ scenario: "a", preset: "always" }),
      sampleRun({ scenario: "a", target: "/usr/bin/redis-server" }),
    ];
    const shape = bySuite(runs).map((suite) => suite.map(({ scenario, preset }) => `${scenario} ${preset}`));
    expect(shape).to.deep.equal([["a everysec", "a always"], ["b everysec"], ["a everysec"]]);
  });
});
