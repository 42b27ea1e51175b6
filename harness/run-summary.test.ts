import { expect } from "chai";
import { findingSchema, outcomeSchema, type Run } from "../reports/outcome.ts";
import { scenarioSchema } from "../scenarios/scenario.ts";
import type { LinkResult } from "./cycle.ts";
import type { Window } from "./faults/fault.ts";
import type { Finding, Level } from "./oracle/checker.ts";
import type { Judgement } from "./oracle/judgement.ts";
import { RunSummary } from "./run-summary.ts";

const today = "2026-06-15";

function finding(level: Level, fingerprint: string = level): Finding {
  return { kind: "hole", level, checker: "prefix", fingerprint, message: "a hole", evidence: { keys: [] } };
}

interface Cycle {
  readonly acked?: number;
  readonly windows?: readonly Window[];
  readonly findings?: readonly Finding[];
  readonly unknown?: string;
  readonly loss?: { readonly acked: number; readonly ageMs: number };
}

const firstCallNs = 2_000_000;

function link({ acked = 10, windows = [], findings = [], unknown, loss }: Cycle): LinkResult {
  const calls = Array.from({ length: acked }, (_, id) => ({
    id,
    client: 0,
    call: { requests: [["SET", "k", "v"]], transaction: false },
    invokedNs: firstCallNs + id * 2,
    invokedWallMs: 0,
    completed: { ns: firstCallNs + id * 2 + 1, wallMs: 0, reply: { kind: "string", value: "OK" } },
  }));
  const checkers = [
    { name: "prefix", question: "?", verdict: findings.length > 0 ? { kind: "violated", findings } : { kind: "held" } },
    ...(unknown === undefined ? [] : [{ name: "reply", question: "?", verdict: { kind: "unknown", why: unknown } }]),
  ];
  const judgement = {
    verdict: findings.length > 0 ? "violated" : unknown === undefined ? "held" : "unknown",
    findings,
    promises: [
      { level: "documented", text: "one second", boundMs: 1_000, ageMs: loss?.ageMs ?? 0, spanMs: 1, verdict: "held" },
    ],
    ...(loss !== undefined && { loss: { ...loss, spanMs: 0 } }),
    recoveryMs: 5,
    refused: false,
    checkers,
  } as Judgement;
  return {
    link: 0,
    historyFile: "",
    state: {
      cut: { startNs: 0, endNs: 1 },
      point: { place: "load", operation: "SIGKILL", path: "", journalIndex: -1, stampNs: 7_500_000 },
      fault: "kill",
      windows,
      image: new Map(),
    },
    evidence: {
      history: { clients: [calls] },
      crash: { longestSyncMs: 3, longestStallMs: 4 },
      recovery: { starts: [{}, {}] },
    } as unknown as LinkResult["evidence"],
    judgement,
  };
}

const store = { name: "redis-server", version: "7.0.15" };

function summaryOf(cycles: readonly (Cycle | string)[], given: object = {}): RunSummary {
  const scenario = scenarioSchema.parse({
    name: "test/one",
    why: "test",
    presets: ["always"],
    fault: { kind: "kill", trigger: { kind: "after-acks", acks: 1 } },
    budget: { runs: 1 },
    ...given,
  });
  const summary = new RunSummary({ scenario, preset: "always", target: "bundled", seed: "s", store }, today);
  for (const cycle of cycles) {
    if (typeof cycle === "string") summary.addTrouble(cycle);
    else summary.addCycle([link(cycle)], ["/results/b.lossbound"]);
  }
  return summary;
}

const runOf = (cycles: readonly (Cycle | string)[], given: object = {}): Run => summaryOf(cycles, given).outcome();

