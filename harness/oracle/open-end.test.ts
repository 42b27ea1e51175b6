import { expect } from "chai";
import fc from "fast-check";
import { explainByForce } from "../../tests/brute-force.ts";
import { drawnHistory, drawnStartWallMs, drawnState } from "../../tests/drawn-history.ts";
import { holds } from "../../tests/property.ts";
import { type LogEntry, replayLog, runToy, type ToyRun } from "../../tests/toy-store.ts";
import { KeyPool } from "../operations/key-pool.ts";
import { emptyModel, type Model } from "../operations/model.ts";
import { weightsFor } from "../operations/operations.ts";
import { type Random, randomFrom } from "../random.ts";
import { explain, greatestCut } from "./explain.ts";
import { completeLanes, readLanes } from "./lanes.ts";
import { readState } from "./reading.ts";
import { TooManyWays } from "./unfold.ts";

const unplayable = new Set(["SRANDMEMBER", "TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"]);
const weights = weightsFor("7.0", ({ name }) => (unplayable.has(name) ? 0 : 1));

/** A store in trouble, clients with much on the way. */
function troubledRun(random: Random, calls: number, keys: number) {
  return runToy(random.fork("run"), {
    clients: 1 + random.below(2),
    calls,
    pipeline: 1 + random.below(8),
    transactions: 0.2,
    refusals: 0.2,
    pool: (client) =>
      new KeyPool(random.fork(`keys ${client}`), client, {
        keys,
        valueBytes: { least: 0, most: 6 },
        databases: 2,
        deadlines: "far",
      }),
    weights,
  });
}

/** What the disk made of it: some entries of the log are missing, anywhere. */
function withSomeMissing(log: readonly LogEntry[], random: Random): LogEntry[] {
  const from = random.below(log.length + 1);
  return log.filter((_, index) => index < from || random.chance(0.5));
}

function explained({ history, endNs, endWallMs }: Omit<ToyRun, "log">, state: Model, waysMax?: number) {
  const served = { kind: "served", state, readAtWallMs: endWallMs, deadlineErrorMs: 0, tookMs: 0 } as const;
  const known = readLanes(history, { initial: emptyModel, trouble: true, ...(waysMax !== undefined && { waysMax }) });
  const lanes = completeLanes(known, served, endNs);
  const explanation = explain(lanes, readState(lanes, served));
  const cut = greatestCut(lanes, explanation, endNs);
  const wasCutShort = known.lanes.some((lane) => lane.unfolded.followed < lane.length);
  return { lengths: explanation.lengths.map((ranges) => [...ranges]), cut, wasCutShort };
}

/** Where even a part has too many ways, nothing is said. */
function drawn(runs: number, test: (random: Random) => void): void {
  holds(
    fc.property(fc.integer({ min: 0 }), (seed) => {
      try {
        test(randomFrom(`parts ${seed}`));
      } catch (error) {
        if (!(error instanceof TooManyWays)) throw error;
      }
    }),
    runs,
  );
}

describe("calls that were never answered, told apart part by part", () => {
  it("are explained by the lengths that following all of their ways gives", () => {
    let told = 0;
    let found = 0;
    drawn(400, (random) => {
      const run = troubledRun(random, 4 + random.below(30), 3 + random.below(12));
      const state = replayLog(withSomeMissing(run.log, random.fork("missing")));
      const whole = explained(run, state, 100_000);
      const parts = explained(run, state, 4);
      expect(parts.lengths).to.deep.equal(whole.lengths);
      if (!parts.wasCutShort || whole.wasCutShort) return;
      told++;
      if (parts.cut.kind === "found") found++;
    });
    // Neither what is explained nor what is not may go untested.
    expect(found).to.be.above(15);
    expect(told - found).to.be.above(15);
  });

  it("have the recovery point that an exhaustive search finds", () => {
    let found = 0;
    drawn(400, (random) => {
      const run = troubledRun(random, 4 + random.below(8), 4 + random.below(5));
      if (!JSON.stringify(run.history.clients).includes("MISCONF")) return;
      const state = replayLog(withSomeMissing(run.log, random.fork("missing")));
      const parts = explained(run, state, 2);
      if (!parts.wasCutShort) return;
      const byForce = explainByForce(run.history, state, run.endNs, run.endWallMs);
      const lengths =
        parts.cut.kind === "found" ? [...parts.cut.lengths].slice(0, run.history.clients.length) : undefined;
      expect(lengths).to.deep.equal(byForce);
      if (byForce !== undefined) found++;
    });
    expect(found).to.be.above(10);
  });

  it("may be any number, also where each also appends to a log that others append to", () => {
    const calls = Array.from({ length: 40 }, (_, index) => {
      const [begin, way] = [
        " ".repeat(20 + index),
        `0 PADDING├─…  MULTI · SET a${index % 3} v${index} · RPUSH log e${index} · EXEC`,
      ];
      return way.replace("PADDING", begin);
    });
    const { history } = drawnHistory(["0 ├─┤  SET x 1 → OK", "1 ├─┤  RPUSH log other → 1", ...calls].join("\n"));
    const kept = [3, 4, 17, 38];
    const state = drawnState(
      ["SET x 1", "RPUSH log other", ...kept.map((index) => `SET a${index % 3} v${index} · RPUSH log e${index}`)].join(
        " · ",
      ),
    );
    const run = { history, endNs: Number.MAX_SAFE_INTEGER, endWallMs: drawnStartWallMs + 10_000 };
    const { lengths, wasCutShort } = explained(run, state);
    expect(wasCutShort).to.equal(true);
    // From the last one that came back on, and by no shorter prefix.
    expect(lengths[0]).to.deep.equal([40, 41]);
    const without = drawnState(["SET x 1", "RPUSH log other", "SET a0 v3 · RPUSH log e4"].join(" · "));
    expect(explained(run, without).lengths[0]).to.deep.equal([]);
  });
});
