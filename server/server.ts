/**
 * The server: one turn after another. A turn is
 *
 *     read what arrived → execute → append to the log → end of turn: flush the log (write, sync) → send the replies
 *
 * so whatever a reply promises is in the log's file before the reply leaves. What a server is made of:
 *
 *     world ── the outside          config ── what it is told          parts ── what can be exchanged
 *        clients ─ sessions ─→ execution ─→ commands ─→ keyspace
 *                                  └─→ propagation ─→ persistence
 */
import { Blocking } from "./blocking.ts";
import { Channels } from "./channels.ts";
import { Client, isLocalAddress } from "./client.ts";
import { CommandTable } from "./command-table.ts";
import { commands } from "./commands/commands.ts";
import { Config } from "./config/config.ts";
import { encodingLimitsOf } from "./config/encoding-limits-of.ts";
import { Cron } from "./cron.ts";
import { Execution } from "./execution.ts";
import type { Database } from "./keyspace/database.ts";
import { Keyspace, type KeyspaceOwner } from "./keyspace/keyspace.ts";
import type { SlotTable } from "./keyspace/slot-table.ts";
import { CannotLoad } from "./loading.ts";
import { Notifications } from "./notifications.ts";
import { correctParts, type Parts } from "./parts.ts";
import { Pause } from "./pause.ts";
import type { Persistence } from "./persistence.ts";
import type { Propagation } from "./propagation.ts";
import { ReplyError } from "./resp/reply.ts";
import { encodeReply } from "./resp/reply-encoder.ts";
import { ServerLog } from "./server-log.ts";
import { Session } from "./session.ts";
import { Shutdown } from "./shutdown.ts";
import { Statistics } from "./statistics.ts";
import type { Turn } from "./turn.ts";
import type { EncodingLimits } from "./types/encoding-limits.ts";
import { lossboundVersion, redisVersion } from "./version.ts";
import { Watching } from "./watching.ts";
import { type Connection, ListenError, type Listener, type Random, type World } from "./world/world.ts";

export class Server {
  readonly world: World;
  readonly config: Config;
  readonly parts: Parts;
  readonly log: ServerLog;
  readonly statistics = new Statistics();
  readonly commands = new CommandTable(commands);
  readonly keyspace: Keyspace;
  /** Up to which size values keep their compact encodings. */
  readonly encodingLimits: EncodingLimits;
  readonly watching: Watching;
  readonly channels = new Channels();
  readonly notifications: Notifications;
  readonly execution: Execution;
  readonly blocking: Blocking;
  readonly pause: Pause;
  readonly persistence: Persistence;
  readonly propagation: Propagation;
  readonly turn: Turn;
  readonly cron: Cron;
  readonly shutdown: Shutdown;
  /** In the order in which they came. */
  readonly clients = new Map<number, Client>();
  /** Another one for every start: 40 hexadecimal digits. */
  readonly runId: string;
  /** For draws that clients see: RANDOMKEY, SPOP … */
  readonly random: Random;
  readonly startedMs: number;
  readonly startedMonotonicMs: number;
  /** True while recovery reads the data: most commands are refused. */
  loading = false;
  private readonly listeners: Listener[] = [];
  private nextClientId = 1;

  constructor(world: World, config = new Config(), parts: Parts = correctParts) {
    this.world = world;
    this.config = config;
    this.parts = parts;
    this.log = new ServerLog(world, config);
    this.keyspace = new Keyspace(this.keyspaceOwner(), config.get("databases"));
    this.encodingLimits = encodingLimitsOf(config);
    this.watching = new Watching(this.keyspace);
    this.notifications = new Notifications(this.channels, config);
    this.execution = new Execution(this);
    this.blocking = new Blocking(this);
    this.pause = new Pause(this);
    this.persistence = new parts.Persistence(this);
    this.propagation = new parts.Propagation(this.persistence);
    this.turn = new parts.Turn(this);
    this.cron = new Cron(this, new parts.ExpiryCycle(this.keyspace));
    this.shutdown = new Shutdown(this);
    this.random = world.random.fork("commands");
    const idSource = world.random.fork("run id");
    this.runId = Array.from({ length: 40 }, () => idSource.below(16).toString(16)).join("");
    this.startedMs = world.clock.wallMs();
    this.startedMonotonicMs = world.clock.monotonicMs();
    this.keyspace.nowMs = this.startedMs;
    config.whenSet("notify-keyspace-events", () => this.watchedOrNot());
    this.watchedOrNot();
  }

