import { expect } from "chai";
import { Catalogue } from "../../scenarios/catalogue.ts";
import { resultOf } from "../../tests/fake-surroundings.ts";
import { sampleRunDetail } from "../../tests/sample-detail.ts";
import type { RunRequest, RunScenario } from "../run-request.ts";
import { TargetUnavailable } from "../targets/target.ts";
import { comparePresets } from "./compare.ts";

const catalogue = new Catalogue();
const contenders = ["always", "everysec", "os-decides"].map((name) => ({
  target: "bundled",
  preset: catalogue.preset(name),
}));
const never = new AbortController().signal;

/** An engine in which a preset's calls a second are what `pace` says; a run takes a second of the clock. */
function engine(pace: Record<string, number>, power: RunScenario = (request) => Promise.resolve(resultOf(request))) {
  const requests: RunRequest[] = [];
  let clockMs = 0;
  const runScenario: RunScenario = (request, watch) => {
    requests.push(request);
    clockMs += 1_000;
    if (request.scenario.fault.kind === "power-cut") return power(request, watch);
    const callsPerSecond = (pace[request.preset.name] ?? 0) + (requests.length % 2);
    const costs = { memoryBytesMax: clockMs, writtenBytes: null, rewrites: 1 };
    const one = { callsPerSecond, latencyMsP50: 1, latencyMsP99: 2, ackedBytes: 100, dataBytes: 150, ...costs };
    const detail = sampleRunDetail(2, {
      losses: [{ ageMs: 0, acked: 0, weight: 1 }],
      paces: [one, { ...one, callsPerSecond: callsPerSecond + 1 }],
    });
    return Promise.resolve({ ...resultOf(request), detail });
  };
  return { requests, runScenario, nowMs: () => clockMs };
}

describe("presets compared", () => {
  const order = { contenders, seed: "quiet", timeMs: 20_000, bundlesDir: "/nowhere", signal: never };
  const silent = { begins: () => undefined };

  it("are run in turns, on the same seeds, the first turn thrown away", async () => {
    const { requests, runScenario, nowMs } = engine({ always: 100, everysec: 500, "os-decides": 501 });
    const entries = await comparePresets(order, runScenario, silent, nowMs);
    expect(requests.slice(0, 9).map(({ preset, seed }) => `${preset.name} ${seed}`)).to.deep.equal([
      "always quiet/warm-up",
      "everysec quiet/warm-up",
      "os-decides quiet/warm-up",
      "always quiet/round-1",
      "everysec quiet/round-1",
      "os-decides quiet/round-1",
      "everysec quiet/round-2",
      "os-decides quiet/round-2",
      "always quiet/round-2",
    ]);
    const kills = requests.filter(({ scenario }) => scenario.fault.kind === "kill");
    expect(new Set(kills.map(({ jobs }) => jobs)), "nothing runs beside what is measured").to.deep.equal(new Set([1]));
    const rounds = requests.filter(({ seed, preset }) => seed.includes("round") && preset.name === "always").length;
    expect(entries[0]?.cycles, "the warm-up does not count").to.equal(rounds * 2);
  });

  it("differ only where their intervals do not meet", async () => {
    const { runScenario, nowMs } = engine({ always: 100, everysec: 500, "os-decides": 100 });
    const entries = await comparePresets(order, runScenario, silent, nowMs);
    expect(entries.map(({ against }) => against)).to.deep.equal(["first", "faster", "within noise"]);
    expect(entries[0]?.callsPerSecond.mean).to.be.within(100, 102);
    expect(entries[0]?.diskBytesPerAckedByte).to.equal(1.5);
  });

  it("tell how recovery grows with the data, what was written, how often logs were rewritten, and the memory", async () => {
    const pace = { callsPerSecond: 1, latencyMsP50: 1, latencyMsP99: 1, ackedBytes: 200, dataBytes: 0 };
    const power: RunScenario = (request) => {
      const paces = [{ ...pace, memoryBytesMax: 0, writtenBytes: 500, rewrites: 2 }];
      return Promise.resolve({ ...resultOf(request), detail: sampleRunDetail(2, { paces }) });
    };
    const { requests, runScenario, nowMs } = engine({}, power);
    const [entry] = await comparePresets(order, runScenario, silent, nowMs);
    expect(requests.filter(({ seed }) => seed === "quiet/much-data")).to.have.length(contenders.length);
    expect(entry?.recovery.bySize).to.have.length(2);
    expect(entry?.writtenBytesPerAckedByte).to.equal(2.5);
    expect(entry?.rewrites).to.equal((entry?.cycles ?? 0) + 2);
    expect(entry?.memoryBytesMax).to.be.greaterThan(0);
  });

  it("go on without power cuts where there can be none, and say why", async () => {
    const unable: RunScenario = () => Promise.reject(new TargetUnavailable("there is no /dev/fuse"));
    const { runScenario, nowMs } = engine({}, unable);
    const entries = await comparePresets(order, runScenario, silent, nowMs);
    expect(entries.map(({ powerLost, powerWhy }) => [powerLost, powerWhy])).to.deep.equal(
      Array.from({ length: 3 }, () => [null, "there is no /dev/fuse"]),
    );
  });

  it("of which one breaks its promise are violated there, and only there", async () => {
    const { runScenario, nowMs } = engine({}, (request) =>
      Promise.resolve(resultOf(request, { verdict: request.preset.name === "everysec" ? "violated" : "held" })),
    );
    const entries = await comparePresets(order, runScenario, silent, nowMs);
    expect(entries.map(({ verdict }) => verdict)).to.deep.equal(["held", "violated", "held"]);
  });

  it("end when they are interrupted, with what was measured so far", async () => {
    const interruption = new AbortController();
    const { requests, runScenario, nowMs } = engine({});
    const stopping: RunScenario = (request, watch) => {
      if (requests.length === 5) interruption.abort();
      return runScenario(request, watch);
    };
    const entries = await comparePresets({ ...order, signal: interruption.signal }, stopping, silent, nowMs);
    expect(requests).to.have.length(6);
    expect(entries.map(({ powerWhy }) => powerWhy)).to.deep.equal(
      Array.from({ length: 3 }, () => "it was interrupted before"),
    );
  });
});
