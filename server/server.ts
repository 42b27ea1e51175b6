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
import path from "node:path";
import { Users } from "./acl/users.ts";
import { Blocking } from "./blocking.ts";
import { Channels } from "./channels.ts";
import { Client, isLocalAddress } from "./client.ts";
import { CommandTable } from "./command-table.ts";
import { commands } from "./commands/commands.ts";
import { Config } from "./config/config.ts";
import { encodingLimitsOf } from "./config/encoding-limits-of.ts";
import { Cron } from "./cron.ts";
import { Eviction } from "./eviction.ts";
import { Execution } from "./execution.ts";
import type { Database } from "./keyspace/database.ts";
import { Keyspace, type KeyspaceOwner } from "./keyspace/keyspace.ts";
import type { SlotTable } from "./keyspace/slot-table.ts";
import { LatencyMonitor } from "./latency-monitor.ts";
import { Listening } from "./listening.ts";
import { CannotLoad } from "./loading.ts";
import { MemoryLimit } from "./memory-limit.ts";
import { Monitors } from "./monitors.ts";
import { Moves } from "./moves.ts";
import { Notifications } from "./notifications.ts";
import { correctParts, type Parts } from "./parts.ts";
import { Pause } from "./pause.ts";
import type { Persistence } from "./persistence.ts";
import { showTitle } from "./process-title.ts";
import type { Propagation } from "./propagation.ts";
import { ReplyError } from "./resp/reply.ts";
import { encodeReply } from "./resp/reply-encoder.ts";
import { ServerLog } from "./server-log.ts";
import { Session } from "./session.ts";
import { Shutdown } from "./shutdown.ts";
import { SlowLog } from "./slow-log.ts";
import { Statistics } from "./statistics.ts";
import { Tracking } from "./tracking.ts";
import type { Turn } from "./turn.ts";
import type { EncodingLimits } from "./types/encoding-limits.ts";
import { inBatches } from "./types/rebuild.ts";
import { lossboundVersion, redisVersion } from "./version.ts";
import { Watching } from "./watching.ts";
import { removeIfThere, writeFully, writeTemp } from "./world/replace-file.ts";
import { type Connection, DiskError, ListenError, type Random, type World } from "./world/world.ts";

export class Server {
  readonly world: World;
  readonly config: Config;
  readonly parts: Parts;
  readonly log: ServerLog;
  readonly statistics = new Statistics();
  readonly commands = new CommandTable(commands);
  readonly users: Users;
  readonly keyspace: Keyspace;
  /** Up to which size values keep their compact encodings. */
  readonly encodingLimits: EncodingLimits;
  readonly watching: Watching;
  readonly tracking: Tracking;
  readonly channels = new Channels();
  readonly monitors = new Monitors();
  readonly notifications: Notifications;
  readonly slowLog: SlowLog;
  readonly latencyMonitor = new LatencyMonitor();
  readonly execution: Execution;
  readonly blocking: Blocking;
  readonly pause: Pause;
  readonly moves: Moves;
  readonly memoryLimit: MemoryLimit;
  readonly eviction: Eviction;
  readonly persistence: Persistence;
  readonly propagation: Propagation;
  readonly turn: Turn;
  readonly cron: Cron;
  readonly listening: Listening;
  readonly shutdown: Shutdown;
  /** In the order in which they came. */
  readonly clients = new Map<number, Client>();
  /** For draws that clients see: RANDOMKEY, SPOP … */
  readonly random: Random;
  readonly startedMs: number;
  readonly startedMonotonicMs: number;
  /** True while recovery reads the data: most commands are refused. */
  loading = false;
  /** DEBUG SET-SKIP-CHECKSUM-VALIDATION: what is damaged shall be read for the damage's sake. */
  skipsChecksums = false;
  private nextClientId = 1;
  private knownRunId: string | undefined;

  constructor(world: World, config = new Config(), parts: Parts = correctParts) {
    this.world = world;
    this.config = config;
    this.parts = parts;
    this.log = new ServerLog(world, config);
    this.users = new Users(this);
    this.keyspace = new Keyspace(this.keyspaceOwner(), config.get("databases"));
    this.encodingLimits = encodingLimitsOf(config);
    this.watching = new Watching(this.keyspace);
    this.tracking = new Tracking(this);
    this.notifications = new Notifications(this.channels, config);
    this.slowLog = new SlowLog(config);
    this.execution = new Execution(this);
    this.blocking = new Blocking(this);
    this.pause = new Pause(this);
    this.moves = new Moves(this);
    this.memoryLimit = new MemoryLimit(this);
    this.memoryLimit.weighOrNot();
    this.eviction = new Eviction(this);
    this.persistence = new parts.Persistence(this);
    this.propagation = new parts.Propagation(this.persistence);
    this.turn = new parts.Turn(this);
    this.cron = new Cron(this, new parts.ExpiryCycle(this.keyspace));
    this.shutdown = new Shutdown(this);
    this.listening = new Listening(config, world.net, this.log, (connection) => this.accept(connection));
    this.random = world.random.fork("commands");
    this.startedMs = world.clock.wallMs();
    this.startedMonotonicMs = world.clock.monotonicMs();
    this.keyspace.nowMs = this.startedMs;
    for (const directive of ["maxmemory", "maxmemory-policy", "lfu-log-factor", "lfu-decay-time"] as const) {
      config.whenSet(directive, () => this.memoryPolicyChanged());
    }
    for (const directive of ["proc-title-template", "port", "bind"] as const) {
      config.whenSet(directive, () => showTitle(config, world.process));
    }
    this.countUsesOrNot();
    config.whenSet("notify-keyspace-events", () => this.watchedOrNot());
    this.watchedOrNot();
  }

