import { expect } from "chai";
import { serve } from "../../tests/worlds/served.ts";
import type { Random } from "../world/world.ts";
import { drawSlots, EvictionPool, type EvictionRule } from "./eviction-pool.ts";

/** Numbers that jump about, always the same ones. */
function jumping(): Random {
  let state = 1;
  const fraction = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  const random: Random = {
    fraction,
    below: (limit) => Math.floor(fraction() * limit),
    pick: (from) => from[Math.floor(fraction() * from.length)] as (typeof from)[0],
    fork: () => random,
  };
  return random;
}

const byUse: EvictionRule = { volatileOnly: false, by: "last use" };
const byChance: EvictionRule = { volatileOnly: false, by: "chance" };
const byDeadline: EvictionRule = { volatileOnly: true, by: "deadline" };

describe("the pool of keys that go next", () => {
  async function filled(keyCount: number) {
    const { peer, server, world } = await serve();
    for (let n = 0; n < keyCount; n++) {
      peer.ask(`SET key:${n} ${n}`);
      await world.pass(1000);
    }
    return { peer, server, world, pool: new EvictionPool(server.keyspace, jumping()) };
  }

  it("comes close to the key that was not used for longest", async () => {
    const { server, pool } = await filled(200);
    const ranks = Array.from({ length: 50 }, () => {
      const victim = pool.next(byUse, 5);
      victim?.db.evict(victim.key);
      return Number(victim?.key.slice(4));
    });
    // By chance it would be about 100.
    expect(ranks.reduce((sum, rank) => sum + rank, 0) / ranks.length).to.be.lessThan(50);
    expect(server.keyspace.size).to.equal(150);
  });

  it("with more samples comes closer", async () => {
    const meanWith = async (samples: number) => {
      const { pool } = await filled(200);
      let sum = 0;
      for (let n = 0; n < 40; n++) {
        const victim = pool.next(byUse, samples);
        victim?.db.evict(victim.key);
        sum += Number(victim?.key.slice(4));
      }
      return sum / 40;
    };
    expect(await meanWith(40)).to.be.lessThan(await meanWith(1));
  });

  it("takes the nearest deadline first, and never a key without one", async () => {
    const { peer, pool } = await filled(20);
    peer.ask("EXPIRE key:3 1000", "EXPIRE key:7 100", "EXPIRE key:9 500");
    const order: (string | undefined)[] = [];
    for (let n = 0; n < 4; n++) {
      const victim = pool.next(byDeadline, 5);
      victim?.db.evict(victim.key);
      order.push(victim?.key);
    }
    expect(order).to.deep.equal(["key:7", "key:9", "key:3", undefined]);
  });

  it("passes over what is gone or may not go any more", async () => {
    const { peer, pool } = await filled(3);
    peer.ask("EXPIRE key:0 100", "EXPIRE key:1 200", "EXPIRE key:2 300");
    expect(pool.next(byDeadline, 5)?.key).to.equal("key:0");
    peer.ask("DEL key:0", "PERSIST key:1");
    expect(pool.next(byDeadline, 5)?.key).to.equal("key:2");
  });

  it("goes from database to database where chance decides", async () => {
    const { peer, pool } = await filled(2);
    peer.ask("SELECT 4", "SET a 1", "SET b 1");
    const dbs = Array.from({ length: 4 }, () => {
      const victim = pool.next(byChance, 5);
      victim?.db.evict(victim.key);
      return victim?.db.index;
    });
    expect(dbs).to.deep.equal([0, 4, 0, 4]);
    expect(pool.next(byChance, 5)).to.equal(undefined);
  });

  it("finds the only key of many that may go", async () => {
    const { peer, server } = await filled(0);
    for (let n = 0; n < 500; n++) peer.ask(`SET key:${n} ${n}`);
    peer.ask("EXPIRE key:321 100", "EXPIRE key:322 100", "DEL key:322");
    const { table } = server.keyspace.db(0);
    expect(drawSlots(table, byDeadline, 5, jumping()).map((slot) => table.keys[slot])).to.deep.equal(["key:321"]);
    expect(drawSlots(table, byUse, 5, jumping())).to.have.length(5);
  });
});
