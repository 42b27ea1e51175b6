import { expect } from "chai";
import { diskFaultSchema } from "../scenarios/disk-fault.ts";
import { planDiskFault, planTroubles } from "./plan-disk-fault.ts";
import { randomFrom } from "./random.ts";
import { refusesLog } from "./swarm.ts";

const scenario = diskFaultSchema.parse({
  kind: "disk-fault",
  acks: [100, 900],
  lastsMs: [200, 400],
  disk: [
    { kind: "error", on: ["fsync"], path: "*.aof", nth: [2, 9], times: 3, code: "EIO" },
    { kind: "short", nth: 4, bytes: [1, 60] },
    { kind: "full", freeBytes: [5, 10] },
    { kind: "delay", on: ["fdatasync"], delays: { kind: "fixed", ms: 20 } },
    { kind: "flip", path: "dump.rdb" },
    { kind: "full", fromMs: [100, 200], forMs: 50, freeBytes: 0 },
    { kind: "error", on: ["read"], fromMs: 30, code: "EIO" },
  ],
});
const planned = (seed: string) => planDiskFault(scenario, randomFrom(seed));

describe("the plan of a disk fault", () => {
  it("is the same for the same seed, and draws from it what the scenario leaves open", () => {
    expect(planned("a")).to.deep.equal(planned("a"));
    expect(planned("a")).to.not.deep.equal(planned("b"));
  });

  it("keeps to the ranges of the scenario", () => {
    for (let seed = 0; seed < 50; seed++) {
      const { acks, lastsMs, calmMs, disk } = planned(String(seed));
      expect([acks, lastsMs, calmMs]).to.satisfy(
        ([a, l, c]: number[]) =>
          a !== undefined && a >= 100 && a <= 900 && l !== undefined && l >= 200 && l <= 400 && c === 0,
      );
      const [error, short, full] = disk.faults;
      expect(error?.kind === "error" && error.when.nth?.first).to.be.within(2, 9);
      expect(short?.kind === "short" && short.bytes).to.be.within(1, 60);
      expect(full?.kind === "full" && full.freeBytes).to.be.within(5, 10);
    }
  });

  it("knows moments: from when on a trouble lasts, and for how long", () => {
    const [full, error] = planned("a").disk.faults.slice(5);
    const fromMs = full?.kind === "full" ? (full.window?.fromMs ?? 0) : 0;
    expect(fromMs).to.be.within(100, 200);
    expect(full).to.deep.equal({ kind: "full", name: "full 6", freeBytes: 0, window: { fromMs, toMs: fromMs + 50 } });
    expect(error?.kind === "error" && error.when).to.deep.equal({
      on: ["read"],
      nth: { first: 1 },
      window: { fromMs: 30 },
    });
  });

  it("beside a power cut tells by the name which of them refuse what the log is made of", () => {
    const faults = planTroubles(scenario.disk, randomFrom("a"));
    expect(new Set(faults.map(({ name }) => name)).size).to.equal(faults.length);
    const refusing = faults.filter(({ name }) => refusesLog(name)).map(({ kind }) => kind);
    expect(refusing).to.deep.equal(["error", "full", "full", "error"]);
  });

  it("names each trouble, and says how many in a row are struck", () => {
    const [error, short, full, delay, flip] = planned("a").disk.faults;
    const first = error?.kind === "error" ? error.when.nth?.first : undefined;
    expect(error).to.deep.equal({
      kind: "error",
      name: "error 1",
      when: { on: ["fsync"], path: "*.aof", nth: { first, last: (first ?? 0) + 2 } },
      code: "EIO",
    });
    expect(short?.kind === "short" && short.when).to.deep.equal({ on: ["write"], nth: { first: 4 } });
    expect([full?.name, delay?.name, flip?.name]).to.deep.equal(["full 3", "delay 4", "flip 5"]);
    expect(flip).to.deep.equal({ kind: "flip", name: "flip 5", when: { on: ["read"], path: "dump.rdb" } });
  });
});
