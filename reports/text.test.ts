import { expect } from "chai";
import { sampleFinding, sampleOutcome, sampleReport, sampleRun, violatedRun } from "../tests/sample-outcome.ts";
import type { Outcome } from "./outcome.ts";
import { plain, type Report } from "./reporter.ts";
import { text } from "./text.ts";

const shown = (runs: Outcome["runs"], changes: Partial<Report> = {}): string =>
  text.render(sampleReport(sampleOutcome(runs), changes), plain);

describe("the text reporter", () => {
  it("tells a night that held in a table, a sentence and what it is worth", () => {
    expect(shown([sampleRun(), sampleRun({ preset: "always" })])).to.equal(`\
kill/random on bundled   judged    acked   lost at worst   permitted   recovery
  ✓ everysec                  8   12,034   nothing         105 ms      85 ms
  ✓ always                    8   12,034   nothing         105 ms      85 ms

Held: what was acked and protected by its preset came back, every time.
With 95 % confidence, fewer than 2.2 % of kills like these break a promise.

did      16 kills, 16 crash states judged, 24,068 acked calls, 2 min 13 s
seed     quiet-harbour
outcome  results/smoke/2026-11-22T09-00-00Z/outcome.json
`);
  });

  it("tells a violation as promise, measurement, history around the crash, reason and next command", () => {
    expect(shown([violatedRun()])).to.equal(`\
kill/random on bundled   judged    acked   lost at worst     permitted   recovery
  ✗ always                    8   12,034   2 calls, 9.4 ms   nothing     85 ms

✗ kill/random · always · bundled ───────────────────────────────────────────────────────────────────
    ✗ documented   no acked loss
                   at most 0 ms, measured 9.4 ms
    ✗ source       no acked loss
                   at most 0 ms, measured 9.4 ms
    ✓ consistency  a prefix of what was asked, whole and the same twice

  loss-beyond-bound  by the loss checker, level source
    2 acked calls were lost, the oldest 9.4 ms before the kill; always permits no acked loss when
    the process is killed.

    what happened, in ms since the first call
         501.2  client 2  SET 2:k7 "ab"  →  OK            kept
         502.1  client 2  INCR 2:n       →  (integer) 42  lost
         503.0  client 2  INCR 2:n       →  (integer) 43  lost
         512.1  client 2  DEL 2:k7       →  no reply      indeterminate
         512.3  ✗ SIGKILL

    what came back
      db 0  2:n  expected "43", found "41"

    why a correct store cannot do this
      Under appendfsync always a reply is sent only after its write was synced.

    what the store said last
      Ready to accept connections

    see it again
      lossbound replay results/smoke/2026-11-22T09-00-00Z/bundles/1.lossbound
    fingerprint loss-beyond-bound/loss/3f2a91

Violated: a promise was broken in kill/random with always.

did      8 kills, 8 crash states judged, 12,034 acked calls, 2 min 13 s
seed     quiet-harbour
outcome  results/smoke/2026-11-22T09-00-00Z/outcome.json
`);
  });

  it("tells of power cuts when acked calls were safe, with the presets where there are several", () => {
    const counts = { measured: 3_012, notMeasured: 0, neverSynced: 70, neverFolderSynced: 0 };
    const everysec = { ...counts, ackedToSyncedMs: { median: 510, p99: 1_000, max: 1_020 } };
    const always = { ...counts, neverSynced: 0, notMeasured: 2, ackedToSyncedMs: { median: -3, p99: -1, max: -0.02 } };
    const none = { ...counts, measured: 0, why: "there is no log" };
    expect(shown([sampleRun({ durability: everysec }), sampleRun({ durability: none })])).to.contain(
      "\ndurable  acked → synced 510 ms median, 1.02 s at most, of 3,012 calls, 70 not before the recording ended\n",
    );
    expect(
      shown([sampleRun({ durability: everysec }), sampleRun({ preset: "always", durability: always })]),
    ).to.contain("\ndurable  always: acked → synced before the ack, of 3,012 calls, 2 not measured\n");
  });

  it("says why something is not known, and does not call it a pass", () => {
    const why = "no cycle struck while a rewrite ran";
    const report = shown([sampleRun({ verdict: "unknown", why })]);
    expect(report).to.contain(`  ? kill/random · everysec: ${why}\n`);
    expect(report).to.contain("Not known: kill/random with everysec tested less than it should");
    expect(report).to.not.contain("Held").and.to.not.contain("✓ everysec");
  });

  it("says that a run that judged nothing measured nothing", () => {
    const none = { considered: 0, distinct: 0, judged: 0, booted: 0, perSecond: 0 };
    expect(shown([sampleRun({ crashStates: none, verdict: "unknown", why: "a" })])).to.contain("not measured");
  });

  it("shows the thresholds of the scenario above the totals, met and missed", () => {
    const run = sampleRun();
    const report = shown([run], {
      expectations: [
        { met: true, of: run, wanted: "recoveryMsMax 500", found: "120 ms" },
        { met: false, of: run, wanted: "lossAckedMax 0", found: "3" },
      ],
    });
    const lines = report.split("\n");
    expect(lines).to.include("  ✓ kill/random · everysec  recoveryMsMax 500: 120 ms");
    expect(lines).to.include("  ✗ kill/random · everysec  lossAckedMax 0: 3");
    expect(report).to.contain("Held, but 1 expectation of the scenarios was missed.");
    expect(report.indexOf("lossAckedMax")).to.be.lessThan(report.indexOf("did      "));
  });

  it("shows a known finding and does not let it fail the night", () => {
    const report = shown([violatedRun({ verdict: "held", findings: [sampleFinding({ known: true })] })]);
    expect(report).to.contain("loss-beyond-bound (known)");
    expect(report.replace(/\s+/g, " ")).to.contain("1 known finding did not fail it.");
  });

  it("says when more was lost than the documentation says, although that fails nothing", () => {
    const [documented, ...rest] = sampleRun().promises;
    if (documented === undefined) throw new Error("a run has promises");
    const report = shown([sampleRun({ promises: [{ ...documented, verdict: "violated" }, ...rest] })]);
    expect(report.replace(/\s+/g, " ")).to.contain("In 1 run more was lost than the store's documentation says");
  });

  it("leaves out what nobody reads, and says how much", () => {
    const calls = Array.from({ length: 30 }, (_, id) => {
      return { id, client: 0, request: `INCR n${id}`, sentMs: id, repliedMs: id, reply: "OK", fate: "lost" };
    });
    const findings = Array.from({ length: 5 }, (_, id) =>
      sampleFinding({ fingerprint: `hole-${id}`, evidence: { calls } }),
    );
    const report = shown([violatedRun({ findings })]);
    expect(report).to.contain("… 18 earlier calls");
    expect(report).to.contain("… and 2 more findings in the outcome");
    expect(report).to.contain("INCR n29").and.to.not.contain("INCR n17");
  });

  it("tells the same trouble once, and where else it was found", () => {
    const other = sampleFinding({ replay: "lossbound replay other.lossbound" });
    const report = shown([violatedRun(), violatedRun({ preset: "hybrid", findings: [other] })]);
    expect(report.match(/2 acked calls were lost/g)).to.have.length(1);
    expect(report).to.contain("as above, fingerprint loss-beyond-bound/loss/3f2a91");
    expect(report).to.contain("lossbound replay other.lossbound");
  });

  it("keeps a call on one line, however long its request and its reply are", () => {
    const call = { id: 1, client: 0, sentMs: 1, repliedMs: 2, fate: "lost" };
    const calls = [{ ...call, request: `SET k ${"v".repeat(500)}`, reply: "r".repeat(500) }];
    const lines = shown([violatedRun({ findings: [sampleFinding({ evidence: { calls } })] })]).split("\n");
    expect(lines.filter((line) => line.includes("SET k"))).to.have.length(1);
    expect(Math.max(...lines.map((line) => line.length))).to.be.at.most(100);
  });

  it("says when what it shows is only a part", () => {
    expect(shown([sampleRun()], { interrupted: true })).to.contain("Interrupted: this is what was found so far.");
  });

  it("colours only when it is asked to", () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colour is made of control characters
    expect(text.render(sampleReport(), { colour: true, columns: 100 })).to.match(/\u001b\[32m✓/);
  });
});
