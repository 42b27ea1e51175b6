/** The files of the preset `hardened` go to redis-server and back, and its checker finds nothing wrong with them. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { needExecutable } from "../needs.ts";
import { contentsOfPeer, expectSameContents } from "./contents.ts";
import { inTemporaryFolder, Peer } from "./peer.ts";

const bundled = [process.execPath, fileURLToPath(new URL("../../server/main.js", import.meta.url))];
const log = ["--save", "", "--appendonly", "yes", "--appendfsync", "always"];
const safer = ["aof-batch-checksum", "rewrite-unsynced", "write-before-reply"].flatMap((name) => [
  `--lossbound-${name}`,
  "yes",
]);
const hardened = [...bundled, ...log, ...safer];

async function during<R>(command: readonly string[], dir: string, work: (peer: Peer) => Promise<R>): Promise<R> {
  const peer = await Peer.start(command, dir);
  try {
    return await work(peer);
  } finally {
    await peer.stop();
  }
}

async function write(peer: Peer, prefix: string): Promise<void> {
  await peer.callAll([
    ["SET", `${prefix}:plain`, "1", "PXAT", "4000000000000"],
    ["SET", `${prefix}:#LB1`, "\r\n#LB1 \r\n*1\r\n\0\xff"],
    ["SELECT", "9"],
    ["RPUSH", `${prefix}:list`, "a", "b", "c"],
    ["MULTI"],
    ["HSET", `${prefix}:hash`, "f", "v"],
    ["SADD", `${prefix}:set`, "1", "2"],
    ["EXEC"],
    ["SELECT", "0"],
  ]);
  // Each in a turn, and so in a batch, of its own.
  for (let n = 0; n < 20; n++) await peer.call("INCR", `${prefix}:counter`);
}

describe("a hardened log between this store and redis-server", function () {
  this.timeout(120_000);

  it("is replayed by redis-server, which goes on with it, and comes back, key for key", async function () {
    const redis = needExecutable(this, "redis-server");
    const checker = needExecutable(this, "redis-check-aof");
    await inTemporaryFolder(async (dir) => {
      const ours = await during(hardened, dir, async (peer) => {
        await write(peer, "first");
        return contentsOfPeer(peer);
      });
      const folder = path.join(dir, "appendonlydir");
      const incr = path.join(folder, "appendonly.aof.1.incr.aof");
      expect(readFileSync(incr, "latin1").match(/#LB1 [0-9a-f]{16} /g)?.length).to.be.above(20);
      const said = execFileSync(checker, [path.join(folder, "appendonly.aof.manifest")], { encoding: "utf8" });
      expect(said).to.contain("All AOF files and manifest are valid");

      const theirs = await during([redis, ...log], dir, async (peer) => {
        expectSameContents(await contentsOfPeer(peer), ours, "redis-server");
        await write(peer, "second");
        return contentsOfPeer(peer);
      });
      const again = await during(hardened, dir, async (peer) => {
        expectSameContents(await contentsOfPeer(peer), theirs, "back again");
        await write(peer, "third");
        return contentsOfPeer(peer);
      });
      // What redis-server appended has no checksum, so the log went on in another file.
      expect(readdirSync(folder)).to.include("appendonly.aof.2.incr.aof");
      await during([redis, ...log], dir, async (peer) => {
        expectSameContents(await contentsOfPeer(peer), again, "redis-server once more");
      });
    });
  });
});
