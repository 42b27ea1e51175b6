/**
 * The session: on whose behalf a command runs. Each connected client has one; the log's loader has one, whose commands
 * are not logged again, never wait and are answered to nobody; the server has one for what it does on its own account.
 */

import type { User } from "./acl/user.ts";
import type { Wait } from "./blocking.ts";
import type { Client } from "./client.ts";
import type { KnownCommand } from "./command-table.ts";
import type { Args } from "./commands/command.ts";
import type { Database } from "./keyspace/database.ts";
import { LATER, type Reply } from "./resp/reply.ts";
import type { Server } from "./server.ts";
import type { TrackingMode } from "./tracking.ts";

export type SessionRole = "client" | "log" | "server";

/** Commands queued between MULTI and EXEC. */
export interface Transaction {
  readonly queue: { readonly command: KnownCommand; readonly args: Args }[];
  /** A command could not be queued: EXEC will refuse. */
  broken: boolean;
}

export class Session {
  readonly server: Server;
  readonly role: SessionRole;
  /** The connection behind it; undefined for the log and the server. */
  readonly client: Client | undefined;
  db: Database;
  /** 2 or 3: which RESP the peer asked for with HELLO. */
  protocol: 2 | 3 = 2;
  authenticated = true;
  /** On whose rights it works; `default` until somebody logs in. */
  user: User;
  /** Open since MULTI; undefined outside. */
  transaction: Transaction | undefined;
  /** True while EXEC runs its queue: nothing waits now. */
  inExec = false;
  /** How many channels and patterns it is subscribed to. */
  subscriptionCount = 0;
  /** How it tracks keys; undefined: not at all. */
  tracking: TrackingMode | undefined;
  /** What the running command wants logged instead of itself; undefined: the request as received, if it changed data. */
  logged: readonly Args[] | undefined;
  /** The log's position behind its last command: what WAITAOF waits for. */
  logPosition = 0;
  /** The log's position behind its last command that changed something. */
  wrotePosition = 0;
  /** The request under way, or the last one. */
  request: Args = [];
  /** Its command. */
  runs: KnownCommand | undefined;

  constructor(server: Server, role: SessionRole, client?: Client) {
    this.server = server;
    this.role = role;
    this.client = client;
    this.user = server.users.default;
    this.db = server.keyspace.db(0);
  }

  /**
   * Logs exactly these requests for the running command, whether it counted changes or not; none at all: nothing.
   * Removals of expired keys that it met are logged before, in any case.
   */
  logAs(...requests: Args[]): void {
    this.logged = requests;
  }

  /** True: a command that waits answers at once as if its time were up. */
  get mustNotWait(): boolean {
    return this.role !== "client" || this.inExec;
  }

  /**
   * For a command that cannot answer yet: `return session.block({ … })`. The session waits, unless it must not.
   */
  block(wait: Wait): Reply {
    if (this.mustNotWait) return wait.timedOut();
    this.server.blocking.add(this, wait, this.request);
    return LATER;
  }
}
