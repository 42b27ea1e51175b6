/**
 * What a command becomes in the log: never what hangs on the clock, on chance, or on who waited, so that a replay comes
 * to the same. A table, in the order of the commands' kinds.
 */
import { expect } from "chai";
import { serve } from "../../tests/worlds/served.ts";
import { RecordReader } from "../aof/record-reader.ts";
import { dumpPayload } from "../rdb/dump-payload.ts";

const log = "/d/appendonlydir/appendonly.aof.1.incr.aof";
/** When the server of these tests believes it is, and moments before and after. */
const now = Date.UTC(2026, 0, 1);
const at = (ms: number) => String(now + ms);
const past = String(now - 1);

interface Row {
  /** Commands before, whose traces do not count. */
  readonly given?: readonly string[];
  readonly asked: string;
  /** Commands, or nothing. */
  readonly logged: readonly string[];
}

const rows: readonly Row[] = [
  // Strings and their deadlines
  { asked: "SET k v EX 10", logged: [`SET k v PXAT ${at(10_000)}`] },
  { asked: "SET k v PX 10", logged: [`SET k v PXAT ${at(10)}`] },
  { asked: `SET k v EXAT ${now / 1000 + 5}`, logged: [`SET k v PXAT ${at(5000)}`] },
  { asked: `SET k v PXAT ${at(7)}`, logged: [`SET k v PXAT ${at(7)}`] },
  { asked: "SETEX k 10 v", logged: [`SET k v PXAT ${at(10_000)}`] },
  { asked: "PSETEX k 10 v", logged: [`SET k v PXAT ${at(10)}`] },
  { given: ["SET k a"], asked: "SET k v GET", logged: ["SET k v"] },
  { given: ["SET k a"], asked: "GETEX k EX 10", logged: [`PEXPIREAT k ${at(10_000)}`] },
  { given: ["SET k a"], asked: `GETEX k PXAT ${past}`, logged: ["DEL k"] },
  { given: ["SET k a EX 100"], asked: "GETEX k PERSIST", logged: ["PERSIST k"] },
  { given: ["SET k a"], asked: "GETEX k", logged: [] },
  { given: ["SET k a"], asked: "GETDEL k", logged: ["DEL k"] },
  { given: ["SET k 1"], asked: "INCRBYFLOAT k 0.5", logged: ["SET k 1.5 KEEPTTL"] },
  { asked: "SETNX k v", logged: ["SETNX k v"] },
  { given: ["SET k v"], asked: "SETNX k v", logged: [] },
  // Deadlines of keys
  { given: ["SET k a"], asked: "EXPIRE k 10", logged: [`PEXPIREAT k ${at(10_000)}`] },
  { given: ["SET k a"], asked: "PEXPIRE k 10 NX", logged: [`PEXPIREAT k ${at(10)} NX`] },
  { given: ["SET k a"], asked: `EXPIREAT k ${now / 1000 + 5}`, logged: [`PEXPIREAT k ${at(5000)}`] },
  { given: ["SET k a"], asked: "EXPIRE k -1", logged: ["DEL k"] },
  { given: ["SET k a"], asked: `PEXPIREAT k ${past}`, logged: ["DEL k"] },
  // Hashes and sets
  { given: ["HSET h f 1"], asked: "HINCRBYFLOAT h f 0.5", logged: ["HSET h f 1.5"] },
  { given: ["HSET h f 1"], asked: "HEXPIRE h 10 FIELDS 1 f", logged: [`HPEXPIREAT h ${at(10_000)} FIELDS 1 f`] },
  { given: ["SADD s a"], asked: "SPOP s", logged: ["SREM s a"] },
  { given: ["SADD s a b"], asked: "SPOP s 5", logged: ["DEL s"] },
  // Lists and sorted sets
  { given: ["RPUSH l a b c"], asked: "LMPOP 2 none l LEFT COUNT 2", logged: ["LPOP l 2"] },
  { given: ["RPUSH l a b c"], asked: "BLMPOP 0 1 l RIGHT", logged: ["RPOP l 1"] },
  { given: ["RPUSH l a"], asked: "BLPOP l 0", logged: ["LPOP l"] },
  { given: ["RPUSH l a"], asked: "BRPOP l 0", logged: ["RPOP l"] },
  { given: ["RPUSH l a"], asked: "BRPOPLPUSH l m 0", logged: ["RPOPLPUSH l m"] },
  { given: ["RPUSH l a"], asked: "BLMOVE l m LEFT RIGHT 0", logged: ["LMOVE l m LEFT RIGHT"] },
  { given: ["ZADD z 1 a 2 b"], asked: "ZMPOP 1 z MAX COUNT 2", logged: ["ZPOPMAX z 2"] },
  { given: ["ZADD z 1 a 2 b"], asked: "BZMPOP 0 1 z MIN", logged: ["ZPOPMIN z 1"] },
  { given: ["ZADD z 1 a"], asked: "BZPOPMIN z 0", logged: ["ZPOPMIN z"] },
  { given: ["ZADD z 1 a"], asked: "BZPOPMAX z 0", logged: ["ZPOPMAX z"] },
  { given: ["RPUSH l 2 1"], asked: "SORT l STORE m", logged: ["SORT l STORE m"] },
  { given: ["SADD s a"], asked: "SUNIONSTORE t s", logged: ["SUNIONSTORE t s"] },
  { given: ["ZADD z 1 a"], asked: "ZUNIONSTORE y 1 z", logged: ["ZUNIONSTORE y 1 z"] },
  // Streams
  { asked: "XADD x * f v", logged: [`XADD x ${now}-0 f v`] },
  { asked: `XADD x ${now}-* f v`, logged: [`XADD x ${now}-0 f v`] },
  {
    given: ["XADD x 1-1 f v", "XADD x 2-1 f v"],
    asked: "XADD x MAXLEN ~ 100 3-1 f v",
    logged: ["XADD x MAXLEN = 3 3-1 f v"],
  },
  {
    given: ["XADD x 1-1 f v", "XGROUP CREATE x g 0", "XGROUP CREATECONSUMER x g c"],
    asked: "XREADGROUP GROUP g c STREAMS x >",
    logged: [`XCLAIM x g c 0 1-1 TIME ${now} RETRYCOUNT 1 FORCE JUSTID LASTID 1-1`],
  },
  // Keys of any type
  { given: ["SET k a"], asked: "COPY k l", logged: ["COPY k l"] },
  { given: ["SET k a"], asked: "RENAME k l", logged: ["RENAME k l"] },
  { given: ["SET k a"], asked: "MOVE k 1", logged: ["MOVE k 1"] },
  { asked: "SWAPDB 0 1", logged: ["SWAPDB 0 1"] },
  { asked: "FLUSHALL", logged: ["FLUSHALL"] },
  { asked: "FLUSHDB", logged: ["FLUSHDB"] },
  { asked: "PUBLISH channel message", logged: [] },
  { asked: "DEL missing", logged: [] },
  { given: ["SET k a PX 5"], asked: "@6 GET k", logged: ["DEL k"] },
  { given: ["SET k a PX 5"], asked: "@6 SET k b", logged: ["MULTI", "DEL k", "SET k b", "EXEC"] },
  { given: ["SET k a"], asked: "MULTI; SET k b; EXEC", logged: ["SET k b"] },
  { given: ["SET k a"], asked: "MULTI; SET k b; GET k; DEL k; EXEC", logged: ["MULTI", "SET k b", "DEL k", "EXEC"] },
];

