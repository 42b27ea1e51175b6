/**
 * CLIENT TRACKING: clients with a cache of their own are told when what they hold is no longer true.
 *
 *     client 3      GET a ───────→ noted in the table: 3 read a
 *     client 8      SET a 2 ─────→ 3 read a: owed to 3
 *                   +OK
 *     client 3  ←── invalidate a        behind the reply to the command that changed it, never inside of a transaction's
 *
 * Clients may also name prefixes and are told of all changes below them, once a turn (broadcasts.ts). While nobody tracks,
 * a request costs one look at a field of its session.
 */
import { Broadcasts } from "./broadcasts.ts";
import type { Client } from "./client.ts";
import type { KnownCommand } from "./command-table.ts";
import type { Args } from "./commands/command.ts";
import { keysOf } from "./commands/command-keys.ts";
import { PushReply, type Reply, ReplyError } from "./resp/reply.ts";
import type { Server } from "./server.ts";
import type { Session } from "./session.ts";
import { TrackingTable } from "./tracking-table.ts";

/** RESP2 has no messages beside replies: a client of it is told on this channel, by way of another connection. */
const channel = "__redis__:invalidate";

/** How a client tracks. */
export interface TrackingMode {
  /** By prefixes, and not by what it reads. */
  readonly broadcast: boolean;
  readonly prefixes: readonly string[];
  /** What it reads is noted only after CLIENT CACHING YES, or only without CLIENT CACHING NO before. */
  readonly opt: "in" | "out" | undefined;
  /** It knows what it changes itself. */
  readonly noLoop: boolean;
  /** The client that is told instead; 0: it is told itself. */
  readonly redirect: number;
  /** CLIENT CACHING was called, for the command that comes next. */
  caching: boolean;
  /** The one that is to be told instead has gone. */
  isBroken: boolean;
}

interface Owed {
  readonly session: Session;
  /** Null: all of them. */
  readonly keys: readonly string[] | null;
}

export class Tracking {
  private readonly server: Server;
  private readonly table = new TrackingTable();
  private readonly broadcasts = new Broadcasts();
  private readonly sessions = new Set<Session>();
  private owed: Owed[] = [];
  private isFlushOwed = false;
  /** How often in a row there were too many keys: the more often, the more are let go at a time. */
  private excesses = 0;

  constructor(server: Server) {
    this.server = server;
  }

  /** How many clients track. */
  get count(): number {
    return this.sessions.size;
  }

  get keyCount(): number {
    return this.table.keyCount;
  }

  get itemCount(): number {
    return this.table.itemCount;
  }

  get prefixCount(): number {
    return this.broadcasts.prefixCount;
  }

  begin(session: Session, mode: TrackingMode): void {
    for (const prefix of mode.prefixes) this.broadcasts.listen(session, prefix);
    session.tracking = mode;
    this.sessions.add(session);
    this.server.watchedOrNot();
  }

  /** CLIENT TRACKING OFF, RESET, the client's end. What it read stays noted until it changes: it is told of nothing. */
  end(session: Session): void {
    if (session.tracking === undefined) return;
    for (const prefix of session.tracking.prefixes) this.broadcasts.forget(session, prefix);
    session.tracking = undefined;
    this.sessions.delete(session);
    if (this.sessions.size === 0) this.table.clear();
    this.server.watchedOrNot();
  }

  /** A command of a client that tracks has run; `depth` is 0 unless it is one of a transaction. */
  commandRan(command: KnownCommand, args: Args, session: Session, reply: Reply, depth: number): void {
    const { tracking: mode, client } = session;
    if (mode === undefined) return;
    const isWanted = mode.opt === undefined || (mode.opt === "in") === mode.caching;
    const hasRead = command.reads && !(reply instanceof ReplyError);
    if (hasRead && isWanted && !mode.broadcast && client !== undefined) {
      for (const key of keysOf(command.command, args)) this.table.remember(key, client.id);
    }
    // Of a transaction all commands are meant, and EXEC is the last of them.
    if (depth === 0 && session.transaction === undefined && !command.name.startsWith("client|")) mode.caching = false;
  }

  /** `writer`: whose command changed it; undefined: nobody's, it is gone by itself. */
  keyChanged(key: string, writer: Session | undefined): void {
    if (this.sessions.size === 0) return;
    if (this.broadcasts.keyChanged(key, writer)) this.server.turn.request();
    for (const id of this.table.take(key)) {
      const session = this.server.clients.get(id)?.session;
      const mode = session?.tracking;
      if (session === undefined || mode === undefined || mode.broadcast) continue;
      if (!(mode.noLoop && session === writer)) this.owe(session, [key]);
    }
  }

  /** All keys of a database were removed. */
  flushed(): void {
    if (this.sessions.size === 0 || this.isFlushOwed) return;
    this.isFlushOwed = true;
    for (const session of this.sessions) this.owe(session, null);
    this.table.clear();
  }

  /** More keys are noted than `tracking-table-max-keys` allows: some are let go, as if they had changed. */
  limit(): void {
    const keysMax = this.server.config.get("tracking-table-max-keys");
    if (this.sessions.size === 0 || keysMax === 0) return;
    const isExceeded = () => this.table.keyCount > keysMax;
    if (!isExceeded()) {
      this.excesses = 0;
      return;
    }
    this.excesses++;
    for (let left = 100 * this.excesses; left > 0 && isExceeded(); left--) {
      const key = this.table.oldest() as string;
      for (const id of this.table.take(key)) {
        const session = this.server.clients.get(id)?.session;
        if (session?.tracking?.broadcast === false) this.owe(session, [key]);
      }
    }
    this.deliver();
  }

  /** To be called behind a reply: what is owed may leave. */
  deliver(): void {
    if (this.owed.length === 0) return;
    const { owed } = this;
    this.owed = [];
    this.isFlushOwed = false;
    for (const { session, keys } of owed) this.tell(session, keys);
  }

  /** At the end of a turn: what is still owed, and what was changed below prefixes. */
  turnEnded(): void {
    if (this.sessions.size === 0) return;
    this.deliver();
    this.broadcasts.take((session, changed) => {
      const isOwn = (writer: Session | undefined) => session.tracking?.noLoop === true && writer === session;
      const keys = [...changed].filter(([, writer]) => !isOwn(writer)).map(([key]) => key);
      if (keys.length > 0) this.tell(session, keys);
    });
  }

  /** One that has said goodbye is gone, also while its connection is being closed. */
  clientOf(id: number): Client | undefined {
    const client = this.server.clients.get(id);
    return client?.isClosing === true ? undefined : client;
  }

  private owe(session: Session, keys: readonly string[] | null): void {
    this.owed.push({ session, keys });
    this.server.turn.request();
  }

  private tell(session: Session, keys: readonly string[] | null): void {
    const { tracking: mode, client } = session;
    if (mode === undefined || client === undefined) return;
    if (mode.redirect === 0) {
      if (session.protocol === 3) client.push(new PushReply(["invalidate", keys]));
      return;
    }
    const other = this.clientOf(mode.redirect);
    if (other !== undefined) {
      tellInstead(other, keys);
      return;
    }
    mode.isBroken = true;
    if (session.protocol === 3) client.push(new PushReply(["tracking-redir-broken", mode.redirect]));
  }
}

function tellInstead(client: Client, keys: Reply): void {
  if (client.session.protocol === 3) client.push(new PushReply(["invalidate", keys]));
  else if (client.session.subscriptionCount > 0) client.push(new PushReply(["message", channel, keys]));
}
