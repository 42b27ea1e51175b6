import { expect } from "chai";
import { type Served, serve } from "../tests/worlds/served.ts";
import type { Settings } from "./config/config.ts";

/** Two clients with a cache each, and one that writes. */
async function served(settings: Partial<Settings> = {}) {
  const given: Served = await serve(settings);
  const reader = given.world.connect();
  const writer = given.world.connect();
  reader.ask("HELLO 3");
  return { ...given, reader, writer };
}

const bulk = (...words: string[]) => words.map((word) => `$${word.length}\r\n${word}\r\n`).join("");
const invalidate = (...keys: string[]) => `>2\r\n${bulk("invalidate")}*${keys.length}\r\n${bulk(...keys)}`;

describe("CLIENT TRACKING", () => {
  it("tells a client once that what it read was changed, and of nothing else", async () => {
    const { reader, writer } = await served();
    reader.ask("CLIENT TRACKING ON", "GET a", "HGET h f");
    writer.ask("SET a 1", "SET b 1", "SET a 2", "HSET h f v");
    expect(reader.take()).to.equal(invalidate("a") + invalidate("h"));
    writer.ask("SET a 3");
    expect(reader.take()).to.equal("");
  });

  it("tells nothing to whoever does not track, or does no longer", async () => {
    const { reader, writer, server } = await served();
    reader.ask("GET a", "CLIENT TRACKING ON", "GET b", "CLIENT TRACKING OFF");
    writer.ask("SET a 1", "SET b 1");
    expect(reader.take()).to.equal("");
    expect(server.keyspace.observed).to.equal(false);
    expect(server.tracking.keyCount).to.equal(0);
  });

  it("a message stands behind the reply of the command that made it necessary, and outside of a transaction's", async () => {
    const { reader } = await served();
    reader.ask("CLIENT TRACKING ON", "SET a 1", "GET a");
    expect(reader.ask("INCR a", "PING")).to.equal(`:2\r\n${invalidate("a")}+PONG\r\n`);
    reader.ask("GET a", "MULTI", "INCR a", "PING");
    expect(reader.ask("EXEC")).to.equal(`*2\r\n:3\r\n+PONG\r\n${invalidate("a")}`);
  });

  it("a key that is evicted is told of before the reply to what it made room for", async () => {
    const { reader, server } = await served({ "maxmemory-policy": "allkeys-lru" });
    reader.ask("CLIENT TRACKING ON", "SET a 1", "GET a");
    server.config.set("maxmemory", 1);
    expect(reader.ask("PING")).to.equal(`${invalidate("a")}+PONG\r\n`);
  });

  it("keys and fields that expire are told of", async () => {
    const { reader, writer, world } = await served();
    writer.ask("SET a 1 PX 50", "HSET h f v", "HPEXPIRE h 50 FIELDS 1 f");
    reader.ask("CLIENT TRACKING ON", "GET a", "HGETALL h");
    await world.pass(300);
    expect(reader.take()).to.equal(invalidate("a") + invalidate("h"));
  });

  it("all keys removed is one message, however many databases", async () => {
    const { reader, writer } = await served();
    writer.ask("SET a 1", "SELECT 2", "SET a 1");
    reader.ask("CLIENT TRACKING ON", "GET a");
    writer.ask("FLUSHALL");
    expect(reader.take()).to.equal(`>2\r\n${bulk("invalidate")}_\r\n`);
    reader.ask("GET a");
    writer.ask("SWAPDB 0 2");
    expect(reader.take()).to.equal("");
  });

  it("NOLOOP: a client is not told of what it changes itself, but of what goes without it", async () => {
    const { reader, writer, world } = await served();
    reader.ask("CLIENT TRACKING ON NOLOOP", "SET a 1 PX 50", "GET a", "GET b");
    expect(reader.ask("SET b 1")).to.equal("+OK\r\n");
    await world.pass(300);
    expect(reader.take()).to.equal(invalidate("a"));
    reader.ask("GET b");
    writer.ask("SET b 2");
    expect(reader.take()).to.equal(invalidate("b"));
  });

  it("OPTIN notes what the command behind CLIENT CACHING YES reads, a whole transaction included, and no more", async () => {
    const { reader, writer } = await served();
    reader.ask("CLIENT TRACKING ON OPTIN", "GET a", "CLIENT CACHING YES", "GET b", "GET c");
    writer.ask("MSET a 1 b 1 c 1");
    expect(reader.take()).to.equal(invalidate("b"));
    reader.ask("CLIENT CACHING YES", "MULTI", "GET a", "GET b", "EXEC", "GET c");
    writer.ask("MSET a 2 b 2 c 2");
    expect(reader.take()).to.equal(invalidate("a") + invalidate("b"));
  });

  it("OPTOUT leaves out what the command behind CLIENT CACHING NO reads", async () => {
    const { reader, writer } = await served();
    reader.ask("CLIENT TRACKING ON OPTOUT", "CLIENT CACHING NO", "GET a", "GET b");
    writer.ask("MSET a 1 b 1");
    expect(reader.take()).to.equal(invalidate("b"));
  });

  it("BCAST: tells of all changes below the prefixes, a message for each prefix and turn", async () => {
    const { reader, writer, server } = await served();
    reader.ask("CLIENT TRACKING ON BCAST PREFIX user: PREFIX item:", "CLIENT TRACKING ON BCAST PREFIX more:");
    writer.ask("SET user:1 1", "SET item:1 1", "SET user:2 1", "SET other 1", "SET user:1 2", "SET more:1 1");
    expect(reader.take()).to.equal(invalidate("user:1", "user:2") + invalidate("item:1") + invalidate("more:1"));
    expect(server.tracking.prefixCount).to.equal(3);
    reader.hangUp();
    expect(server.tracking.prefixCount).to.equal(0);
  });

  it("BCAST with NOLOOP leaves out what the client changed itself last", async () => {
    const { reader, writer } = await served();
    reader.ask("CLIENT TRACKING ON BCAST NOLOOP");
    expect(reader.ask("SET a 1")).to.equal("+OK\r\n");
    writer.ask("SET b 1");
    expect(reader.take()).to.equal(invalidate("b"));
  });

  it("REDIRECT: another connection is told, on a channel where it speaks RESP2", async () => {
    const { peer, writer, world } = await served();
    const other = world.connect();
    const id = /:(\d+)/.exec(other.ask("CLIENT ID"))?.[1];
    peer.ask(`CLIENT TRACKING ON REDIRECT ${id}`, "GET a");
    writer.ask("SET a 1");
    expect(other.take(), "it has not subscribed yet").to.equal("");
    other.ask("SUBSCRIBE __redis__:invalidate");
    peer.ask("GET a");
    writer.ask("SET a 2");
    expect(other.take()).to.equal(`*3\r\n${bulk("message", "__redis__:invalidate")}*1\r\n${bulk("a")}`);
    expect(peer.ask("CLIENT GETREDIR")).to.equal(`:${id}\r\n`);
  });

  it("a client whose redirection has gone is told so", async () => {
    const { reader, writer, world } = await served();
    const other = world.connect();
    other.closesLate = true;
    const id = /:(\d+)/.exec(other.ask("CLIENT ID"))?.[1];
    reader.ask(`CLIENT TRACKING ON REDIRECT ${id}`, "GET a");
    other.ask("QUIT");
    writer.ask("SET a 1");
    expect(reader.take()).to.equal(`>2\r\n${bulk("tracking-redir-broken")}:${id}\r\n`);
    expect(reader.ask("CLIENT TRACKINGINFO")).to.contain("broken_redirect");
    expect(reader.ask("CLIENT LIST")).to.match(/flags=tR .*redir=/);
  });

  it("a client that waited is answered first, and then told", async () => {
    const { reader, writer } = await served();
    reader.ask("CLIENT TRACKING ON", "LRANGE to 0 -1", "BLMOVE from to LEFT LEFT 0");
    writer.ask("RPUSH from x");
    expect(reader.take()).to.equal(bulk("x") + invalidate("to"));
  });

  it("lets keys go beyond tracking-table-max-keys, and tells of them", async () => {
    const { reader, server, world } = await served();
    reader.ask("CLIENT TRACKING ON", "GET a", "GET b", "GET c");
    server.config.set("tracking-table-max-keys", 1);
    await world.pass(200);
    expect(reader.take()).to.equal(invalidate("a") + invalidate("b"));
    expect(server.tracking.keyCount).to.equal(1);
  });

  it("is over with RESET", async () => {
    const { reader, server } = await served();
    reader.ask("CLIENT TRACKING ON BCAST", "RESET");
    expect(server.tracking.count).to.equal(0);
    expect(reader.ask("CLIENT GETREDIR")).to.equal(":-1\r\n");
  });

  it("refuses what contradicts itself, or how the client tracks", async () => {
    const { peer } = await served();
    const refusals: readonly (readonly [string, RegExp])[] = [
      ["CLIENT TRACKING ON PREFIX a", /PREFIX option requires BCAST/],
      ["CLIENT TRACKING ON REDIRECT 999", /does not exist/],
      ["CLIENT TRACKING ON OPTIN OPTOUT", /can't specify both/],
      ["CLIENT TRACKING ON BCAST OPTIN", /not compatible with BCAST/],
      [
        "CLIENT TRACKING ON BCAST PREFIX FOOBAR PREFIX FOO",
        /Prefix 'FOOBAR' overlaps with another provided prefix 'FOO'/,
      ],
      ["CLIENT TRACKING perhaps", /syntax error/],
      ["CLIENT CACHING YES", /only when the client is in tracking mode/],
    ];
    for (const [line, words] of refusals) expect(peer.ask(line)).to.match(words);
    peer.ask("CLIENT TRACKING ON OPTIN");
    expect(peer.ask("CLIENT TRACKING ON BCAST")).to.match(/can't switch BCAST mode/);
    expect(peer.ask("CLIENT TRACKING ON OPTOUT")).to.match(/can't switch OPTIN\/OPTOUT/);
    expect(peer.ask("CLIENT CACHING NO")).to.match(/only valid when tracking is enabled in OPTOUT/);
    peer.ask("CLIENT TRACKING OFF", "CLIENT TRACKING ON BCAST PREFIX FOO");
    expect(peer.ask("CLIENT TRACKING ON BCAST PREFIX FO")).to.match(/'FO' overlaps with an existing prefix 'FOO'/);
  });
});
