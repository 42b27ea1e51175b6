/**
 * The end of a turn: what is done when everything that had arrived was executed, and in which order.
 *
 *     read, execute … │ served clients go on │ log: write, and under "always" sync │ replies leave
 *
 * A reply is a promise, so it leaves last: when a client reads it, what it answers for is in the log's file, and under
 * `appendfsync always` on the platter. Every step is a method of its own, so that a store with a planted bug can take
 * them in another order.
 */
import type { Client } from "./client.ts";
import type { Server } from "./server.ts";

export class Turn {
  protected readonly server: Server;
  private requested = false;
  private owing: Client[] = [];

  constructor(server: Server) {
    this.server = server;
  }

  /** Sees to it that this turn has an end, when something other than a reply needs one. */
  request(): void {
    if (this.requested) return;
    this.requested = true;
    this.server.world.clock.endOfTurn(() => this.end());
  }

  /** This client has replies to be sent. */
  owesReplies(client: Client): void {
    this.owing.push(client);
    this.request();
  }

  /** Also called by the cron, whose work is a turn of its own. */
  end(): void {
    this.requested = false;
    this.server.execution.turnEnded();
    this.resumeClients();
    this.flushLog();
    this.server.tracking.turnEnded();
    this.sendReplies();
  }

  protected resumeClients(): void {
    this.server.blocking.resume();
  }

  protected flushLog(): void {
    this.server.persistence.flush();
  }

  protected sendReplies(): void {
    const { owing } = this;
    this.owing = [];
    for (const client of owing) {
      // Its turn comes again with the next one, of the clock at the latest.
      if (this.server.persistence.holdsBack(client.session)) this.owing.push(client);
      else client.sendReplies();
    }
  }
}
