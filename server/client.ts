/**
 * One connection: bytes in, requests to the server, replies out. What it owes its peer is collected during a turn and
 * sent at the end of it, after the log was flushed: an answer never leaves before what it answers for is written.
 *
 *     bytes → decoder → requests ──→ server
 *                          ╎ held back while the session waits, and while too many replies are unread
 *     peer ←──── unsent ←──┴─ replies
 */
import { startsAuthenticated } from "./authentication.ts";
import type { OutputClass } from "./config/special-directives.ts";
import { LATER, type Reply, ReplyError, Several, SILENCE } from "./resp/reply.ts";
import { encodeReply } from "./resp/reply-encoder.ts";
import { ProtocolError, RequestDecoder } from "./resp/request-decoder.ts";
import type { Server } from "./server.ts";
import { Session } from "./session.ts";
import type { Connection } from "./world/world.ts";

/**
 * Replies that its peer has not read before a client's requests are held back. Generous, because many clients write a
 * long pipeline before they read the first reply.
 */
const unreadBytesMax = 64 * 1024 * 1024;

/** CLIENT REPLY. `skip`: the next request is not answered, and then it is `on` again. */
export type ReplyMode = "on" | "off" | "skip";

export class Client {
  readonly id: number;
  readonly session: Session;
  readonly server: Server;
  readonly connection: Connection;
  readonly createdMs: number;
  name = "";
  replyMode: ReplyMode = "on";
  noEvict = false;
  lastActiveMs: number;
  private readonly decoder = new RequestDecoder();
  private unsent = "";
  /** The session waits: what arrives stays undecoded. */
  private waits = false;
  /** Too many replies are unread: nothing more is read or executed. */
  private heldBack = false;
  private closing = false;
  private closed = false;
  private softLimitExceededSinceMs: number | undefined;

  constructor(id: number, server: Server, connection: Connection) {
    this.id = id;
    this.server = server;
    this.connection = connection;
    this.session = new Session(server, "client", this);
    this.session.authenticated = startsAuthenticated(server);
    this.decoder.isStranger = !this.session.authenticated;
    this.createdMs = this.lastActiveMs = server.world.clock.monotonicMs();
    connection.onData((bytes) => this.receive(bytes));
    connection.onDrain(() => this.goOnAfterDrain());
    connection.onClosed(() => this.end());
  }

  /** Sent at the end of the turn. */
  answer(reply: Reply): void {
    if (reply === LATER || reply === SILENCE) return;
    const isSilenced = this.replyMode !== "on";
    if (this.replyMode === "skip") this.replyMode = "on";
    // What SUBSCRIBE answers are messages, and not silenced.
    if (!isSilenced || reply instanceof Several) this.push(reply);
  }

  /** For what is not an answer to a request: a message of a channel. Not held back by CLIENT REPLY. */
  push(reply: Reply): void {
    if (this.closed) return;
    if (this.unsent === "") this.server.turn.owesReplies(this);
    this.unsent += encodeReply(reply, this.session.protocol);
  }

  /** Called by the turn when the log has what the replies promise. */
  sendReplies(): void {
    if (this.closed) return;
    this.server.statistics.outputBytes += this.unsent.length;
    this.connection.send(this.unsent);
    this.unsent = "";
    if (this.closing) this.connection.end();
    else this.enforceOutputLimits();
  }

  /** The session's wait is over: executes what arrived meanwhile. */
  proceed(): void {
    this.waits = false;
    this.handleRequests();
  }

  /** Closes when the replies it has by now are sent. */
  closeAfterReplies(): void {
    this.closing = true;
    if (this.unsent === "") this.server.turn.owesReplies(this);
  }

  /** Closes now; what it has not sent is lost. */
  destroy(): void {
    if (this.closed) return;
    this.connection.destroy();
    this.end();
  }

  /** Replies that the peer has not taken yet. */
  unreadBytes(): number {
    return this.unsent.length + this.connection.unsentBytes();
  }

