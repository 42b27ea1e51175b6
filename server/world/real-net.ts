/** The Net of the real world: TCP and unix sockets over node:net. */
import net from "node:net";
import { type Address, type Connection, ListenError, type Listener, type Net } from "./world.ts";

export const realNet: Net = {
  listen(address, accept) {
    return new Promise((resolve, reject) => {
      const server = net.createServer({ noDelay: true }, (socket) => accept(new RealConnection(socket)));
      server.once("error", (error: NodeJS.ErrnoException) => {
        reject(new ListenError(error.code ?? error.message, describe(address)));
      });
      server.listen(address, () => resolve({ address, close: () => void server.close() } satisfies Listener));
    });
  },
};

function describe(address: Address): string {
  return "path" in address ? address.path : `${address.host}:${address.port}`;
}

class RealConnection implements Connection {
  readonly remote: string;
  readonly local: string;
  private readonly socket: net.Socket;

  constructor(socket: net.Socket) {
    this.socket = socket;
    this.remote = `${socket.remoteAddress ?? ""}:${socket.remotePort ?? 0}`;
    this.local = `${socket.localAddress ?? ""}:${socket.localPort ?? 0}`;
    // A reset by the peer is an ordinary end: "close" follows and tells the owner.
    socket.on("error", () => socket.destroy());
  }

  onData(run: (bytes: Uint8Array) => void): void {
    this.socket.on("data", run);
  }

  onClosed(run: () => void): void {
    this.socket.on("close", run);
  }

  onDrain(run: () => void): void {
    this.socket.on("drain", run);
  }

  send(bytes: string): void {
    if (this.socket.writable) this.socket.write(bytes, "latin1");
  }

  unsentBytes(): number {
    return this.socket.writableLength;
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  end(): void {
    // Not `end`: a peer that goes on sending and never reads would keep the connection.
    this.socket.destroySoon();
  }

  destroy(): void {
    this.socket.destroy();
  }
}
