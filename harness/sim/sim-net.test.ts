import { expect } from "chai";
import { SimDisk } from "./sim-disk.ts";
import { SimMachine } from "./sim-world.ts";

/** What a server hears, in its order: of two clients that send in turns, all at one moment. */
async function heard(seed: string): Promise<string[]> {
  const machine: SimMachine = new SimMachine({ seed, wallAtStartMs: 0 });
  machine.attach(SimDisk.with(new Map(), { time: machine.clock }));
  const { world } = machine.startProcess();
  const order: string[] = [];
  await world.net.listen({ host: "127.0.0.1", port: 1 }, (connection) => {
    connection.onData((bytes) =>
      order.push(
        ...Buffer.from(bytes)
          .toString("latin1")
          .split(" ")
          .filter((word) => word !== ""),
      ),
    );
  });
  const clients = [machine.net.connect(), machine.net.connect()];
  for (let count = 0; count < 6; count++) {
    for (const [index, client] of clients.entries()) client?.send(`${index}.${count} `);
  }
  while (machine.clock.next());
  return order;
}

describe("a simulated network", () => {
  it("lets pieces of different connections overtake each other, and never those of one", async () => {
    const orders = await Promise.all(Array.from({ length: 20 }, (_, index) => heard(`seed ${index}`)));
    for (const order of orders) {
      expect(order).to.have.length(12);
      for (const client of ["0.", "1."]) {
        const own = order.filter((word) => word.startsWith(client));
        expect(own).to.deep.equal([...own].sort());
      }
    }
    expect(new Set(orders.map((order) => order.join(" "))).size).to.be.greaterThan(1);
  });

  it("delivers in the same order for the same seed", async () => {
    expect(await heard("again")).to.deep.equal(await heard("again"));
  });
});
