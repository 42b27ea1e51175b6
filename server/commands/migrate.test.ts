import { expect } from "chai";
import type { Peer } from "../../tests/worlds/manual-world.ts";
import { request } from "../../tests/worlds/manual-world.ts";
import { type Served, serve } from "../../tests/worlds/served.ts";

const log = "/d/appendonlydir/appendonly.aof.1.incr.aof";

/** A server whose client has asked for a move, and the other server as it then stands. */
async function moving(...words: string[]): Promise<Served & { readonly other: Peer }> {
  const served = await serve({ appendonly: true, appendfsync: "always" });
  served.peer.ask("SET a 1", "SET b 2", "SET c 3");
  served.peer.write(request("MIGRATE", "there", "7000", ...words));
  await served.world.pass();
  return { ...served, other: served.world.dialled[0] as Peer };
}

describe("MIGRATE", () => {
  it("selects the database, restores there, deletes what was taken, and logs that as DEL", async () => {
    const { other, peer, disk } = await moving("", "9", "500", "REPLACE", "KEYS", "a", "missing", "c");
    expect(other.remote).to.equal("there:7000");
    const text = other.take();
    expect(text).to.match(/^\*2\r\n\$6\r\nSELECT\r\n\$1\r\n9\r\n\*5\r\n\$7\r\nRESTORE\r\n\$1\r\na\r\n\$1\r\n0\r\n/);
    expect(text.match(/RESTORE/g)).to.have.length(2);
    expect(peer.take()).to.equal("");
    other.write("+OK\r\n+OK\r\n+O");
    expect(peer.ask("EXISTS a b c"), "the client waits").to.equal("");
    other.write("K\r\n");
    expect(peer.take()).to.equal("+OK\r\n:1\r\n");
    expect(disk.text(log).endsWith(request("DEL", "a", "c"))).to.equal(true);
  });

  it("gives the time that is left, at least a millisecond, and none where the key stays for ever", async () => {
    const { world, peer } = await serve();
    peer.ask("SET a 1", "PEXPIRE a 1500", "SET b 2");
    world.clock.advance(500);
    peer.write(request("MIGRATE", "there", "7000", "", "0", "500", "KEYS", "a", "b"));
    await world.pass();
    const text = (world.dialled[0] as Peer).take();
    expect(text)
      .to.contain(request("RESTORE", "a", "1000").slice(4))
      .and.to.contain("$1\r\nb\r\n$1\r\n0\r\n");
  });

  it("with COPY leaves the keys where they are", async () => {
    const { other, peer, disk } = await moving("a", "0", "500", "COPY");
    const before = disk.text(log);
    other.write("+OK\r\n+OK\r\n");
    expect(peer.take()).to.equal("+OK\r\n");
    expect(peer.ask("EXISTS a")).to.equal(":1\r\n");
    expect(disk.text(log)).to.equal(before);
  });

  it("deletes only what was taken, and says what the other server said", async () => {
    const { other, peer, disk } = await moving("", "0", "500", "KEYS", "a", "b", "c");
    other.write("+OK\r\n+OK\r\n-BUSYKEY Target key name already exists.\r\n+OK\r\n");
    expect(peer.take()).to.equal(
      "-ERR Target instance replied with error: BUSYKEY Target key name already exists.\r\n",
    );
    expect(peer.ask("KEYS *")).to.equal("*1\r\n$1\r\nb\r\n");
    expect(disk.text(log).endsWith(request("DEL", "a", "c"))).to.equal(true);
  });

  it("deletes nothing where the password was wrong, whatever follows", async () => {
    const { other, peer } = await moving("a", "0", "500", "AUTH2", "ann", "secret");
    expect(other.take()).to.contain(request("AUTH", "ann", "secret"));
    other.write("-WRONGPASS no\r\n+OK\r\n+OK\r\n");
    expect(peer.take()).to.equal("-ERR Target instance replied with error: WRONGPASS no\r\n");
    expect(peer.ask("EXISTS a")).to.equal(":1\r\n");
  });

  it("postpones whatever writes until the other server has answered, and nothing that reads", async () => {
    const { other, peer, world } = await moving("a", "0", "500");
    const second = world.connect();
    expect(second.ask("GET a", "SET a changed")).to.equal("$1\r\n1\r\n");
    other.write("+OK\r\n+OK\r\n");
    expect(peer.take()).to.equal("+OK\r\n");
    expect(second.take()).to.equal("+OK\r\n");
    expect(peer.ask("GET a"), "written after the move").to.equal("$7\r\nchanged\r\n");
  });

  it("ends when the other server does not answer in time, closes, or is not there", async () => {
    const silent = await moving("a", "0", "500");
    await silent.world.pass(501);
    expect(silent.peer.take()).to.equal("-IOERR error or timeout reading to target instance\r\n");
    expect(silent.other.isClosed).to.equal(true);

    const gone = await moving("", "0", "500", "KEYS", "a", "b");
    gone.other.write("+OK\r\n+OK\r\n");
    gone.other.hangUp();
    expect(gone.peer.take()).to.equal("-IOERR error or timeout reading to target instance\r\n");
    expect(gone.peer.ask("EXISTS a b"), "what it took is gone").to.equal(":1\r\n");

    const { world, peer } = await serve();
    world.answersCalls = false;
    peer.write(request("SET", "a", "1") + request("MIGRATE", "there", "7000", "a", "0", "500"));
    await world.pass();
    expect(peer.take()).to.equal("+OK\r\n-IOERR error or timeout connecting to the client\r\n");
    expect(peer.ask("SET a 2"), "writes go on").to.equal("+OK\r\n");
  });

  it("keeps the connection for ten seconds, and makes a new one where the kept one was closed", async () => {
    const { other, peer, world, server } = await moving("a", "9", "500");
    other.take();
    other.write("+OK\r\n+OK\r\n");
    peer.take();
    expect(peer.ask("INFO stats")).to.contain("migrate_cached_sockets:1");
    peer.write(request("MIGRATE", "there", "7000", "b", "9", "500"));
    expect(other.take(), "the database is selected already").to.match(/^\*4\r\n\$7\r\nRESTORE\r\n\$1\r\nb\r\n/);
    // It closed before it read any of that.
    other.hangUp();
    await world.pass();
    const again = world.dialled[1] as Peer;
    expect(again.take()).to.contain("SELECT").and.to.contain("RESTORE");
    again.write("+OK\r\n+OK\r\n");
    expect(peer.take()).to.equal("+OK\r\n");
    expect(server.moves.keptConnections).to.equal(1);
    await world.pass(11_000);
    expect(server.moves.keptConnections).to.equal(0);
    expect(again.isClosed).to.equal(true);
  });

  it("goes on when its client does not wait for it: the keys are at the other server", async () => {
    const { other, peer, server } = await moving("a", "0", "500");
    peer.hangUp();
    other.write("+OK\r\n+OK\r\n");
    expect(server.keyspace.db(0).has("a")).to.equal(false);
    expect(server.pause.kind).to.equal(undefined);
  });

  it("refuses what makes no sense, and has nothing to do for keys that are not there", async () => {
    const { peer, world } = await serve();
    const ask = (...words: string[]) => {
      peer.write(request("MIGRATE", ...words));
      return peer.take();
    };
    expect(ask("there", "7000", "a", "0", "500")).to.equal("+NOKEY\r\n");
    expect(ask("there", "7000", "a", "0", "500", "KEYS", "b")).to.match(
      /^-ERR When using MIGRATE KEYS .* empty string/,
    );
    expect(ask("there", "7000", "a", "0", "500", "AUTH")).to.equal("-ERR syntax error\r\n");
    expect(ask("there", "7000", "a", "zero", "500")).to.match(/^-ERR value is not an integer/);
    expect(peer.ask("MULTI", "MIGRATE there 7000 a 0 500", "DISCARD")).to.contain("not allowed inside a transaction");
    expect(world.dialled).to.deep.equal([]);
  });

  it("shows no password, to MONITOR or in the slow log", async () => {
    const { peer, server, world } = await serve({ "slowlog-log-slower-than": 0 });
    const watcher = world.connect();
    watcher.ask("MONITOR");
    peer.write(request("MIGRATE", "there", "7000", "", "0", "500", "AUTH2", "ann", "secret", "KEYS", "auth", "x"));
    expect(watcher.take()).to.contain('"AUTH2" "(redacted)" "(redacted)" "KEYS" "auth" "x"');
    expect(JSON.stringify(server.slowLog.latest(9))).to.not.contain("secret");
  });
});
