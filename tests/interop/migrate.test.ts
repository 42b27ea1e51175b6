/** Keys that MIGRATE hands from this store to redis-server, and back. */
import { mkdirSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import path from "node:path";
import { expect } from "chai";
import { needExecutable } from "../needs.ts";
import { contentsOfPeer, expectSameContents } from "./contents.ts";
import { inTemporaryFolder, Peer } from "./peer.ts";

const main = path.resolve(import.meta.dirname, "../../server/main.js");

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** MIGRATE knows no sockets, so these listen on a port as well. */
async function startAt(port: number, command: readonly string[], dir: string): Promise<Peer> {
  mkdirSync(dir);
  return Peer.start([...command, "--save", ""], dir, port);
}

describe("keys handed from server to server", function () {
  this.timeout(60_000);

  it("are the same at the other one, whichever of the two is which, and come back the same", async function () {
    const redis = needExecutable(this, "redis-server");
    await inTemporaryFolder(async (dir) => {
      const [ourPort, redisPort] = [await freePort(), await freePort()];
      const ours = await startAt(ourPort, [process.execPath, main], path.join(dir, "ours"));
      const theirs = await startAt(redisPort, [redis], path.join(dir, "theirs"));
      try {
        await ours.callAll([
          ["SET", "string", "x".repeat(1000)],
          ["SET", "number", "12345"],
          ["RPUSH", "list", ...Array.from({ length: 500 }, (_, n) => `element ${n}`)],
          ["HSET", "hash", "a", "1", "b", "2"],
          ["SADD", "set", "1", "2", "three"],
          ["ZADD", "sorted", "1.5", "a", "inf", "b"],
          ["XADD", "stream", "1-1", "field", "value"],
          ["XGROUP", "CREATE", "stream", "group", "0"],
          ["PEXPIREAT", "hash", "4000000000000"],
        ]);
        const before = await contentsOfPeer(ours);
        const keys = Object.keys(before).map((name) => name.slice(2));
        // Times are handed on as what is left of them: they come back within a few milliseconds.
        const withoutTimes = (contents: typeof before) =>
          Object.fromEntries(Object.entries(contents).filter(([name]) => name !== "0/hash"));
        expect(await ours.call("MIGRATE", "127.0.0.1", redisPort, "", 0, 5000, "KEYS", ...keys)).to.equal("OK");
        expect(await ours.call("DBSIZE")).to.equal(0);
        expectSameContents(withoutTimes(await contentsOfPeer(theirs)), withoutTimes(before));
        expect(await theirs.call("MIGRATE", "127.0.0.1", ourPort, "", 0, 5000, "KEYS", ...keys)).to.equal("OK");
        expect(await theirs.call("DBSIZE")).to.equal(0);
        expectSameContents(withoutTimes(await contentsOfPeer(ours)), withoutTimes(before));
        expect(await ours.call("HGETALL", "hash")).to.deep.equal(["a", "1", "b", "2"]);
        expect(Number(await ours.call("PEXPIRETIME", "hash"))).to.be.above(3_900_000_000_000);
      } finally {
        await ours.stop();
        await theirs.stop();
      }
    });
  });
});
