import { expect } from "chai";
import { drawnHistory, drawnState, wallMsAt } from "../../tests/drawn-history.ts";
import { evidenceOf } from "../../tests/evidence.ts";
import { held, judged, type Setting, violated } from "../../tests/verdicts.ts";
import type { CrashFacts } from "./evidence.ts";
import { judge } from "./judge.ts";
import type { Judgement } from "./judgement.ts";
import { boundMsOf, promisesAt, type TimedPromise } from "./promises.ts";

describe("the bound of everysec where bits rot", () => {
  it("is longer where they rot in the log, by the time until its attestation is durable, for a store that attests", () => {
    const store = { name: "lossbound-server", version: "7.0.15" };
    const attesting = { attestsEveryMs: 100, writesBeforeReply: true } as const;
    const boundOf = (longestSyncMs: number, path: string, fault: "power-cut" | "kill", more = {}) => {
      const measured = { longestSyncMs, longestStallMs: 0 };
      const damage = { path, what: `bit 3 of byte 90 of ${path} reads wrong` };
      const crash: CrashFacts = { fault, ...measured, saves: [], suspensions: [], place: "", damage };
      const promises = promisesAt({ row: "everysec", store, savePoints: [], ...more }, crash, 0);
      return boundMsOf((promises.find(({ level }) => level === "source") as TimedPromise).protects);
    };
    const log = "appendonlydir/appendonly.aof.2.incr.aof";
    expect(boundOf(8.6, log, "power-cut")).to.equal(1_208.6);
    expect(boundOf(8.6, log, "power-cut", attesting)).to.equal(2_408.6);
    expect(boundOf(700, log, "power-cut", attesting)).to.equal(3_200);
    expect(boundOf(950, log, "power-cut", { ...attesting, attestsEveryMs: 1_000 })).to.equal(4_400);
    expect(boundOf(8.6, "appendonlydir/appendonly.aof.1.base.rdb", "power-cut", attesting)).to.equal(1_208.6);
    expect(boundOf(8.6, log, "kill", attesting)).to.equal(2_408.6);
    expect(boundOf(8.6, "dump.rdb", "kill", attesting)).to.equal(0);
  });
});

