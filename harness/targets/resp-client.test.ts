import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";
import { expect } from "chai";
import { Redis } from "ioredis";
import { connectTo, type Endpoint } from "./resp-client.ts";

/** A store that counts the requests it was sent and breaks off the connection before it answers the first INCR. */
class StoreThatDiesOnce {
  readonly increments: number[] = [];
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  constructor() {
    this.server = createServer((socket) => {
      this.sockets.add(socket);
      const connection = this.sockets.size;
      socket.on("error", () => socket.destroy());
      socket.on("data", (bytes) => {
        for (const [name] of bytes.toString("latin1").matchAll(/(?<=\r\n)(incr|info|hello|client|ping)(?=\r\n)/gi)) {
          if (name.toLowerCase() !== "incr") {
            socket.write("+OK\r\n");
          } else {
            this.increments.push(connection);
            if (connection === 1) socket.destroy();
            else socket.write(":1\r\n");
          }
        }
      });
    });
  }

  async listen(): Promise<Endpoint & { port: number }> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return { host: "127.0.0.1", port: (this.server.address() as AddressInfo).port };
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}

describe("a connection that an oracle can believe", () => {
  let store: StoreThatDiesOnce;
  beforeEach(() => {
    store = new StoreThatDiesOnce();
  });
  afterEach(() => store.close());

  it("sends an INCR that a crash left unanswered once, and rejects it", async () => {
    const client = await connectTo(await store.listen());
    const outcome = await client.send(["INCR", "n"]).then(
      () => "answered",
      () => "rejected",
    );
    await client.closed;
    // Longer than the library's first wait before it would connect again.
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(outcome).to.equal("rejected");
    expect(store.increments).to.deep.equal([1]);
  });

  it("is needed: with the library's defaults the same INCR is sent again, and looks answered", async () => {
    const endpoint = await store.listen();
    const redis = new Redis({ ...endpoint, protocol: 2, enableReadyCheck: false, disableClientInfo: true });
    try {
      expect(await redis.incr("n")).to.equal(1);
      expect(store.increments).to.deep.equal([1, 2]);
    } finally {
      redis.disconnect();
    }
  });

  it("refuses what is sent after the connection ended, instead of keeping it for later", async () => {
    const client = await connectTo(await store.listen());
    client.close();
    await client.closed;
    const outcome = await client.send(["INCR", "n"]).then(
      () => "answered",
      () => "rejected",
    );
    expect(outcome).to.equal("rejected");
    expect(store.increments).to.deep.equal([]);
  });

  it("says that nobody listens", async () => {
    const endpoint = await store.listen();
    store.close();
    const outcome = await connectTo(endpoint).then(
      () => "connected",
      (error: NodeJS.ErrnoException) => error.code,
    );
    expect(outcome).to.equal("ECONNREFUSED");
  });
});
