/**
 * Where the server listens: a port on some addresses, a unix socket, or both. CONFIG SET can move it: what stays is left
 * open, what is new is opened, and only when all of that succeeded is what is no longer wanted closed.
 */
import type { Config } from "./config/config.ts";
import type { ServerLog } from "./server-log.ts";
import { type Address, type Connection, ListenError, type Listener, type Net } from "./world/world.ts";

export class Listening {
  private readonly config: Config;
  private readonly net: Net;
  private readonly log: ServerLog;
  private readonly accept: (connection: Connection) => void;
  private listeners: Listener[] = [];

  constructor(config: Config, net: Net, log: ServerLog, accept: (connection: Connection) => void) {
    this.config = config;
    this.net = net;
    this.log = log;
    this.accept = accept;
  }

  get addresses(): readonly Address[] {
    return this.listeners.map(({ address }) => address);
  }

  /**
   * Listens where the configuration says, and nowhere else.
   * @throws ListenError; then everything is as it was.
   */
  async open(): Promise<void> {
    const kept: Listener[] = [];
    const opened: Listener[] = [];
    try {
      for (const { address, isOptional } of this.wanted()) {
        const same = this.listeners.find((listener) => describeAddress(listener.address) === describeAddress(address));
        if (same !== undefined) kept.push(same);
        else opened.push(...(await this.openOne(address, isOptional)));
      }
    } catch (error) {
      for (const listener of opened) listener.close();
      throw error;
    }
    for (const listener of this.listeners) if (!kept.includes(listener)) listener.close();
    this.listeners = [...kept, ...opened];
  }

  close(): void {
    for (const listener of this.listeners) listener.close();
    this.listeners = [];
  }

  /** Nothing, where an address that may be missing on this machine is missing. */
  private async openOne(address: Address, isOptional: boolean): Promise<Listener[]> {
    try {
      return [await this.net.listen(address, this.accept)];
    } catch (error) {
      const isMissing = error instanceof ListenError && /^(EADDRNOTAVAIL|EAFNOSUPPORT)$/.test(error.code);
      if (!isOptional || !isMissing) throw error;
      this.log.verbose(`Not listening: ${error.message}`);
      return [];
    }
  }

  private wanted(): { address: Address; isOptional: boolean }[] {
    const port = this.config.get("port");
    const path = this.config.get("unixsocket");
    const words = port === 0 ? [] : this.config.get("bind");
    const wanted: { address: Address; isOptional: boolean }[] = words.map((word) => {
      const isOptional = word.startsWith("-");
      const host = (isOptional ? word.slice(1) : word).replace(/^\*$/, "0.0.0.0").replace(/^::\*$/, "::");
      return { address: { host, port }, isOptional };
    });
    if (path !== "") {
      wanted.push({ address: { path, permissions: this.config.get("unixsocketperm") }, isOptional: false });
    }
    return wanted;
  }
}

/** `127.0.0.1:6379`, or the socket's path. */
export function describeAddress(address: Address): string {
  return "path" in address ? address.path : `${address.host}:${address.port}`;
}
