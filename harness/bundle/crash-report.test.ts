import { expect } from "chai";
import { Catalogue } from "../../scenarios/catalogue.ts";
import type { Finding } from "../oracle/checker.ts";
import { makePlan } from "../plan.ts";
import { gatherHistory } from "../recording/history.ts";
import type { Config } from "../targets/target.ts";
import { type Bundle, bundleFormat } from "./bundle.ts";
import { crashReport } from "./crash-report.ts";

const hostile = "</details> **@everybody** #1 | `x` ``` \u001b[31m";

const history = gatherHistory([
  {
    kind: "invoked",
    id: 0,
    client: 0,
    call: { requests: [["SET", "k", "v"]], transaction: false },
    stampNs: 1e6,
    wallMs: 1,
  },
  { kind: "completed", id: 0, reply: { kind: "string", value: "OK" }, stampNs: 2e6, wallMs: 1 },
]);

function bundle(config: Config = [], text = "a key came back wrong"): Bundle {
  const catalogue = new Catalogue();
  const { value: scenario } = catalogue.scenario("kill/random");
  const preset = catalogue.preset("always");
  const words = { redisVersion: "7.0", withoutCommands: [] };
  const plan = makePlan({ scenario, preset, seed: "s", cycle: 3, words });
  const store = { name: "redis-server", version: "7.0.15", redisVersion: "7.0.15", unknownCommands: [] };
  const finding: Finding = {
    kind: "wrong-value",
    level: "consistency",
    checker: "prefix",
    fingerprint: "wrong-value-0000",
    message: text,
    evidence: {
      calls: [{ id: 0, client: 0, request: `SET k ${text}`, sentMs: 0, repliedMs: 1, reply: "OK", fate: "lost" }],
      keys: [{ database: 2, key: "k", expected: "string v", recovered: text }],
      laws: ["an ack is a promise"],
      storeLog: [`log: ${text}`],
    },
  };
  return {
    header: {
      format: bundleFormat,
      version: "0.1.0",
      writtenAt: "2026-11-22T09:00:00.000Z",
      target: { name: "/usr/bin/redis-server", kind: "executable", store },
      promise: { row: "always", store, savePoints: [] },
      documentedCounts: false,
      link: 0,
      cut: { startNs: 30e6, endNs: 40e6 },
      crash: { fault: "kill", longestSyncMs: 1.5, longestStallMs: 2, saves: [], suspensions: [], place: "load" },
      point: { place: "load", operation: "SIGKILL", path: "", journalIndex: -1, stampNs: 30e6 },
      findings: [finding],
      starts: [
        { kind: "served", state: [], readAtWallMs: 5, tookMs: 6 },
        { kind: "refused", exitCode: 1, lastLogLines: ["Bad file format"] },
      ],
    },
    plan: { ...plan, config: [...plan.config, ...config] },
    history,
    image: new Map(),
  };
}

describe("a crash report", () => {
  it("says what was promised, what happened, the smallest history, and three ways to see it", () => {
    const report = crashReport(bundle(), "results/bundles/night-3.lossbound");
    for (const part of [
      "## redis-server 7.0.15: wrong value after a crash, with always",
      "| source | no acked call is lost | at most 0 ms, measured 38 ms |",
      "| consistency | a prefix of what was asked, transactions whole, values right, starts again, twice the same | – | **broken** |",
      "- start 2 on these files: refused to start, exit code 1",
      "client 0  SET k a key came back wrong  →  OK  lost\n    29.0  ✗ SIGKILL",
      "| `k` in database 2 | `string v` | `a key came back wrong` |",
      "lossbound replay night-3.lossbound",
      "STORE=/usr/bin/redis-server night-3/repro.sh",
      "/usr/bin/redis-server by-hand.conf &",
      "redis-cli -p 6399 -n 2",
      "seed `s`, cycle 3",
      "appendfsync always",
    ]) {
      expect(report).to.include(part);
    }
  });

  it("leaves the secrets of the config out, there and wherever else they turn up", () => {
    const secrets: Config = [
      ["requirepass", "hunter-2-pass"],
      ["masterauth", "moon base"],
      ["MasterUser", "replicator"],
      ["user", "alice", "on", ">wonderland", "~*"],
      ["tls-key-file-pass", "key-pass-1"],
      ["rename-command", "CONFIG", "secret-config"],
    ];
    const report = crashReport(bundle(secrets, "the log said hunter-2-pass"), "a.lossbound");
    for (const secret of ["hunter-2-pass", "moon base", "replicator", "wonderland", "key-pass-1", "secret-config"]) {
      expect(report).to.not.include(secret);
    }
    expect(report).to.include('requirepass "(redacted)"').and.to.include("log: the log said (redacted)");
  });

  it("obeys nothing of what a store or a key brought along: no markup, no mention, no end of a fence", () => {
    const report = crashReport(bundle([], hostile), "a.lossbound");
    const outsideOfCode = report
      .replace(/^(`{3,})[a-z]*\n[\s\S]*?\n\1$/gm, "")
      .replace(/(`+)(?!`)[\s\S]*?[^`]\1(?!`)/g, "")
      .replace(/\\./g, "");
    expect(outsideOfCode).to.not.include("</details>");
    expect(outsideOfCode).to.not.include("@everybody");
    expect(outsideOfCode).to.not.match(/#1\b/);
    expect(report).to.not.include("\u001b");
    expect(report).to.include("&#64;everybody");
  });
});