describe("the verdict of a run", () => {
  it("is held when every cycle held and enough was tested", () => {
    const run = runOf([{}, {}]);
    expect(run.verdict).to.equal("held");
    expect(run).to.not.have.property("why");
    expect(outcomeSchema.shape.runs.element.parse(run)).to.deep.equal(run);
  });

  it("is violated when one cycle was, whatever else could not be judged", () => {
    const summary = summaryOf([{}, { findings: [finding("consistency")] }, "no disk"]);
    expect(summary.outcome().verdict).to.equal("violated");
    expect([summary.cycles, summary.cyclesViolated, summary.cyclesPlayed]).to.deep.equal([2, 1, 3]);
  });

  it("is unknown when the harness could not do its work in one cycle", () => {
    expect(runOf([{}, "no disk"])).to.include({
      verdict: "unknown",
      why: "1 of 2 cycles could not be judged: no disk",
    });
  });

  it("is unknown when a checker could not tell", () => {
    expect(runOf([{ unknown: "contested keys" }]).why).to.equal("1 of 1 cycles could not be judged: contested keys");
  });

  it("is unknown when nothing was played at all", () => {
    expect(runOf([])).to.include({ verdict: "unknown", why: "no cycle was played to its end" });
  });

  it("is unknown when fewer calls were acked than the scenario asks for (N1)", () => {
    const run = runOf([{ acked: 5 }, { acked: 16 }], { needs: { acks: 11 } });
    expect(run.verdict).to.equal("unknown");
    expect(run.why).to.match(/^10 calls were acked in a cycle, and the scenario asks for 11/);
    expect(runOf([{ acked: 5 }, { acked: 17 }], { needs: { acks: 11 } }).verdict).to.equal("held");
  });

  it("is unknown when a stretch that the scenario names was never hit, and shows it with a zero (N1)", () => {
    const needs = { windows: ["rewrite", "load"] };
    const missed = runOf([{ windows: [{ name: "load", openMs: 2 }] }], { needs });
    expect(missed.why).to.equal("no kill fell into the stretch that is to be tested: rewrite");
    expect(missed.windows).to.deep.equal([
      { name: "load", crashPoints: 1, exposureMs: 2 },
      { name: "rewrite", crashPoints: 0, exposureMs: 0 },
    ]);
    const hit = {
      windows: [
        { name: "load", openMs: 2 },
        { name: "rewrite", openMs: 3 },
      ],
    };
    expect(runOf([hit, hit], { needs }).verdict).to.equal("held");
    expect(runOf([hit, hit], { needs }).windows).to.deep.include({ name: "rewrite", crashPoints: 2, exposureMs: 6 });
  });

  it("is not changed by what only the documentation promises, unless the scenario expects that", () => {
    const cycles = [{ findings: [finding("documented")] }];
    expect(runOf(cycles).verdict).to.equal("held");
    expect(runOf(cycles).findings).to.have.length(1);
    expect(runOf(cycles, { expect: { documented: true } }).verdict).to.equal("violated");
  });

  it("is not changed by a finding that is known, until its day has passed", () => {
    const known = (until: string) => ({ expect: { known: [{ fingerprint: "source", reason: "issue 1", until }] } });
    const cycles = [{ findings: [finding("source")] }];
    expect(runOf(cycles, known(today)).verdict).to.equal("held");
    expect(runOf(cycles, known(today)).findings[0]?.known).to.equal(true);
    expect(runOf(cycles, known("2026-06-14")).verdict).to.equal("violated");
    expect(runOf([{ findings: [finding("source"), finding("source", "other")] }], known(today)).verdict).to.equal(
      "violated",
    );
  });

  it("is held by a known finding that leaves the other checkers nothing to say: no prefix explains what came back", () => {
    const known = { expect: { known: [{ fingerprint: "consistency", reason: "issue 1", until: today }] } };
    const cycles = [{ findings: [finding("consistency")], unknown: "no prefix explains what came back" }];
    expect(runOf(cycles, known).verdict).to.equal("held");
  });

  it("still is unknown beside a known finding when something could not be judged", () => {
    const known = { expect: { known: [{ fingerprint: "source", reason: "issue 1", until: today }] } };
    expect(runOf([{ findings: [finding("source")], unknown: "contested keys" }], known).verdict).to.equal("unknown");
  });
});

describe("the sums of a run", () => {
  it("show a finding once, with its first bundle and how many cycles had it", () => {
    const { findings } = runOf([{ findings: [finding("source")] }, { findings: [finding("source")] }]);
    expect(findings).to.have.length(1);
    expect(findingSchema.parse(findings[0])).to.deep.equal(findings[0]);
    expect(findings[0]).to.include({ bundle: "/results/b.lossbound", replay: "lossbound replay /results/b.lossbound" });
    expect(findings[0]?.crashPoint.atMs, "since the first call").to.equal(5.5);
    expect(findings[0]?.evidence).to.include({ cyclesSeen: 2 });
  });

  it("know which findings no cycle had before", () => {
    const summary = summaryOf([{ findings: [finding("source")] }]);
    const { judgement } = link({ findings: [finding("source"), finding("consistency")] });
    expect(summary.newFindings(judgement).map(({ fingerprint }) => fingerprint)).to.deep.equal(["consistency"]);
  });

  it("add up calls and starts, and keep the worst loss with its promise", () => {
    const run = runOf([{ loss: { acked: 2, ageMs: 30 } }, { loss: { acked: 5, ageMs: 20 } }, {}]);
    expect(run.calls).to.deep.equal({ invoked: 30, acked: 30, refused: 0, indeterminate: 0 });
    expect(run.crashStates).to.include({ considered: 3, judged: 3, booted: 6 });
    expect(run.loss).to.include({ ackedMax: 5, ageMsMax: 30, ageMsMedian: 20, longestSyncMs: 3, longestStallMs: 4 });
    expect(run.promises).to.have.length(1);
    expect(run.promises[0]).to.include({ level: "documented", boundMs: 1_000, ageMs: 30 });
    expect(run.recovery).to.deep.equal({ msMedian: 5, msMax: 5, refusals: 0 });
  });

  it("count troubles in a row, and begin anew after a cycle that could be played", () => {
    expect(summaryOf(["a", "b"]).troublesInARow).to.equal(2);
    expect(summaryOf(["a", "b", {}, "c"]).troublesInARow).to.equal(1);
  });
});
