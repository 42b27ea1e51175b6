/** The Net of the real world: TCP and unix sockets over node:net. */
import fs from "node:fs";
import net from "node:net";
import {
  type Address,
  ConnectError,
  type Connection,
  describeAddress,
  ListenError,
  type Listener,
  type Net,
} from "./world.ts";

export const realNet: Net = {
  listen(address, accept) {
    return new Promise((resolve, reject) => {
      const server = net.createServer({ noDelay: true }, (socket) => accept(new RealConnection(socket, address)));
      const fail = (error: NodeJS.ErrnoException) => {
        reject(new ListenError(error.code ?? error.message, describeAddress(address)));
      };
      server.once("error", fail);
      if ("path" in address) removeStaleSocket(address.path);
      server.listen(address, () => {
        server.off("error", fail);
        if ("path" in address && address.permissions > 0) fs.chmodSync(address.path, address.permissions);
        resolve({ address, close: () => void server.close() } satisfies Listener);
      });
    });
  },

  connect(address, timeoutMs) {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ ...address, noDelay: true });
      const fail = (code: string) => {
        clearTimeout(timer);
        socket.destroy();
        reject(new ConnectError(code, describeAddress(address)));
      };
      const failed = (error: NodeJS.ErrnoException) => fail(error.code ?? error.message);
      const timer = setTimeout(() => fail("ETIMEDOUT"), timeoutMs);
      socket.once("error", failed);
      socket.once("connect", () => {
        clearTimeout(timer);
        socket.off("error", failed);
        resolve(new RealConnection(socket, address));
      });
    });
  },
};

/** A process that was killed leaves its socket behind, and nobody could listen there any more. */
function removeStaleSocket(path: string): void {
  if (fs.statSync(path, { throwIfNoEntry: false })?.isSocket() === true) fs.unlinkSync(path);
}

class RealConnection implements Connection {
  readonly remote: string;
  readonly local: string;
  private readonly socket: net.Socket;

  constructor(socket: net.Socket, address: Address) {
    this.socket = socket;
    const isUnix = "path" in address;
    this.remote = isUnix ? `${address.path}:0` : join(socket.remoteAddress, socket.remotePort);
    this.local = isUnix ? `${address.path}:0` : join(socket.localAddress, socket.localPort);
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

/** IPv6 addresses in brackets, so that the last colon is the port's. */
function join(host = "", port = 0): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