  /** Requests, or parts of one, that were not executed yet. */
  pendingBytes(): number {
    return this.decoder.pendingBytes;
  }

  /** A client that waits, or listens to channels, is not idle. */
  get mayTimeOut(): boolean {
    return !this.waits && this.session.subscriptionCount === 0;
  }

  get isClosing(): boolean {
    return this.closing;
  }

  /** It named the password: it may send requests of any size. */
  trust(): void {
    this.decoder.isStranger = false;
  }

  /** It runs on this machine. */
  get isLocal(): boolean {
    return isLocalAddress(this.connection.remote);
  }

  get outputClass(): OutputClass {
    return this.session.subscriptionCount > 0 ? "pubsub" : "normal";
  }

  /** After every send, and with the cron, because the soft limit is about time. */
  enforceOutputLimits(): void {
    const unread = this.unreadBytes();
    if (unread === 0) {
      this.softLimitExceededSinceMs = undefined;
      return;
    }
    const limit = this.server.config.get("client-output-buffer-limit")[this.outputClass];
    const nowMs = this.server.world.clock.monotonicMs();
    const overSoft = limit.softBytes > 0 && unread > limit.softBytes;
    this.softLimitExceededSinceMs = overSoft ? (this.softLimitExceededSinceMs ?? nowMs) : undefined;
    const softForMs = nowMs - (this.softLimitExceededSinceMs ?? nowMs);
    if ((limit.hardBytes > 0 && unread > limit.hardBytes) || softForMs > limit.softSeconds * 1000) {
      this.server.statistics.outputBufferLimitDisconnections++;
      this.server.log.warning(`Client ${this.connection.remote} closed for overcoming of output buffer limits.`);
      this.destroy();
    }
  }

  private receive(bytes: Uint8Array): void {
    if (this.closing || this.closed) return;
    this.lastActiveMs = this.server.world.clock.monotonicMs();
    this.server.statistics.inputBytes += bytes.length;
    this.decoder.maxBulkBytes = this.server.config.get("proto-max-bulk-len");
    this.decoder.feed(bytes as Buffer);
    this.handleRequests();
    if (this.decoder.pendingBytes > this.server.config.get("client-query-buffer-limit")) {
      this.server.statistics.queryBufferLimitDisconnections++;
      this.server.log.warning(`Closing client that reached max query buffer length: ${this.connection.remote}`);
      this.destroy();
    }
  }

  private handleRequests(): void {
    const { execution } = this.server;
    // Grows only when replies are sent, which is after all requests of the turn.
    const sentButUnread = this.connection.unsentBytes();
    try {
      while (!this.waits && !this.closing && !this.closed && !this.isHeldBack(sentButUnread)) {
        const args = this.decoder.next(this.session.db.table.slots);
        if (args === undefined) break;
        const reply = execution.execute(args, this.session);
        if (reply === LATER) this.waits = true;
        else this.answer(reply);
        this.server.tracking.deliver();
      }
      this.decoder.release();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.server.log.verbose(`Protocol error (${error.message}) from client ${this.connection.remote}`);
      this.push(new ReplyError(`ERR Protocol error: ${error.message}`));
      this.closing = true;
    }
  }

  private isHeldBack(sentButUnread: number): boolean {
    if (!this.heldBack && this.unsent.length + sentButUnread > unreadBytesMax) {
      this.heldBack = true;
      this.connection.pause();
    }
    return this.heldBack;
  }

  private goOnAfterDrain(): void {
    if (!this.heldBack || this.closed) return;
    this.heldBack = false;
    this.connection.resume();
    this.handleRequests();
  }

  private end(): void {
    if (this.closed) return;
    this.closed = true;
    this.server.forget(this);
  }
}

/** Of a unix socket, or a loopback address. */
export function isLocalAddress(remote: string): boolean {
  return /^(\/|127\.|\[?::1\]?:|\[?::ffff:127\.)/.test(remote);
}