describe("how much may be lost", () => {
  /** Ten acks, the first of them so long before the cut. */
  const acksEvery = (firstAgeMs: number) => {
    const columns = firstAgeMs / 10;
    const lines = Array.from({ length: 10 }, (_, index) => {
      const begin = 10 + Math.floor((columns * index) / 10);
      return `0  ${" ".repeat(begin)}├┤ SET k${index} ${index} → OK`;
    });
    return [...lines, `✂  ${" ".repeat(11 + columns)}┊`].join("\n");
  };
  const lines = ({ promises }: Judgement) =>
    promises.map(({ level, boundMs, ageMs, verdict }) => `${level}: ${ageMs} of ${boundMs} ms, ${verdict}`);
  const everysec = (fault: CrashFacts["fault"], longestSyncMs: number, longestStallMs = 0): Setting => ({
    row: "everysec",
    crash: { fault, longestSyncMs, longestStallMs },
  });

  it("under everysec, power lost: a second by the book, a second and a sync by the source", () => {
    const within = held(judged(acksEvery(900), "", everysec("power-cut", 20)));
    expect(lines(within)).to.deep.equal([
      "documented: 900 of 1000 ms, held",
      "source: 900 of 1220 ms, held",
      "consistency: 0 of null ms, held",
    ]);
    const beyondTheBook = held(judged(acksEvery(1_100), "", everysec("power-cut", 20)));
    expect(lines(beyondTheBook)[0]).to.equal("documented: 1100 of 1000 ms, violated");
    expect(beyondTheBook.findings.map(({ kind, level }) => `${kind} ${level}`)).to.deep.equal([
      "loss-beyond-bound documented",
    ]);
    const finding = violated(judged(acksEvery(2_000), "", everysec("power-cut", 20)), "loss-beyond-bound");
    expect(finding.evidence).to.include({ ackedLost: 10, ageMs: 2_000, spanMs: 1_800 });
  });

  it("fails by the book as well when the scenario says so", () => {
    const { history, endNs } = drawnHistory(acksEvery(1_100));
    const setting = everysec("power-cut", 20);
    const evidence = evidenceOf({
      history,
      endNs,
      state: drawnState(""),
      readAtWallMs: wallMsAt(endNs),
      row: "everysec",
      ...(setting.crash && { crash: setting.crash }),
    });
    expect(judge(evidence).verdict).to.equal("held");
    expect(judge(evidence, { documentedCounts: true }).verdict).to.equal("violated");
  });

  it("under everysec, killed: a single write by the book, what waits behind a sync by the source", () => {
    const few = judged(acksEvery(80), "SET k0 0 · SET k1 1 · SET k2 2 · SET k3 3", everysec("kill", 4));
    expect(lines(held(few)).slice(0, 2)).to.deep.equal([
      "documented: 50 of null ms, violated",
      "source: 50 of 104 ms, held",
    ]);
    held(judged(acksEvery(1_500), "", everysec("kill", 60)));
    violated(judged(acksEvery(400), "", everysec("kill", 4)), "loss-beyond-bound");
    const stalled = held(judged(acksEvery(400), "", everysec("kill", 4, 450)));
    expect(lines(stalled)[1]).to.equal("source: 400 of 454 ms, held");
  });

  it("under always: nothing, whatever befalls", () => {
    for (const fault of ["kill", "power-cut"] as const) {
      const all = Array.from({ length: 10 }, (_, index) => `SET k${index} ${index}`).join(" · ");
      held(judged(acksEvery(100), all, { row: "always", crash: { fault } }));
      const butOne = all.replace(" · SET k9 9", "");
      violated(
        judged(acksEvery(100), butOne, { row: "always", crash: { fault } }),
        "loss-beyond-bound",
        /one acked call/,
      );
    }
  });

  it("when the operating system decides: nothing in a kill, anything in a power cut", () => {
    held(judged(acksEvery(5_000), "", { row: "os-decides" }));
    violated(judged(acksEvery(100), "", { row: "os-decides", crash: { fault: "kill" } }), "loss-beyond-bound");
  });

  it("in a shutdown: nothing where anything is saved", () => {
    const crash = { fault: "shutdown" } as const;
    violated(judged(acksEvery(100), "", { row: "everysec", crash }), "loss-beyond-bound");
    const savePoints = [{ seconds: 900, changes: 1 }];
    violated(judged(acksEvery(100), "", { row: "rdb-only", crash, promise: { savePoints } }), "loss-beyond-bound");
    held(judged(acksEvery(100), "", { row: "rdb-only", crash }));
    held(judged(acksEvery(100), "", { row: "none", crash }));
  });

  it("while a promise is suspended: only what was acked before is held to it", () => {
    const second = 1e9;
    const suspended = (startNs: number, endNs: number): Partial<CrashFacts> => ({
      fault: "kill",
      suspensions: [{ interval: { startNs, endNs }, why: "the disk refused writes or syncs" }],
    });
    // The first ack is at 0.11 s, the cut at 10.11 s.
    held(judged(acksEvery(10_000), "", { row: "everysec", crash: suspended(0.1 * second, 20 * second) }));
    violated(
      judged(acksEvery(10_000), "", { row: "everysec", crash: suspended(9 * second, 20 * second) }),
      "loss-beyond-bound",
    );
    violated(
      judged(acksEvery(10_000), "", { row: "everysec", crash: suspended(0.1 * second, 5 * second) }),
      "loss-beyond-bound",
    );
    const child = {
      interval: { startNs: 0, endNs: 20 * second },
      why: "a child ran and no-appendfsync-on-rewrite is on",
    };
    const crash = { suspensions: [child] } as unknown as Partial<CrashFacts>;
    held(
      judged(acksEvery(10_000), "", { row: "everysec-no-fsync-on-rewrite", crash: { ...crash, fault: "power-cut" } }),
    );
    violated(
      judged(acksEvery(10_000), "", { row: "everysec-no-fsync-on-rewrite", crash: { ...crash, fault: "kill" } }),
      "loss-beyond-bound",
    );
  });

  it("while a promise is suspended: a line that more was lost than its bound says why that is not counted", () => {
    const since = (firstAgeMs: number) => {
      const interval = { startNs: 1e8, endNs: 2e10 };
      const crash = { fault: "kill", suspensions: [{ interval, why: "the disk refused writes or syncs" }] } as const;
      return held(judged(acksEvery(firstAgeMs), "", { row: "everysec", crash })).promises[1]?.text ?? "";
    };
    expect(since(10_000)).to.match(/; not counted is what was acked after the disk refused writes or syncs$/);
    expect(since(100)).to.not.contain("not counted");
  });

  it("with snapshots alone: nothing older than the last completed save [O8]", () => {
    const drawing = `
        0  ├──┤                           SET a 1 → OK
        0                ├──┤             SET b 1 → OK
        ✂                              ┊
        `;
    const at = (column: number) => column * 10 * 1e6;
    const saved = (startedNs: number, completedNs?: number): Setting => ({
      row: "rdb-only",
      crash: { fault: "kill", saves: [{ startedNs, ...(completedNs !== undefined && { completedNs }) }] },
    });
    held(judged(drawing, "", { row: "rdb-only", crash: { fault: "kill" } }));
    held(judged(drawing, "SET a 1", saved(at(16), at(30))));
    violated(judged(drawing, "", saved(at(16), at(30))), "loss-beyond-bound", /older than the beginning of the last/);
    violated(judged(drawing, "SET a 1", saved(at(30), at(31))), "loss-beyond-bound");
    held(judged(drawing, "", saved(at(16))));
  });

  it("with snapshots alone: not without limit, a due save must also be made [O8]", () => {
    const drawing = (cut: number) => `
        0  ├──┤                     SET a 1 → OK
        0       ├──┤                SET b 1 → OK
        ✂  ${" ".repeat(cut)}┊
        `;
    const savePoints = [{ seconds: 5, changes: 2 }];
    const rdb = (saves: CrashFacts["saves"] = []): Setting => ({
      row: "rdb-only",
      crash: { fault: "kill", saves },
      promise: { savePoints },
    });
    held(judged(drawing(1_000), "", rdb()));
    violated(judged(drawing(1_400), "", rdb()), "loss-beyond-bound", /a save was due by "save 5 2"/);
    held(judged(drawing(1_400), "", { ...rdb(), promise: { savePoints: [{ seconds: 5, changes: 3 }] } }));
    // One that runs is given time, one that never ends is not.
    held(judged(drawing(1_400), "", rdb([{ startedNs: 6e9 }])));
    violated(judged(drawing(7_000), "", rdb([{ startedNs: 6e9 }])), "loss-beyond-bound");
  });

  it("where nothing is saved: everything, and nothing may come back", () => {
    held(judged("0  ├──┤      SET a 1 → OK", "", { row: "none" }));
    violated(judged("0  ├──┤      SET a 1 → OK", "SET a 1", { row: "none" }), "phantom", /this config saves nothing/);
  });
});
