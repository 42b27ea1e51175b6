/** Streams in logs that go between this store and redis-server, both ways, before and after a rewrite. */
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { needExecutable } from "../needs.ts";
import { type Contents, contentsOfPeer, expectSameContents } from "./contents.ts";
import { inTemporaryFolder, Peer } from "./peer.ts";

const bundled = [process.execPath, fileURLToPath(new URL("../../server/main.js", import.meta.url))];

/** Entries deleted and trimmed; groups behind, ahead, with pending entries that changed hands, and with none. */
async function fill(peer: Peer): Promise<void> {
  const ids = Array.from({ length: 230 }, (_, n) => n + 1);
  const replies = await peer.callAll([
    ...ids.map((id) => [
      "XADD",
      "s",
      `${id}-${id % 3}`,
      "n",
      String(id),
      id % 7 === 0 ? "odd" : "text",
      "x".repeat(id),
    ]),
    ["XADD", "s", "MAXLEN", "~", "200", "*", "n", "last"],
    ["XDEL", "s", "17-2", "18-0", "230-2"],
    ["XGROUP", "CREATE", "s", "behind", "0"],
    ["XGROUP", "CREATE", "s", "ahead", "$"],
    ["XREADGROUP", "GROUP", "behind", "ann", "COUNT", "20", "STREAMS", "s", ">"],
    ["XREADGROUP", "GROUP", "behind", "bob", "COUNT", "5", "STREAMS", "s", ">"],
    ["XACK", "s", "behind", "2-2", "3-0"],
    ["XCLAIM", "s", "behind", "bob", "0", "4-1", "5-2"],
    ["XAUTOCLAIM", "s", "behind", "cem", "0", "-", "COUNT", "3"],
    ["XREADGROUP", "GROUP", "behind", "dan", "NOACK", "COUNT", "2", "STREAMS", "s", ">"],
    ["XADD", "only groups", "1-1", "f", "v"],
    ["XTRIM", "only groups", "MAXLEN", "0"],
    ["XGROUP", "CREATE", "only groups", "g", "1-1", "ENTRIESREAD", "1"],
    ["XSETID", "only groups", "9-9", "ENTRIESADDED", "5", "MAXDELETEDID", "2-2"],
  ]);
  expect(replies.filter((reply) => reply instanceof Error)).to.deep.equal([]);
}

/** Without what a log does not say: when a consumer was last seen, and how entries are laid out. */
function asLogged(contents: Contents): Contents {
  const text = JSON.stringify(contents, (name, value) =>
    name === "seen-time" || name === "radix-tree-keys" ? undefined : value,
  );
  return JSON.parse(text) as Contents;
}

async function rewritten(peer: Peer): Promise<void> {
  expect(String(await peer.call("BGREWRITEAOF"))).to.contain("started");
  while (/aof_rewrite_in_progress:1/.test(String(await peer.call("INFO", "persistence")))) await pause(20);
  expect(String(await peer.call("INFO", "persistence"))).to.contain("aof_last_bgrewrite_status:ok");
}

describe("logs of streams between this store and redis-server", function () {
  this.timeout(120_000);

  for (const direction of ["from this store to redis-server", "from redis-server to this store"] as const) {
    for (const preamble of ["yes", "no"]) {
      it(`hold the same ${direction}, with an RDB as base: ${preamble}`, async function () {
        const redis = [needExecutable(this, "redis-server")];
        const [writer, reader] = direction === "from this store to redis-server" ? [bundled, redis] : [redis, bundled];
        const settings = [
          "--save",
          "",
          "--appendonly",
          "yes",
          "--appendfsync",
          "always",
          "--aof-use-rdb-preamble",
          preamble,
        ];
        for (const rewrites of [false, true]) {
          await inTemporaryFolder(async (dir) => {
            const writing = await Peer.start([...writer, ...settings], dir);
            let expected: Contents;
            try {
              await fill(writing);
              if (rewrites) await rewritten(writing);
              await writing.call("XADD", "s", "*", "after", "the rewrite");
              expected = await contentsOfPeer(writing, 1);
            } finally {
              await writing.stop();
            }
            const reading = await Peer.start([...reader, ...settings], dir);
            try {
              expectSameContents(
                asLogged(await contentsOfPeer(reading, 1)),
                asLogged(expected),
                `rewritten: ${rewrites}`,
              );
            } finally {
              await reading.stop();
            }
          });
        }
      });
    }
  }
});
