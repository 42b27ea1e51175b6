import { expect } from "chai";
import { Catalogue } from "../scenarios/catalogue.ts";
import { randomFrom } from "./random.ts";
import { drawDirectives, drawSwarm, type SwarmRoom } from "./swarm.ts";
import type { Config } from "./targets/target.ts";

const { workload } = new Catalogue().scenario("simulated/swarm").value;
const logged: Config = [["appendonly", "yes"]];
const hardened: Config = [...logged, ["lossbound-rewrite-unsynced", "yes"]];
const asked = { troubles: "some", deadlines: "some", quiet: "some", kills: { least: 0, most: 2 } } as const;
const draw = (seed: string, config = logged) => {
  const room: SwarmRoom = { config, lastsMs: 3_000, asked };
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

  it("cuts no file into so many writes that one world has more crash states than a hundred others", () => {
    const worlds = Array.from({ length: 400 }, (_, index) => draw(`world ${index}`));
    const short = worlds.flatMap(({ diskFaults }) => diskFaults).filter((fault) => fault.kind === "short");
    expect(short).to.not.deep.equal([]);
    for (const { when } of short) {
      const { first = 1, last = Number.POSITIVE_INFINITY } = when.nth ?? {};
      expect(last - first).to.be.lessThan(20);
    }
  });

  it("kills the process before the power goes, alone or with its savers, often while one is at work", () => {
    const worlds = Array.from({ length: 400 }, (_, index) => draw(`world ${index}`));
    const lives = worlds.flatMap((world) => world.lives);
    expect(new Set(lives.map(({ scope }) => scope))).to.deep.equal(new Set(["process", "tree"]));
    expect(lives.some(({ scope, orders = [] }) => scope === "process" && orders.length > 0)).to.equal(true);
    const refusing = worlds.filter(({ diskFaults }) => diskFaults.some(({ name }) => name === "the log is refused"));
    expect(refusing.flatMap((world) => world.lives)).to.deep.equal([]);
  });

  it("lets bits rot only under hardened, leaves it its checksums, and asks for no promise that rot cannot keep", () => {
    const rotten = (config: Config) =>
      Array.from({ length: 200 }, (_, index) => draw(`world ${index}`, config)).filter(({ diskFaults }) =>
        diskFaults.some(({ kind }) => kind === "flip"),
      );
    expect(rotten(logged)).to.deep.equal([]);
    expect(rotten(hardened)).to.not.deep.equal([]);
    expect(rotten(hardened).map((world) => world.workload.waitaofPercent)).to.satisfy((asked: number[]) =>
      asked.every((percent) => percent === 0),
    );
    const knobs = (config: Config) =>
      Array.from({ length: 200 }, (_, index) => drawDirectives(config, randomFrom(`knobs ${index}`))).flat();
    expect(knobs(hardened).map(([name]) => name)).to.not.include("rdbchecksum");
    expect(knobs(logged).map(([name]) => name)).to.include("rdbchecksum");
  });
});
