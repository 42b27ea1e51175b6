import { expect } from "chai";
import { ManualWorld, type Peer } from "../tests/worlds/manual-world.ts";
import { KnownCommand } from "./command-table.ts";
import type { Command } from "./commands/command.ts";
import { NIL_ARRAY } from "./resp/reply.ts";
import { Server } from "./server.ts";
import type { Session } from "./session.ts";

/** TAKE key timeoutMs: waits for a string and takes it away. What BLPOP is for lists. */
const take: Command = {
  name: "take",
  arity: 3,
  flags: new Set(["write", "blocking"]),
  group: "string",
  run(args, session) {
    const key = args[1] as string;
    const attempt = () => {
      const value = session.db.get(key);
      if (value === undefined) return undefined;
      session.db.delete(key);
      session.db.changed(key, "del");
      return String(value);
    };
    return (
      attempt() ??
      session.block({
        on: { keys: [key], type: "string" },
        timeoutMs: Number(args[2]),
        retry: attempt,
        timedOut: () => NIL_ARRAY,
      })
    );
  },
};

async function serverWithTake() {
  const world = new ManualWorld();
  const server = new Server(world);
  await server.start();
  server.commands.add(new KnownCommand(take));
  return { world, server };
}

describe("a session that waits", () => {
  it("is served when its key comes into being, who waited longest first", async () => {
    const { world } = await serverWithTake();
    const [first, second, giver] = [world.connect(), world.connect(), world.connect()] as [Peer, Peer, Peer];
    expect(first.ask("TAKE a 0")).to.equal("");
    expect(second.ask("TAKE a 0")).to.equal("");
    giver.ask("SET a 1");
    expect(first.take()).to.equal("$1\r\n1\r\n");
    expect(second.take()).to.equal("");
    giver.ask("SET a 2");
    expect(second.take()).to.equal("$1\r\n2\r\n");
  });

  it("has no further request executed before it is served", async () => {
    const { world } = await serverWithTake();
    const [taker, giver] = [world.connect(), world.connect()] as [Peer, Peer];
    expect(taker.ask("TAKE a 0", "SET b done")).to.equal("");
    expect(giver.ask("GET b")).to.equal("$-1\r\n");
    giver.ask("SET a 1");
    expect(taker.take()).to.equal("$1\r\n1\r\n+OK\r\n");
    expect(giver.ask("GET b")).to.equal("$4\r\ndone\r\n");
  });

  it("gives up when its time is over", async () => {
    const { world, server } = await serverWithTake();
    const taker = world.connect();
    taker.ask("TAKE a 300");
    world.clock.advance(299);
    expect(taker.take()).to.equal("");
    world.clock.advance(1);
    expect(taker.take()).to.equal("*-1\r\n");
    expect(server.blocking.count).to.equal(0);
    expect(taker.ask("PING")).to.equal("+PONG\r\n");
  });

  it("takes nothing after its client is gone", async () => {
    const { world, server } = await serverWithTake();
    const [taker, giver] = [world.connect(), world.connect()] as [Peer, Peer];
    taker.ask("TAKE a 0");
    taker.hangUp();
    expect(server.blocking.count).to.equal(0);
    giver.ask("SET a 1");
    expect(giver.ask("GET a")).to.equal("$1\r\n1\r\n");
  });

  it("does not wait inside a transaction, nor when a log is replayed", async () => {
    const { world, server } = await serverWithTake();
    expect(world.connect().ask("MULTI", "TAKE a 0", "EXEC")).to.contain("*1\r\n*-1\r\n");
    const replay = server.newSession("log") satisfies Session;
    expect(server.execution.replay(["TAKE", "a", "0"], replay)).to.equal(NIL_ARRAY);
    expect(server.blocking.count).to.equal(0);
  });

  it("is tried again when the event that it waits for is reported, and answered before the turn's replies leave", async () => {
    const { world, server } = await serverWithTake();
    let synced = false;
    const waitSync: Command = {
      ...take,
      name: "waitsync",
      arity: 1,
      run: (_args, session) =>
        session.block({
          on: "sync ended",
          timeoutMs: 0,
          retry: () => (synced ? 1 : undefined),
          timedOut: () => 0,
        }),
    };
    server.commands.add(new KnownCommand(waitSync));
    const peer = world.connect();
    peer.ask("WAITSYNC");
    server.blocking.report("sync ended");
    world.clock.settle();
    expect(peer.take()).to.equal("");
    synced = true;
    server.blocking.report("sync ended");
    world.clock.settle();
    expect(peer.take()).to.equal(":1\r\n");
  });
});
