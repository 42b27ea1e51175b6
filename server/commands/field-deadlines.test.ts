import { expect } from "chai";
import { type Served, serve } from "../../tests/worlds/served.ts";
import { formatRecord } from "../aof/record-buffer.ts";
import type { HashValue } from "../types/hash.ts";

const incr = "/d/appendonlydir/appendonly.aof.1.incr.aof";
const dump = "/d/dump.rdb";

async function withLog(): Promise<Served> {
  const served = await serve({ appendonly: true });
  await served.world.pass();
  return served;
}

/** What the log holds, a line a command, but for SELECT. */
async function logged({ disk, world }: Served): Promise<string[]> {
  await world.pass();
  const records = disk.text(incr).split(/\*\d+\r\n/);
  const words = (record: string) => [...record.matchAll(/\$\d+\r\n([^\r]*)\r\n/g)].map(([, word]) => word);
  return records.map((record) => words(record).join(" ")).filter((line) => line !== "" && !line.startsWith("SELECT"));
}

const integers = (...values: number[]): string =>
  `*${values.length}\r\n${values.map((value) => `:${value}\r\n`).join("")}`;

describe("fields of a hash that expire", () => {
  it("are answered for one by one, with the conditions of EXPIRE", async () => {
    const { peer } = await serve();
    peer.ask("HSET h a 1 b 2 c 3");
    expect(peer.ask("HEXPIRE h 100 FIELDS 3 a b none")).to.equal(integers(1, 1, -2));
    expect(peer.ask("HEXPIRE h 50 NX FIELDS 2 a c")).to.equal(integers(0, 1));
    expect(peer.ask("HEXPIRE h 200 GT FIELDS 2 a c")).to.equal(integers(1, 1));
    expect(peer.ask("HEXPIRE h 300 LT FIELDS 1 a")).to.equal(integers(0));
    expect(peer.ask("HTTL h FIELDS 4 a b c none")).to.equal(integers(200, 100, 200, -2));
    expect(peer.ask("HPERSIST h FIELDS 3 a a none")).to.equal(integers(1, -1, -2));
    expect(peer.ask("HPTTL h FIELDS 1 a")).to.equal(integers(-1));
    expect(peer.ask("HEXPIRE h 0 FIELDS 1 a", "HLEN h")).to.equal(`${integers(2)}:2\r\n`);
    expect(peer.ask("HEXPIRE none 10 FIELDS 2 a b", "HTTL none FIELDS 1 a")).to.equal(integers(-2, -2) + integers(-2));
    expect(peer.ask("OBJECT ENCODING h")).to.equal("$10\r\nlistpackex\r\n");
  });

  it("are refused where the request makes no sense", async () => {
    const { peer } = await serve();
    peer.ask("HSET h a 1", "SET s v");
    expect(peer.ask("HEXPIRE h 10 FIELDS 2 a")).to.match(/^-ERR The `numfields` parameter must match/);
    expect(peer.ask("HEXPIRE h 10 FIELDS 0 a")).to.match(/^-ERR Parameter `numFields` should be greater than 0/);
    expect(peer.ask("HEXPIRE h 10 SOON FIELDS 1 a")).to.match(/^-ERR Mandatory argument FIELDS is missing/);
    expect(peer.ask("HEXPIRE h -1 FIELDS 1 a")).to.match(/^-ERR invalid expire time, must be >= 0/);
    expect(peer.ask("HPEXPIREAT h 99999999999999999 FIELDS 1 a")).to.match(/^-ERR invalid expire time in 'hpexpireat'/);
    expect(peer.ask("HEXPIRE s 10 FIELDS 1 a")).to.match(/^-WRONGTYPE/);
  });

  it("are gone when their time has come, for every reader, and the hash with the last of them", async () => {
    const served = await withLog();
    const { peer, world } = served;
    peer.ask("HSET h a 1 b 2", "HPEXPIRE h 100 FIELDS 1 a");
    await world.pass(101);
    expect(peer.ask("HGET h a", "HLEN h", "HEXISTS h a")).to.equal("$-1\r\n:1\r\n:0\r\n");
    peer.ask("HPEXPIRE h 100 FIELDS 1 b");
    await world.pass(101);
    expect(peer.ask("EXISTS h", "DBSIZE", "TYPE h")).to.equal(":0\r\n:0\r\n+none\r\n");
    expect((await logged(served)).filter((line) => line.startsWith("HDEL"))).to.deep.equal(["HDEL h a", "HDEL h b"]);
  });

  it("are found by the expiry cycle when nobody asks for them", async () => {
    const served = await withLog();
    const { peer, world, server } = served;
    peer.ask("HSET h a 1 b 2", "HPEXPIRE h 50 FIELDS 1 a", "HSET gone a 1", "HPEXPIRE gone 50 FIELDS 1 a");
    await world.pass(300);
    expect(server.keyspace.db(0).size).to.equal(1);
    expect(server.statistics.expiredFields).to.equal(2);
    expect((await logged(served)).filter((line) => line.startsWith("HDEL"))).to.have.members([
      "HDEL h a",
      "HDEL gone a",
    ]);
  });

  it("stay, hidden, while clients are paused: the data must not change then", async () => {
    const { peer, world, server } = await serve();
    const other = world.connect();
    peer.ask("HSET h a 1 b 2", "HPEXPIRE h 50 FIELDS 1 a", "HSET gone a 1", "HPEXPIRE gone 50 FIELDS 1 a");
    other.ask("CLIENT PAUSE 1000 WRITE");
    await world.pass(200);
    expect(peer.ask("HGET h a", "HLEN h", "EXISTS gone")).to.equal("$-1\r\n:1\r\n:0\r\n");
    expect(server.keyspace.db(0).size).to.equal(2);
    await world.pass(1000);
    expect(server.keyspace.db(0).size).to.equal(1);
  });

  it("are logged by their date, and those at once past as their removal", async () => {
    const served = await withLog();
    const { peer, server } = served;
    peer.ask("HSET h a 1 b 2 c 3");
    peer.ask("HEXPIRE h 100 NX FIELDS 2 a none");
    const deadlineMs = server.keyspace.nowMs + 100_000;
    peer.ask("HEXPIREAT h 1 FIELDS 1 b", "HINCRBYFLOAT h a 0.5", "HPERSIST h FIELDS 1 a", "HPERSIST h FIELDS 1 a");
    expect(await logged(served)).to.deep.equal([
      "HSET h a 1 b 2 c 3",
      `HPEXPIREAT h ${deadlineMs} FIELDS 1 a`,
      "HDEL h b",
      "MULTI",
      "HSET h a 1.5",
      `HPEXPIREAT h ${deadlineMs} FIELDS 1 a`,
      "EXEC",
      "HPERSIST h FIELDS 1 a",
    ]);
  });

  it("keep their deadline when they are counted up, copied, renamed or dumped, and lose it when they are set", async () => {
    const { peer } = await serve();
    peer.ask("HSET h n 1 o 1", "HEXPIRE h 100 FIELDS 2 n o", "HINCRBY h n 2", "HINCRBYFLOAT h n 2", "HSET h o 2");
    expect(peer.ask("HTTL h FIELDS 2 n o")).to.equal(integers(100, -1));
    peer.ask("COPY h copied", "RENAME h renamed");
    expect(peer.ask("HTTL copied FIELDS 1 n", "HTTL renamed FIELDS 1 n")).to.equal(integers(100) + integers(100));
  });

  it("come back from the log, from either form of base, and from a snapshot of version 12", async () => {
    const of = async (settings: Parameters<typeof serve>[0], ...requests: string[]) => {
      const before = await serve(settings);
      await before.world.pass();
      before.peer.ask("HSET h a 1 b 2", "HPEXPIREAT h 4102444800000 FIELDS 1 a", ...requests);
      await before.world.pass(1000);
      const after = await serve(settings, before.disk.killed());
      return {
        text: after.peer.ask("HPEXPIRETIME h FIELDS 2 a b", "HGET h a"),
        disk: before.disk,
        log: before.world.lines,
      };
    };
    const expected = `${integers(4_102_444_800_000, -1)}$1\r\n1\r\n`;
    expect((await of({ appendonly: true })).text).to.equal(expected);
    expect((await of({ appendonly: true }, "BGREWRITEAOF")).text).to.equal(expected);
    const resp = await of({ appendonly: true, "aof-use-rdb-preamble": false }, "BGREWRITEAOF");
    expect(resp.text).to.equal(expected);
    const { text, disk, log } = await of({}, "SAVE");
    expect(text).to.equal(expected);
    expect(disk.text(dump).slice(0, 9)).to.equal("REDIS0012");
    expect(log.join("\n")).to.include("RDB version 12 is written, for fields of hashes expire");
    expect((await of({}, "HPERSIST h FIELDS 1 a", "SAVE")).disk.text(dump).slice(0, 9)).to.equal("REDIS0010");
  });

  it("stay while a log is replayed, as it was written with them in place", async () => {
    const before = await withLog();
    before.peer.ask("HSET h a 1 b 2");
    await before.world.pass();
    const file = before.disk.open(incr, "append");
    for (const request of [
      ["HPEXPIREAT", "h", "1000", "FIELDS", "1", "a"],
      ["HINCRBY", "h", "a", "5"],
    ]) {
      file.append(Buffer.from(formatRecord(request), "latin1"));
    }
    const { peer, server } = await serve({ appendonly: true }, before.disk.killed());
    const { table } = server.keyspace.db(0);
    expect([...(table.values[table.slots.get("h") as number] as HashValue).entries()]).to.deep.equal([
      ["a", "6"],
      ["b", "2"],
    ]);
    expect(peer.ask("HGET h a", "HLEN h")).to.equal("$-1\r\n:1\r\n");
  });

  it("are told of, to who listens to keys", async () => {
    const { peer, world } = await serve({ "notify-keyspace-events": "KEA" });
    const listener = world.connect();
    listener.ask("PSUBSCRIBE __keyevent*");
    peer.ask("HSET h a 1 b 2", "HPEXPIRE h 50 FIELDS 1 a", "HEXPIRE h 9 FIELDS 1 b", "HPERSIST h FIELDS 1 b");
    await world.pass(200);
    peer.ask("HEXPIRE h 0 FIELDS 1 b");
    await world.pass();
    const events = [...listener.take().matchAll(/__keyevent@0__:(\w+)/g)].map(([, event]) => event);
    expect(events).to.deep.equal(["hset", "hexpire", "hexpire", "hpersist", "hexpired", "hdel", "del"]);
  });

  it("break a transaction whose key is watched", async () => {
    const { peer, world } = await serve();
    peer.ask("HSET h a 1 b 2", "HPEXPIRE h 50 FIELDS 1 a", "WATCH h");
    await world.pass(200);
    expect(peer.ask("MULTI", "HLEN h", "EXEC")).to.match(/\*-1\r\n$/);
  });
});
