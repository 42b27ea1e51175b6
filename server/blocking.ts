/**
 * Sessions that wait. A command that cannot answer yet gives `session.block(wait)` as its reply, and is tried again when
 * what it waits for may have come:
 *
 *     BLPOP jobs 5      on a key        tried again when the key comes into being with the right type
 *     XREAD BLOCK 0 …   on a key        tried again when the stream has more; XREADGROUP ends when it goes
 *     WAITAOF 1 0 100   on an event     tried again whenever the event is reported (a sync has ended)
 *
 * While a session waits, what its client sends stays undecoded. Who waited longest on a key is served first. Serving
 * happens right after the command that brought the key, so no other command comes between; the rest of what a served
 * client had sent follows at the end of the turn.
 */
import type { Database } from "./keyspace/database.ts";
import { LATER, type Reply, ReplyError } from "./resp/reply.ts";
import type { Server } from "./server.ts";
import type { Session } from "./session.ts";
import type { TypeName } from "./types/data-type.ts";
import { typeOf } from "./types/value.ts";
import type { Timer } from "./world/world.ts";

/** What is reported with `blocking.report(…)`. `never` comes from nowhere: only the timeout ends that wait. */
export type WaitEvent = "sync ended" | "pause ended" | "never";

export interface Wait {
  /** What may serve it. Of keys: one of them now exists and holds a value of `type`. */
  readonly on: { readonly keys: readonly string[]; readonly type: TypeName } | WaitEvent;
  /** 0: for ever. */
  readonly timeoutMs: number;
  /**
   * Tries again; undefined: not yet. Runs as the command itself would: it may change keys and call `logAs`. `key` is the
   * one that came into being; the empty string for an event.
   */
  retry(key: string): Reply | undefined;
  /** The answer when a key it waits on has gone, or holds another type now; not given: it waits on. */
  gone?(): Reply;
  /** The answer when time is up, and where a command must not wait (in a transaction, while loading). */
  timedOut(): Reply;
}

interface Waiting {
  readonly session: Session;
  readonly wait: Wait;
  readonly db: Database;
  /** The request, to be logged when serving it changed something. */
  readonly request: readonly string[];
  timer: Timer | undefined;
}

export class Blocking {
  private readonly server: Server;
  /** In the order in which they began to wait. */
  private readonly waiting = new Map<Session, Waiting>();
  /** Per database: who waits on a key, first come first. */
  private readonly byKey: Map<string, Set<Waiting>>[] = [];
  private ready: { readonly db: Database; readonly key: string }[] = [];
  private serving = false;
  private reported = new Set<WaitEvent>();
  /** Served, and not yet gone on with what their clients had sent meanwhile. */
  private resumable: Session[] = [];

  constructor(server: Server) {
    this.server = server;
  }

  get count(): number {
    return this.waiting.size;
  }

  /** Of those, how many wait for a limited time. */
  get timedCount(): number {
    return [...this.waiting.values()].filter(({ timer }) => timer !== undefined).length;
  }

  isWaiting(session: Session): boolean {
    return this.waiting.has(session);
  }

  /** Only `session.block` calls this. */
  add(session: Session, wait: Wait, request: readonly string[]): void {
    const waiting: Waiting = { session, wait, db: session.db, request, timer: undefined };
    this.waiting.set(session, waiting);
    if (wait.timeoutMs > 0) {
      waiting.timer = this.server.world.clock.after(wait.timeoutMs, () => this.end(waiting, wait.timedOut()));
    }
    if (typeof wait.on === "string") return;
    for (const key of wait.on.keys) {
      const keys = this.keysOf(waiting.db);
      const queue = keys.get(key);
      if (queue === undefined) keys.set(key, new Set([waiting]));
      else queue.add(waiting);
    }
    this.server.keyspace.awaited = true;
  }

  /** Ends a wait from outside, as CLIENT UNBLOCK does. False when the session does not wait, or only for a pause's end. */
  cancel(session: Session, how: "timeout" | "error"): boolean {
    const waiting = this.waiting.get(session);
    if (waiting === undefined || waiting.wait.on === "pause ended") return false;
    if (how === "timeout") this.end(waiting, waiting.wait.timedOut());
    else this.conclude(waiting, new ReplyError("UNBLOCKED client unblocked via CLIENT UNBLOCK"));
    return true;
  }

  /** Ends a wait with an answer that came from elsewhere. */
  answer(session: Session, reply: Reply): void {
    const waiting = this.waiting.get(session);
    if (waiting !== undefined) this.end(waiting, reply);
  }

