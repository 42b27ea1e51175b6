/**
 * The memory limit: `maxmemory`, and what is held against it. A JavaScript engine does not tell what a value takes, and its
 * process hardly ever gets smaller, so the limit is about what can be reckoned: what keys and values take (see
 * types/memory-size.ts), and what clients have sent that was not executed and have not read yet. The process itself is
 * larger by the engine, by garbage, and by what the system rounds up.
 */
import type { Client } from "./client.ts";
import { dataSizeBytes } from "./keyspace/data-size.ts";
import { ReplyError } from "./resp/reply.ts";
import type { Server } from "./server.ts";

export const outOfMemory = new ReplyError("OOM command not allowed when used memory > 'maxmemory'.");

/** A client that neither sends nor is sent anything. */
const idleClientBytes = 2048;

export class MemoryLimit {
  private readonly server: Server;
  /** As reckoned in this turn. */
  private clientsBytes: number | undefined;

  constructor(server: Server) {
    this.server = server;
  }

  get isSet(): boolean {
    return this.server.keyspace.weighs;
  }

  /** INFO's used_memory. */
  usedBytes(): number {
    return dataSizeBytes(this.server.keyspace) + this.clientBytes();
  }

  clientBytes(): number {
    this.clientsBytes ??= sumOfClients(this.server.clients.values());
    return this.clientsBytes;
  }

  get isExceeded(): boolean {
    return this.isSet && this.usedBytes() > this.server.config.get("maxmemory");
  }

  /** At the start, and when the limit is another one: every change of a key is weighed while there is one. */
  weighOrNot(): void {
    this.server.keyspace.weighs = this.server.config.get("maxmemory") > 0;
  }

  /** Clients are looked at once a turn. */
  turnEnded(): void {
    this.clientsBytes = undefined;
  }
}

function sumOfClients(clients: Iterable<Client>): number {
  let sumBytes = 0;
  for (const client of clients) sumBytes += idleClientBytes + client.unreadBytes() + client.pendingBytes();
  return sumBytes;
}