/** What a row's command has left in the log. */
async function loggedFor({ given = [], asked }: Row): Promise<string[]> {
  const { peer, disk, world } = await serve({ appendonly: true, appendfsync: "always", hz: 1 });
  if (given.length > 0) peer.ask("SET first 1", ...given);
  else peer.ask("SET first 1");
  const before = disk.text(log).length;
  const wait = /^@(\d+) (.*)$/.exec(asked);
  if (wait !== null) world.clock.advance(Number(wait[1]));
  peer.ask(...(wait?.[2] ?? asked).split("; "));
  const bytes = Buffer.from(disk.text(log).slice(before), "latin1");
  const source = {
    path: log,
    size: () => bytes.length,
    read: (offset: number, length: number) => bytes.subarray(offset, offset + length),
  };
  const reader = new RecordReader(source, 0);
  const found: string[] = [];
  for (let record = reader.next(); record !== undefined; record = reader.next()) found.push(record.join(" "));
  return found;
}

describe("the log has of a command", () => {
  for (const row of rows) {
    const { given = [], asked, logged } = row;
    const behind = given.length === 0 ? "" : `, behind ${given.join(", ")}`;
    it(`${asked}${behind}: ${logged.length === 0 ? "nothing" : logged.join(", ")}`, async () => {
      expect(await loggedFor(row)).to.deep.equal(logged);
    });
  }

  it("RESTORE with a length of time: the moment", async () => {
    const { peer, disk, world, server } = await serve({ appendonly: true, appendfsync: "always" });
    peer.ask("SET k v");
    expect(world.clock.wallMs()).to.equal(now);
    const before = disk.text(log).length;
    const payload = dumpPayload("v", false);
    peer.write(`*4\r\n$7\r\nRESTORE\r\n$1\r\nl\r\n$5\r\n10000\r\n$${payload.length}\r\n${payload}\r\n`);
    expect(server.keyspace.db(0).deadline("l")).to.equal(now + 10_000);
    expect(disk.text(log).slice(before)).to.contain(at(10_000)).and.to.contain("ABSTTL");
  });
});
