/**
 * The session: on whose behalf a command runs. Each connected client has one, the log's loader has one (its commands
 * are not logged again and answered to nobody), and the server has one for what it does on its own account.
 */
import type { Args } from "./commands/command.ts";
import type { Database } from "./keyspace/keyspace.ts";
import type { Server } from "./server.ts";

export class Session {
  readonly server: Server;
  db: Database;
  /** 2 or 3: which RESP the peer asked for with HELLO. */
  protocol: 2 | 3 = 2;
  /** What the running command wants logged instead of itself; undefined: the request as received. */
  logged: Args[] | undefined;

  constructor(server: Server) {
    this.server = server;
    this.db = server.keyspace.db(0);
  }

  /** Logs these requests instead of the one received; none at all: nothing. */
  logAs(...requests: Args[]): void {
    this.logged = requests;
  }
}
