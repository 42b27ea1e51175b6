import { expect } from "chai";
import { simulatedPlan } from "../../tests/simulated/simulated-plan.ts";
import { type CrashPoint, crashPoints } from "../disk/crash-points.ts";
import { UnderWay } from "../explore/under-way.ts";
import type { LinkPlan, Plan, PlannedPowerCut } from "../plan.ts";
import { randomFrom } from "../random.ts";
import type { KillScope } from "../targets/target.ts";
import { SimulatedWorld } from "./simulated-world.ts";

/** Its first life ends while a saver is at work, a key every fifty milliseconds; the second goes on in the same place. */
function killedWhileSaving(scope: KillScope, seed = "lives"): Plan {
  const plan = simulatedPlan({ seed, preset: "hardened", calls: 120, rewrites: 0, lastsMs: 900 });
  const [link] = plan.links as [LinkPlan<PlannedPowerCut>];
  const [first] = simulatedPlan({ seed: `${seed} 1`, preset: "hardened", calls: 120, lastsMs: 400 }).links;
  const life = {
    clients: first?.clients ?? [],
    lastsMs: 400,
    scope,
    orders: [{ atMs: 340, request: ["BGREWRITEAOF"] }],
  };
  return {
    ...plan,
    config: [...plan.config, ["rdb-key-save-delay", "50000"]],
    links: [{ ...link, fault: { ...link.fault, killed: [life] } }],
  };
}

async function recorded(plan: Plan) {
  const { recording } = await new SimulatedWorld().record(plan);
  const [kill] = recording.kills ?? [];
  if (kill === undefined) throw new Error("nobody was killed");
  const { records } = recording.journal;
  // The server's own first base is named after the server.
  const numbers = records.map((record) =>
    Number(/temp-rewriteaof-(\d+)/.exec("path" in record ? (record.path ?? "") : "")?.[1]),
  );
  const [, saver = 0] = new Set(numbers.filter((number) => number > 0));
  return { recording, kill, saver, after: records.filter(({ stampNs }) => stampNs > kill.atNs) };
}

describe("the lives of a store within a simulated recording", () => {
  it("go on beside a saver that the one before left behind, where the process died alone [S8]", async () => {
    const { saver, after } = await recorded(killedWhileSaving("process"));
    expect(saver).to.be.above(0);
    expect(after.some(({ tid }) => tid === saver)).to.equal(true);
    expect(after.some(({ tid }) => tid !== saver)).to.equal(true);
  });

  it("go on alone, where its savers died with it", async () => {
    const { saver, after } = await recorded(killedWhileSaving("tree"));
    expect(saver).to.be.above(0);
    expect(after.some(({ tid }) => tid === saver)).to.equal(false);
  });

  it("are told apart in the windows of their crash points (N1)", async () => {
    for (const [scope, names] of [
      ["process", ["killed:process", "orphan"]],
      ["tree", ["killed:tree"]],
    ] as const) {
      const { recording, kill } = await recorded(killedWhileSaving(scope));
      const underWay = new UnderWay(recording);
      const points = crashPoints(recording.journal, {
        random: randomFrom("points"),
        endNs: recording.endNs,
        firstIndex: 0,
        windows: [],
      });
      const told = (is: (point: CrashPoint) => boolean) =>
        new Set([...points].filter(is).flatMap((point) => underWay.at(point)));
      expect([...told(() => true)]).to.include.members([...names]);
      expect([...told(() => true)].filter((name) => /^(killed|orphan)/.test(name))).to.have.members([...names]);
      const before = [...told(({ interval }) => interval.endNs < kill.atNs)];
      expect(before).to.not.deep.equal([]);
      expect(before.filter((name) => /^(killed|orphan)/.test(name))).to.deep.equal([]);
    }
  });

  it("note down what each served before its clients came, on a disk that has forgotten nothing [S7]", async () => {
    const { recording, kill } = await recorded(killedWhileSaving("process"));
    const acked = recording.history.clients
      .flat()
      .filter(({ completed }) => (completed?.ns ?? Number.POSITIVE_INFINITY) < kill.atNs);
    expect(acked).to.not.deep.equal([]);
    expect([...kill.served.values()].some((keys) => keys.size > 0)).to.equal(true);
    const later = recording.history.clients.flat().filter(({ invokedNs }) => invokedNs > kill.atNs);
    expect(later).to.not.deep.equal([]);
    const firstClients = new Set(acked.map(({ client }) => client));
    expect(later.some(({ client }) => firstClients.has(client))).to.equal(false);
  });

  it("are the same lives of the same plan", async () => {
    const [one, other] = [await recorded(killedWhileSaving("process")), await recorded(killedWhileSaving("process"))];
    expect(one.recording.digest).to.equal(other.recording.digest);
  });
});