  /** The session's client is gone. */
  forget(session: Session): void {
    const waiting = this.waiting.get(session);
    if (waiting !== undefined) this.remove(waiting);
    this.resumable = this.resumable.filter((other) => other !== session);
  }

  /**
   * A key came into being, got what those who wait on it may be waiting for, or went. They are served by `serveReady`,
   * from what the key holds by then.
   */
  keyReady(db: Database, key: string): void {
    if (this.byKey[db.index]?.has(key)) this.ready.push({ db, key });
  }

  /** All keys of a database were removed, or exchanged for others. */
  keysReplaced(db: Database): void {
    for (const key of this.byKey[db.index]?.keys() ?? []) this.ready.push({ db, key });
  }

  /** After every outermost command: serves whom the keys suffice for. Serving may bring further keys (BLMOVE). */
  serveReady(): void {
    if (this.ready.length === 0 || this.serving) return;
    this.serving = true;
    for (let next = this.ready.shift(); next !== undefined; next = this.ready.shift()) this.serve(next.db, next.key);
    this.serving = false;
  }

  /** Something happened that sessions may wait for. They are tried again at the end of the turn. */
  report(event: WaitEvent): void {
    this.reported.add(event);
    this.server.turn.request();
  }

  /** At the end of a turn: tries those again who wait on what was reported; who was served goes on with its requests. */
  resume(): void {
    while (this.reported.size > 0 || this.resumable.length > 0) {
      const { reported, resumable } = this;
      this.reported = new Set();
      this.resumable = [];
      for (const waiting of [...this.waiting.values()]) {
        const { on } = waiting.wait;
        // One retry may end another's wait, as a postponed CLIENT KILL does.
        const isStill = this.waiting.get(waiting.session) === waiting;
        if (isStill && typeof on === "string" && reported.has(on)) this.retry(waiting, "");
      }
      for (const session of resumable) session.client?.proceed();
    }
  }

  private serve(db: Database, key: string): void {
    for (const waiting of [...(this.byKey[db.index]?.get(key) ?? [])]) {
      if (this.waiting.get(waiting.session) !== waiting || typeof waiting.wait.on === "string") continue;
      // Looked at without removing it, should it have expired: between two commands nothing is logged.
      const value = db.isPast(key) ? undefined : db.peek(key);
      if (value !== undefined && typeOf(value) === waiting.wait.on.type) this.retry(waiting, key);
      else if (waiting.wait.gone !== undefined) this.conclude(waiting, waiting.wait.gone());
    }
  }

  private retry(waiting: Waiting, key: string): void {
    const { session, wait } = waiting;
    if (wait.on === "pause ended") {
      // Taken out first: the postponed command runs as if it came now, and may begin a wait of its own.
      this.remove(waiting);
      this.end(waiting, wait.retry("") ?? LATER);
      return;
    }
    const reply = this.server.execution.serve(session, waiting.request, () => wait.retry(key));
    if (reply !== undefined) this.conclude(waiting, reply);
  }

  /** Ends a wait with an answer of its own, which is counted if it is an error. */
  private conclude(waiting: Waiting, reply: Reply): void {
    if (reply instanceof ReplyError) {
      this.server.statistics.countError(reply);
      if (waiting.session.runs !== undefined) waiting.session.runs.failedCalls++;
    }
    this.end(waiting, reply);
  }

  private end(waiting: Waiting, reply: Reply): void {
    this.remove(waiting);
    waiting.session.client?.answer(reply);
    if (this.waiting.has(waiting.session)) return;
    this.resumable.push(waiting.session);
    this.server.turn.request();
  }

  private remove(waiting: Waiting): void {
    if (this.waiting.get(waiting.session) === waiting) this.waiting.delete(waiting.session);
    waiting.timer?.cancel();
    if (typeof waiting.wait.on === "string") return;
    const keys = this.keysOf(waiting.db);
    for (const key of waiting.wait.on.keys) {
      const queue = keys.get(key);
      queue?.delete(waiting);
      if (queue?.size === 0) keys.delete(key);
    }
    this.server.keyspace.awaited = this.byKey.some((queues) => queues.size > 0);
  }

  private keysOf(db: Database): Map<string, Set<Waiting>> {
    for (let index = this.byKey.length; index <= db.index; index++) this.byKey.push(new Map());
    return this.byKey[db.index] as Map<string, Set<Waiting>>;
  }
}
