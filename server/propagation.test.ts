import { expect } from "chai";
import { ManualWorld } from "../tests/worlds/manual-world.ts";
import type { Args } from "./commands/command.ts";
import { correctParts } from "./parts.ts";
import { Persistence } from "./persistence.ts";
import { Server } from "./server.ts";

/** Keeps the log in memory, a line an entry, with its database in front. */
class LoggedInMemory extends Persistence {
  readonly entries: string[] = [];

  override get wanted(): boolean {
    return true;
  }

  override append(dbIndex: number, request: Args): void {
    this.entries.push(`${dbIndex} ${request.join(" ")}`);
  }
}

async function loggedServer() {
  const world = new ManualWorld();
  const server = new Server(world, undefined, { ...correctParts, Persistence: LoggedInMemory });
  await server.start();
  const { entries } = server.persistence as LoggedInMemory;
  return { world, server, peer: world.connect(), taken: () => entries.splice(0) };
}

describe("propagation", () => {
  it("logs a write as it was received, and a read not at all", async () => {
    const { peer, taken } = await loggedServer();
    peer.ask("SET a 1", "GET a");
    expect(taken()).to.deep.equal(["0 SET a 1"]);
  });

  it("logs a transaction of several writes as one unit, and of one write as that write alone", async () => {
    const { peer, taken } = await loggedServer();
    peer.ask("MULTI", "SET a 1", "GET a", "EXEC");
    expect(taken()).to.deep.equal(["0 SET a 1"]);
    peer.ask("MULTI", "SET a 1", "SELECT 3", "SET b 2", "EXEC");
    expect(taken()).to.deep.equal(["0 MULTI", "0 SET a 1", "3 SET b 2", "3 EXEC"]);
  });

  it("logs the removal of an expired key before the command that met it", async () => {
    const { world, server, peer, taken } = await loggedServer();
    const { clock } = world;
    server.keyspace.db(0).add("a", "old", clock.wallMs() + 10);
    server.keyspace.db(0).add("b", "old", clock.wallMs() + 10);
    clock.block(50);
    peer.ask("GET a");
    expect(taken()).to.deep.equal(["0 DEL a"]);
    peer.ask("SET b new");
    expect(taken()).to.deep.equal(["0 MULTI", "0 DEL b", "0 SET b new", "0 EXEC"]);
  });

  it("logs what the expiry cycle removes entry by entry", async () => {
    const { world, server, taken } = await loggedServer();
    for (const key of ["a", "b"]) server.keyspace.db(2).add(key, "old", world.clock.wallMs() + 10);
    world.clock.advance(200);
    expect(taken()).to.deep.equal(["2 DEL a", "2 DEL b"]);
  });
});
