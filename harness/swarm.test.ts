import { expect } from "chai";
import { Catalogue } from "../scenarios/catalogue.ts";
import { randomFrom } from "./random.ts";
import { drawSwarm, type SwarmRoom } from "./swarm.ts";

const { workload } = new Catalogue().scenario("simulated/swarm").value;
const draw = (seed: string) => {
  const room: SwarmRoom = { config: [["appendonly", "yes"]], lastsMs: 3_000, troubles: "some" };
  return drawSwarm(workload, room, randomFrom(seed));
};

describe("a swarm", () => {
  it("draws the same world of the same seed, and another of another", () => {
    expect(draw("one")).to.deep.equal(draw("one"));
    expect(draw("one")).to.not.deep.equal(draw("two"));
  });

  it("draws all that may go wrong: savers killed, EIO, a full disk, short writes, stalls, and nothing at all", () => {
    const worlds = Array.from({ length: 400 }, (_, index) => draw(`world ${index}`));
    const faults = worlds.flatMap(({ diskFaults }) => diskFaults);
    const codes = faults.flatMap((fault) => ("code" in fault ? [fault.code] : []));
    expect(codes).to.include.members(["EIO", "ENOSPC"]);
    expect(faults.map(({ kind }) => kind)).to.include.members(["short", "delay", "error", "full"]);
    expect(faults.map(({ name }) => name)).to.include("stalled disk");
    expect(worlds.some(({ orders }) => orders.some((order) => "kill" in order))).to.equal(true);
    expect(worlds.some(({ orders, diskFaults }) => orders.length === 0 && diskFaults.length === 0)).to.equal(true);
    expect(new Set(worlds.map(({ syncs }) => syncs.kind)).size).to.be.greaterThan(1);
  });
});
