/**
 * One connection: bytes in, requests to the server, replies out. What it owes its peer is collected during a turn and
 * sent at the end of it, after the log was flushed: an answer never leaves before what it answers for is written.
 */

import { type Reply, ReplyError } from "./resp/reply.ts";
import { encodeReply } from "./resp/reply-encoder.ts";
import { ProtocolError, RequestDecoder } from "./resp/request-decoder.ts";
import type { Server } from "./server.ts";
import { Session } from "./session.ts";
import type { Connection } from "./world/world.ts";

export class Client {
  readonly id: number;
  readonly session: Session;
  readonly connection: Connection;
  private readonly server: Server;
  private readonly decoder = new RequestDecoder();
  private unsent = "";
  private closing = false;

  constructor(id: number, server: Server, connection: Connection) {
    this.id = id;
    this.server = server;
    this.connection = connection;
    this.session = new Session(server);
    connection.onData((bytes) => this.receive(bytes));
    connection.onClosed(() => this.server.forget(this));
  }

  answer(reply: Reply): void {
    if (this.unsent === "") this.server.owesReplies(this);
    this.unsent += encodeReply(reply, this.session.protocol);
  }

  /** Called by the server at the end of a turn, when the log has what the replies promise. */
  sendReplies(): void {
    this.connection.send(this.unsent);
    this.unsent = "";
    if (this.closing) this.connection.end();
  }

  private receive(bytes: Uint8Array): void {
    if (this.closing) return;
    this.decoder.feed(bytes as Buffer);
    try {
      for (let args = this.decoder.next(); args !== undefined; args = this.decoder.next()) {
        this.answer(this.server.execute(args, this.session));
      }
      this.decoder.release();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.answer(new ReplyError(`ERR Protocol error: ${error.message}`));
      this.closing = true;
    }
  }
}
