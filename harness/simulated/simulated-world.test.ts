import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { simulatedPlan } from "../../tests/simulated/simulated-plan.ts";
import { countFates } from "../recording/history.ts";
import { SimulatedWorld } from "./simulated-world.ts";

const world = new SimulatedWorld();
const main = fileURLToPath(new URL("../../tests/simulated/digest-main.js", import.meta.url));

describe("a simulated world", () => {
  for (const preset of ["always", "everysec", "rdb-only"]) {
    it(`makes the same recording of a seed, byte for byte, in another process: ${preset}`, async () => {
      const { recording } = await world.record(simulatedPlan({ seed: "one seed", preset }));
      const elsewhere = execFileSync(process.execPath, [main, "one seed", preset], { encoding: "utf8" }).trim();
      expect(recording.digest).to.match(/^[0-9a-f]{64}$/);
      expect(elsewhere).to.equal(recording.digest);
    });
  }

  it("makes another recording of another seed", async () => {
    const digests = new Set<string>();
    for (const seed of ["a", "b", "c"]) {
      digests.add((await world.record(simulatedPlan({ seed, preset: "everysec" }))).recording.digest);
    }
    expect(digests.size).to.equal(3);
  });

  it("records what clients asked and what the disk was asked on one timeline", async () => {
    const { recording } = await world.record(simulatedPlan({ seed: "timeline", preset: "always" }));
    const { acked, invoked } = countFates(recording.history);
    expect(acked).to.be.greaterThan(100);
    expect(invoked).to.be.greaterThan(acked);
    const stamps = [
      ...recording.journal.records.map(({ stampNs }) => stampNs),
      ...recording.history.clients
        .flat()
        .flatMap(({ invokedNs, completed }) => [invokedNs, completed?.ns ?? []].flat()),
    ];
    // One counter numbers both tracks: no two things happen at the same moment.
    expect(new Set(stamps).size).to.equal(stamps.length);
    expect(Math.max(...stamps)).to.be.lessThan(recording.endNs);
  });

  it("holds up whoever waits for a sync, and nobody else: a saver writes while the server syncs", async () => {
    // Seeds are tried until the two meet, for whether they do is the seed's affair.
    for (let cycle = 1; cycle <= 20; cycle++) {
      const { recording } = await world.record(
        simulatedPlan({ seed: "held up", preset: "always", cycle, rewrites: 3 }),
      );
      const { records } = recording.journal;
      const server = records[records.findIndex(({ kind }) => kind === "sync-start")]?.tid;
      const during = records.some((record, index) => {
        if (record.kind !== "sync-end" || record.tid !== server) return false;
        const between = records.slice(record.start + 1, index);
        return between.some(({ tid, kind }) => tid !== server && kind === "write");
      });
      if (during) return;
    }
    throw new Error("no saver wrote while the server waited for its disk");
  });

  it("leaves calls without an answer when the run ends in the middle of them", async () => {
    for (let cycle = 1; cycle <= 30; cycle++) {
      const plan = simulatedPlan({ seed: "cut off", preset: "always", cycle, lastsMs: 100 });
      const { recording } = await world.record(plan);
      if (countFates(recording.history).indeterminate > 0) return;
    }
    throw new Error("every run ended just when all calls had been answered");
  });

  it("recovers a crash state without a process, twice the same", async () => {
    const plan = simulatedPlan({ seed: "recovery", preset: "always" });
    const recoverer = await world.recoverer(plan.config);
    const { starts } = await recoverer.recover(new Map(), 2);
    expect(starts.map(({ kind }) => kind)).to.deep.equal(["served", "served"]);
    const damaged = new Map([
      ["appendonlydir", { kind: "directory" as const }],
      ["appendonlydir/appendonly.aof.manifest", { kind: "file" as const, bytes: Buffer.from("not a manifest\n") }],
    ]);
    const refused = await recoverer.recover(damaged, 1);
    expect(refused.starts).to.have.length(1);
    expect(refused.starts[0]).to.deep.include({ kind: "refused", exitCode: 1 });
  });
});
