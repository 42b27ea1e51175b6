import { expect } from "chai";
import { runDetailSchema } from "../reports/detail.ts";
import type { LinkResult } from "./cycle.ts";
import { LiveDetail } from "./live-detail.ts";
import type { Judgement } from "./oracle/judgement.ts";

/** Two clients with four calls each, all acked but each one's last; the first call leaves at 10 ms. */
function crash(judgement: Partial<Judgement> = {}): LinkResult {
  const request = (index: number) => (index === 1 ? ["GET", "k"] : ["INCR", "k"]);
  const sequence = (client: number) =>
    Array.from({ length: 4 }, (_, index) => ({
      id: client * 4 + index,
      client,
      call: { requests: [request(index)], transaction: false },
      invokedNs: (10 + index) * 1e6,
      invokedWallMs: 0,
      ...(index < 3 && { completed: { ns: (10.5 + index) * 1e6, wallMs: 0, reply: { kind: "integer", value: 1 } } }),
    }));
  return {
    state: {
      cut: { startNs: 20e6, endNs: 21e6 },
      point: { place: "load", operation: "SIGKILL", path: "", journalIndex: -1, stampNs: 20e6 },
      image: new Map([
        ["dump.rdb", { kind: "file", bytes: new Uint8Array(90) }],
        ["appendonlydir", { kind: "directory" }],
      ]),
    },
    evidence: { history: { clients: [sequence(0), sequence(1)] } },
    judgement: {
      verdict: "held",
      findings: [],
      loss: { acked: 0, ageMs: 0, spanMs: 0 },
      recoveryPoint: { lengths: [4, 4] },
      recoveryMs: 80,
      ...judgement,
    },
  } as unknown as LinkResult;
}

const title = { scenario: "kill/random", preset: "always", target: "bundled" };

describe("the detail of a run of kills", () => {
  it("has each kill as a crash point, in the order of time since the first call, and what it measured", () => {
    const drawn = new LiveDetail();
    drawn.add(crash(), []);
    drawn.add(crash({ verdict: "unknown" }), []);
    const detail = drawn.detail(title);
    expect(runDetailSchema.parse(detail)).to.deep.equal(detail);
    expect(detail.crashMap[0]?.cells.map(({ atMs, held, unknown }) => [atMs, held, unknown])).to.deep.equal([
      [10, 1, 0],
      [10, 0, 1],
    ]);
    expect(detail.losses).to.deep.equal([
      { ageMs: 0, acked: 0, weight: 1 },
      { ageMs: 0, acked: 0, weight: 1 },
    ]);
    expect(detail.recoveries[0]).to.deep.equal({ ms: 80, dataBytes: 90 });
  });

  it("keeps the timeline of the worst loss, with the fate of every call in it", () => {
    const drawn = new LiveDetail();
    drawn.add(crash(), []);
    const lost = { loss: { acked: 1, ageMs: 8, spanMs: 0 }, recoveryPoint: { lengths: [1, 4] } };
    drawn.add(crash(lost), []);
    const [timeline, ...others] = drawn.detail(title).timelines;
    expect(others).to.deep.equal([]);
    expect(timeline).to.include({ title: "the worst loss", fromMs: 0, cutMs: 11 });
    const fates = timeline?.clients.map(({ calls }) => calls.map(({ fate }) => fate));
    // Reading changes nothing, so a GET cannot be lost.
    expect(fates).to.deep.equal([
      ["kept", "kept", "lost", "indeterminate"],
      ["kept", "kept", "kept", "indeterminate"],
    ]);
  });

  it("keeps a timeline of the first crash that showed a finding, and says which", () => {
    const drawn = new LiveDetail();
    const findings = [{ fingerprint: "hole-1" }] as unknown as Judgement["findings"];
    drawn.add(crash({ verdict: "violated", findings }), ["hole-1"]);
    drawn.add(crash({ verdict: "violated", findings }), []);
    const { timelines, crashMap } = drawn.detail(title);
    expect(timelines.map(({ fingerprint }) => fingerprint)).to.deep.equal(["hole-1", ""]);
    expect(crashMap[0]?.cells[0]).to.deep.include({ violated: 1, fingerprints: ["hole-1"] });
  });

  it("of a run that played nothing has no row and no timeline", () => {
    expect(new LiveDetail().detail(title)).to.deep.include({ crashMap: [], timelines: [], durationMs: 0 });
  });
});
