/** The two clients that most Node programs use, each doing its ordinary work on the bundled store. */
import path from "node:path";
import { expect } from "chai";
import { Redis } from "ioredis";
import { createClient, WatchError } from "redis";
import { inTemporaryFolder, Peer } from "./peer.ts";

const main = path.resolve(import.meta.dirname, "../../server/main.js");

/** A store, and the socket at which it listens. */
async function onStore(work: (socket: string) => Promise<void>): Promise<void> {
  await inTemporaryFolder(async (dir) => {
    const peer = await Peer.start([process.execPath, main, "--save", "", "--appendonly", "yes"], dir);
    try {
      await work(path.join(dir, "peer.sock"));
    } finally {
      await peer.stop();
    }
  });
}

describe("clients of Redis on the bundled store", function () {
  this.timeout(60_000);

  it("ioredis: a job queue with sessions, a transaction, a subscription and a walk over all keys", () =>
    onStore(async (socket) => {
      const client = new Redis({ path: socket });
      const worker = new Redis({ path: socket });
      const listener = new Redis({ path: socket });
      try {
        const heard = new Promise((resolve) => listener.once("message", (channel, text) => resolve([channel, text])));
        await listener.subscribe("jobs");
        const waiting = worker.blpop("queue", 20);
        await client.rpush("queue", JSON.stringify({ id: 7 }));
        expect(await waiting).to.deep.equal(["queue", '{"id":7}']);
        const done = await client
          .multi()
          .hset("job:7", { state: "done", tries: 1 })
          .zadd("finished", 1_700_000_000, "job:7")
          .expire("job:7", 600)
          .publish("jobs", "7 done")
          .exec();
        expect(done).to.deep.equal([
          [null, 2],
          [null, 1],
          [null, 1],
          [null, 1],
        ]);
        expect(await heard).to.deep.equal(["jobs", "7 done"]);
        expect(await client.hgetall("job:7")).to.deep.equal({ state: "done", tries: "1" });
        const pipeline = client.pipeline();
        for (let user = 0; user < 500; user++) pipeline.setex(`session:${user}`, 3600, `token ${user}`);
        expect(await pipeline.exec()).to.have.length(500);
        const keys = new Set<string>();
        for await (const batch of client.scanStream({ match: "session:*", count: 100 })) {
          for (const key of batch as string[]) keys.add(key);
        }
        expect(keys.size).to.equal(500);
        expect(await client.getBuffer("session:42")).to.deep.equal(Buffer.from("token 42"));
      } finally {
        for (const each of [client, worker, listener]) each.disconnect();
      }
    }));

  for (const RESP of [2, 3] as const) {
    it(`node-redis over RESP${RESP}: counters, a leaderboard, a watched transaction and a subscription`, () =>
      onStore(async (socket) => {
        const client = await createClient({ socket: { path: socket, tls: false }, RESP }).connect();
        const listener = await client.duplicate().connect();
        try {
          const heard = new Promise((resolve) => void listener.subscribe("scores", (text) => resolve(text)));
          await client.zAdd("board", [
            { value: "ada", score: 10 },
            { value: "bob", score: 7.5 },
          ]);
          expect(await client.zIncrBy("board", 5, "bob")).to.equal(12.5);
          expect(await client.zRangeWithScores("board", 0, -1)).to.deep.equal([
            { value: "ada", score: 10 },
            { value: "bob", score: 12.5 },
          ]);
          await client.watch("visits");
          expect(await client.multi().incr("visits").hSet("page", "title", "home").exec()).to.deep.equal([1, 1]);
          expect({ ...(await client.hGetAll("page")) }).to.deep.equal({ title: "home" });
          await client.watch("visits");
          await client.incr("visits");
          const refused = await client
            .multi()
            .incr("visits")
            .exec()
            .catch((error: unknown) => error);
          expect(refused).to.be.instanceOf(WatchError);
          expect(await client.publish("scores", "bob leads")).to.be.a("number");
          expect(await heard).to.equal("bob leads");
          expect(await client.set("once", "1", { condition: "NX", expiration: { type: "EX", value: 60 } })).to.equal(
            "OK",
          );
          expect(await client.ttl("once")).to.be.within(1, 60);
          const found: string[] = [];
          for await (const keys of client.scanIterator({ MATCH: "*" })) found.push(...keys);
          expect(found.sort()).to.deep.equal(["board", "once", "page", "visits"]);
        } finally {
          listener.destroy();
          client.destroy();
        }
      }));
  }
});
