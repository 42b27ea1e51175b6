/** A Net is a Net: the real one and the simulated one carry the same between two servers. */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect } from "chai";
import { SimDisk } from "../../harness/sim/sim-disk.ts";
import { SimMachine } from "../../harness/sim/sim-world.ts";
import { realNet } from "../../server/world/real-net.ts";
import { type Address, ConnectError, type Connection, type Net } from "../../server/world/world.ts";

interface TwoServers {
  readonly address: Address;
  /** Of the one that listens, and of the one that connects. */
  readonly nets: readonly [Net, Net];
  /** Lets the world go on for a while. */
  goOn(): Promise<void>;
}

async function onRealNet(work: (servers: TwoServers) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(path.join(os.tmpdir(), "lossbound-test-"));
  const address = { path: path.join(dir, "socket"), permissions: 0 };
  try {
    await work({ address, nets: [realNet, realNet], goOn: async () => void (await nextTurn()) });
  } finally {
    rmSync(dir, { recursive: true });
  }
}

async function onSimulatedNet(work: (servers: TwoServers) => Promise<void>): Promise<void> {
  const machine: SimMachine = new SimMachine({ seed: "net", wallAtStartMs: 0 });
  machine.attach(SimDisk.with(new Map(), { time: machine.clock, kill: (strike) => machine.strike(strike) }));
  const [listening, connecting] = [machine.startProcess().world, machine.startProcess().world];
  const goOn = async () => {
    machine.clock.next();
    await nextTurn();
  };
  await work({ address: { host: "127.0.0.1", port: 6379 }, nets: [listening.net, connecting.net], goOn });
}

/** What one end has seen. */
class End {
  text = "";
  isClosed = false;
  readonly connection: Connection;

  constructor(connection: Connection) {
    this.connection = connection;
    connection.onData((bytes) => (this.text += Buffer.from(bytes).toString("latin1")));
    connection.onClosed(() => {
      this.isClosed = true;
    });
  }
}

describe("a net between two servers", function () {
  this.timeout(30_000);

  const until = async ({ goOn }: TwoServers, holds: () => boolean) => {
    while (!holds()) await goOn();
  };

  /** Both ends of a connection. */
  const connected = async (servers: TwoServers) => {
    const { address, nets, goOn } = servers;
    const accepted: End[] = [];
    const listener = await nets[0].listen(address, (connection) => accepted.push(new End(connection)));
    const made: End[] = [];
    const calling = nets[1].connect(address, 5000).then((connection) => made.push(new End(connection)));
    while (made.length === 0 || accepted.length === 0) await goOn();
    await calling;
    return { listener, here: accepted[0] as End, there: made[0] as End };
  };

  for (const [name, onNet] of Object.entries({ real: onRealNet, simulated: onSimulatedNet })) {
    it(`${name}: carries every byte both ways, in order, and keeps what comes while nobody reads`, () =>
      onNet(async (servers) => {
        const { here, there, listener } = await connected(servers);
        const bytes = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join("");
        there.connection.send(bytes);
        there.connection.send("end");
        here.connection.send(`${bytes}back`);
        await until(servers, () => here.text.length === 259 && there.text.length === 260);
        expect(here.text).to.equal(`${bytes}end`);
        expect(there.text).to.equal(`${bytes}back`);
        there.connection.pause();
        here.connection.send(" later");
        for (let turn = 0; turn < 20; turn++) await servers.goOn();
        expect(there.text).to.have.length(260);
        there.connection.resume();
        await until(servers, () => there.text.endsWith(" later"));
        listener.close();
        here.connection.destroy();
      }));

    it(`${name}: tells either end when the other one closes, behind what it had sent`, () =>
      onNet(async (servers) => {
        const first = await connected(servers);
        first.there.connection.send("last words");
        first.there.connection.end();
        await until(servers, () => first.here.isClosed && first.there.isClosed);
        expect(first.here.text).to.equal("last words");
        first.listener.close();
        const second = await connected(servers);
        second.here.connection.destroy();
        await until(servers, () => second.there.isClosed && second.here.isClosed);
        second.listener.close();
      }));

    it(`${name}: says that nobody is there`, () =>
      onNet(async (servers) => {
        let error: unknown;
        servers.nets[1].connect(servers.address, 5000).catch((caught: unknown) => {
          error = caught;
        });
        await until(servers, () => error !== undefined);
        expect(error).to.be.instanceOf(ConnectError);
        expect((error as ConnectError).code).to.equal(name === "real" ? "ENOENT" : "ECONNREFUSED");
      }));
  }
});