  /** Another one for every start: 40 hexadecimal digits. */
  get runId(): string {
    this.knownRunId ??= fortyDigits(this.world.random.fork("run id"));
    return this.knownRunId;
  }

  /**
   * Reads its users, listens, loads what the folder holds, and serves. Rejects when it cannot be had; the text says why.
   */
  async start(): Promise<void> {
    this.users.start();
    await this.listen();
    showTitle(this.config, this.world.process);
    // Behind listening, as Redis has it: whoever waits for the line with the pid has a server that got its port.
    const { pid } = this.world.process;
    this.log.warning(`lossbound-server ${lossboundVersion}, compatible with Redis ${redisVersion}, PID: ${pid}`);
    this.log.warning("Server initialized");
    this.writePidFile();
    this.world.process.onSignal((signal) => this.shutdown.received(signal));
    await this.load();
    this.cron.start();
    this.sayReady();
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
    this.monitors.forget(client.session);
    this.tracking.end(client.session);
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
    this.keyspace.observed = this.watching.count > 0 || this.tracking.count > 0 || this.notifications.areWanted;
  }

  /** What the world must not find any more when the process has ended. */
  leaveNoTrace(): void {
    this.listening.close();
    const path = this.pidFile();
    if (path !== undefined) removeIfThere(this.world.disk, path);
  }

  private async listen(): Promise<void> {
    try {
      await this.listening.open();
    } catch (error) {
      // Start scripts look for this line to try another port.
      if (error instanceof ListenError)
        this.log.warning(`Failed listening on port ${this.config.get("port")}, aborting.`);
      throw error;
    }
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

  private sayReady(): void {
    const { addresses } = this.listening;
    for (const address of addresses) {
      if ("path" in address) this.log.notice(`The server is now ready to accept connections at ${address.path}`);
    }
    if (addresses.some((address) => "port" in address)) this.log.notice("Ready to accept connections");
  }

  private pidFile(): string | undefined {
    const name = this.config.get("pidfile");
    return name === "" ? undefined : path.posix.resolve(this.config.get("dir"), name);
  }

  private writePidFile(): void {
    const name = this.pidFile();
    if (name === undefined) return;
    try {
      writeTemp(this.world.disk, name, (file) => writeFully(file, Buffer.from(`${this.world.process.pid}\n`)));
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.log.warning(`The pid file could not be written: ${error.message}`);
    }
  }

  private memoryPolicyChanged(): void {
    this.countUsesOrNot();
    this.memoryLimit.weighOrNot();
    this.eviction.policyChanged();
  }

  /** How often keys are used is counted only where the policy asks for it. */
  private countUsesOrNot(): void {
    const { config, keyspace } = this;
    keyspace.useCounting = config.get("maxmemory-policy").endsWith("-lfu")
      ? { logFactor: config.get("lfu-log-factor"), decayMinutes: config.get("lfu-decay-time"), random: this.random }
      : undefined;
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
    if (!config.get("protected-mode") || this.users.mustLogIn || isLocalAddress(remote)) return undefined;
    return new ReplyError(
      "DENIED this server is in protected mode: without a password it talks to its own machine only. Set a password " +
        "with the directive requirepass, or, if this network may be trusted, set protected-mode to no",
    );
  }

  private keyspaceOwner(): KeyspaceOwner {
    return {
      expired: (db, key) => this.keyExpired(db, key),
      fieldsExpired: (db, key, fields) => this.fieldsExpired(db, key, fields),
      evicted: (db, key) => this.keyEvicted(db, key),
      changed: (db, key) => this.keyChanged(db, key, this.execution.current),
      happened: (event, db, key) => this.notifications.announce(event, db, key),
      cameOrWent: (db, key) => this.blocking.keyReady(db, key),
      replaced: (db, before, after, how) => this.keysReplaced(db, before, after, how),
    };
  }

  private keyExpired(db: Database, key: string): void {
    this.statistics.expiredKeys++;
    this.propagation.addExpired(db.index, [this.config.get("lazyfree-lazy-expire") ? "UNLINK" : "DEL", key]);
    if (!this.keyspace.observed) return;
    this.notifications.announce("expired", db, key);
    this.keyChanged(db, key, undefined);
  }

  private keyEvicted(db: Database, key: string): void {
    this.statistics.evictedKeys++;
    this.propagation.add(db.index, [this.config.get("lazyfree-lazy-eviction") ? "UNLINK" : "DEL", key]);
    if (!this.keyspace.observed) return;
    this.keyChanged(db, key, undefined);
    this.notifications.announce("evicted", db, key);
  }

  private fieldsExpired(db: Database, key: string, fields: readonly string[]): void {
    this.statistics.expiredFields += fields.length;
    for (const request of inBatches(
      ["HDEL", key],
      fields.map((field) => [field]),
    )) {
      this.propagation.add(db.index, request);
    }
    if (!this.keyspace.observed) return;
    this.notifications.announce("hexpired", db, key);
    this.keyChanged(db, key, undefined);
  }

  /** `writer`: whose command did it; undefined: nobody's. */
  private keyChanged(db: Database, key: string, writer: Session | undefined): void {
    this.watching.keyChanged(db, key);
    this.tracking.keyChanged(key, writer);
  }

  private keysReplaced(db: Database, before: SlotTable, after: SlotTable, how: "removed" | "exchanged"): void {
    this.watching.keysReplaced(db, before, after);
    this.blocking.keysReplaced(db);
    if (how === "removed") this.tracking.flushed();
  }
}

function fortyDigits(random: Random): string {
  return Array.from({ length: 40 }, () => random.below(16).toString(16)).join("");
}