  /** Listens, loads what the folder holds, and serves. Rejects when it cannot be had; the text says why. */
  async start(): Promise<void> {
    const { pid } = this.world.process;
    this.log.warning(`lossbound-server ${lossboundVersion}, compatible with Redis ${redisVersion}, PID: ${pid}`);
    this.log.warning("Server initialized");
    await this.listen();
    this.world.process.onSignal((signal) => this.shutdown.received(signal));
    await this.load();
    this.cron.start();
    for (const { address } of this.listeners) {
      if ("path" in address) this.log.notice(`The server is now ready to accept connections at ${address.path}`);
    }
    if (this.listeners.some(({ address }) => "port" in address)) this.log.notice("Ready to accept connections");
  }

  /** For the log's loader, and for what the server does on its own account. */
  newSession(role: "log" | "server"): Session {
    return new Session(this, role);
  }

  forget(client: Client): void {
    this.clients.delete(client.id);
    this.blocking.forget(client.session);
    this.watching.forget(client.session);
    this.channels.forget(client.session);
    this.watchedOrNot();
  }

  /** What is only for whoever the configuration trusts: nobody, local clients, or everybody. */
  allows(directive: "enable-debug-command" | "enable-protected-configs", session: Session): boolean {
    const allowed = this.config.get(directive);
    return allowed === "yes" || (allowed === "local" && session.client?.isLocal === true);
  }

  /** CONFIG RESETSTAT. */
  resetStatistics(): void {
    this.statistics.reset();
    this.keyspace.hits = this.keyspace.misses = 0;
    for (const command of this.commands.all()) command.forgetStatistics();
  }

  /** Commands announce changes only while somebody wants to know. */
  watchedOrNot(): void {
    this.keyspace.observed = this.watching.count > 0 || this.notifications.areWanted;
  }

  closeListeners(): void {
    for (const listener of this.listeners) listener.close();
  }

  private async load(): Promise<void> {
    this.loading = true;
    try {
      await this.persistence.recover();
    } catch (error) {
      if (!(error instanceof CannotLoad)) throw error;
      this.log.warning(error.message);
      this.world.process.exit(1);
    }
    this.loading = false;
  }

  private async listen(): Promise<void> {
    const port = this.config.get("port");
    const path = this.config.get("unixsocket");
    if (port !== 0) {
      for (const word of this.config.get("bind")) await this.listenAt(word, port);
    }
    const accept = (connection: Connection) => this.accept(connection);
    if (path !== "") this.listeners.push(await this.world.net.listen({ path }, accept));
  }

  private async listenAt(word: string, port: number): Promise<void> {
    const isOptional = word.startsWith("-");
    const host = (isOptional ? word.slice(1) : word).replace(/^\*$/, "0.0.0.0").replace(/^::\*$/, "::");
    try {
      this.listeners.push(await this.world.net.listen({ host, port }, (connection) => this.accept(connection)));
    } catch (error) {
      const isMissing = error instanceof ListenError && /^(EADDRNOTAVAIL|EAFNOSUPPORT)$/.test(error.code);
      if (!isOptional || !isMissing) throw error;
      this.log.verbose(`Not listening: ${error.message}`);
    }
  }

  private accept(connection: Connection): void {
    const refusal = this.refusalOfStranger(connection);
    if (refusal !== undefined) {
      this.statistics.connectionsRejected++;
      connection.send(encodeReply(refusal, 2));
      connection.end();
      return;
    }
    this.statistics.connectionsReceived++;
    const client = new Client(this.nextClientId++, this, connection);
    this.clients.set(client.id, client);
  }

  private refusalOfStranger({ remote }: Connection): ReplyError | undefined {
    const { config } = this;
    if (this.clients.size >= config.get("maxclients")) return new ReplyError("ERR max number of clients reached");
    if (!config.get("protected-mode") || config.get("requirepass") !== "" || isLocalAddress(remote)) return undefined;
    return new ReplyError(
      "DENIED this server is in protected mode: without a password it talks to its own machine only. Set a password " +
        "with the directive requirepass, or, if this network may be trusted, set protected-mode to no",
    );
  }

  private keyspaceOwner(): KeyspaceOwner {
    return {
      expired: (db, key) => this.keyExpired(db, key),
      changed: (db, key) => this.watching.keyChanged(db, key),
      happened: (event, db, key) => this.notifications.announce(event, db, key),
      added: (db, key) => this.blocking.keyReady(db, key),
      replaced: (db, before, after) => this.keysReplaced(db, before, after),
    };
  }

  private keyExpired(db: Database, key: string): void {
    this.statistics.expiredKeys++;
    this.propagation.add(db.index, [this.config.get("lazyfree-lazy-expire") ? "UNLINK" : "DEL", key]);
    if (!this.keyspace.observed) return;
    this.notifications.announce("expired", db, key);
    this.watching.keyChanged(db, key);
  }

  private keysReplaced(db: Database, before: SlotTable, after: SlotTable): void {
    this.watching.keysReplaced(db, before, after);
    this.blocking.keysReplaced(db, after);
  }
}
